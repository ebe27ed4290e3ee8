package dev.sluice.gateway.outbound.database;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

/** For the end of the process, which has nothing else to do. */
final class Waiting {
    private static final Logger log = LoggerFactory.getLogger(Waiting.class);

    private Waiting() {}

    /** Something that waits by itself. */
    interface Step {
        void await(Duration limit) throws InterruptedException, TimeoutException;
    }

    /** Waits until it is done; when it takes longer, that is only logged. */
    static void upTo(Duration limit, Step step) {
        try {
            step.await(limit);
        } catch (TimeoutException late) {
            log.warn("The database was not closed in order within {}", limit, late);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Waits until it is done or has failed, which is only logged. */
    static void upTo(Duration limit, Mono<Void> end) {
        CountDownLatch done = new CountDownLatch(1);
        var _ = end.doFinally(_ -> done.countDown())
                .subscribe(_ -> {}, error -> log.warn("The database was not closed in order", error));
        upTo(limit, most -> {
            if (!done.await(most.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new TimeoutException();
            }
        });
    }
}
