package dev.sluice.gateway.outbound.provider;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.util.retry.Retry;

/** Repeats a call after failures that pass by themselves, as long as there is time for the pause before it. */
final class TransientRetry {
    private static final Logger LOG = LoggerFactory.getLogger(TransientRetry.class);

    private final String provider;
    private final ImagePatience patience;
    private final Jitter jitter;
    private final Scheduler timer;

    TransientRetry(String provider, ImagePatience patience, Jitter jitter, Scheduler timer) {
        this.provider = provider;
        this.patience = patience;
        this.jitter = jitter;
        this.timer = timer;
    }

    /** @param end by the timer's clock, in nanoseconds */
    Retry until(long end) {
        return Retry.from(failures -> failures.concatMap(signal -> again(signal, end)));
    }

    private Mono<Long> again(Retry.RetrySignal signal, long end) {
        if (!(signal.failure() instanceof ProviderException failure) || !passes(failure)) {
            return Mono.error(signal.failure());
        }
        Duration pause = pause(signal.totalRetriesInARow(), failure);
        long left = end - timer.now(TimeUnit.NANOSECONDS);
        if (signal.totalRetriesInARow() >= patience.retries() || pause.toNanos() >= left) {
            return Mono.error(failure);
        }
        LOG.atDebug()
                .addKeyValue("provider", provider)
                .addKeyValue("failure.code", failure.failure().code())
                .addKeyValue("pause", pause)
                .log("call fails, and is repeated: {}", failure.getMessage());
        return Mono.delay(pause, timer);
    }

    private static boolean passes(ProviderException failure) {
        return switch (failure.failure()) {
            case BUSY, OVERLOADED -> true;
            default -> failure.failure().mayPass();
        };
    }

    /** What the provider asks for, when that is longer. */
    private Duration pause(long retries, ProviderException failure) {
        Duration backoff = jitter.around(patience.retryPause().multipliedBy(1L << Math.min(retries, 20)));
        Duration asked = failure.retryAfter();
        return asked != null && asked.compareTo(backoff) > 0 ? asked : backoff;
    }
}
