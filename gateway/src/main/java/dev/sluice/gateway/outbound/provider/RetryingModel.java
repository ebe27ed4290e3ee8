package dev.sluice.gateway.outbound.provider;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.util.retry.Retry;

/**
 * Asks once more when the first try failed before a byte of an answer had arrived, and there is time for it. Never
 * after that: an answer that has begun is paid for, and its reader has read of it.
 */
final class RetryingModel implements TextModel {
    private final TextModel next;
    private final Patience patience;
    private final Scheduler timer;

    RetryingModel(TextModel next, Patience patience, Scheduler timer) {
        this.next = next;
        this.patience = patience;
        this.timer = timer;
    }

    @Override
    public Flux<TextPiece> reply(Prompt prompt, Delivery delivery, Runnable called) {
        return Flux.defer(() -> {
            long start = timer.now(TimeUnit.NANOSECONDS);
            return next.reply(prompt, delivery, called)
                    .retryWhen(Retry.from(failures -> failures.concatMap(
                            signal -> signal.totalRetries() == 0 && mayPass(signal.failure()) && timeIsLeft(start)
                                    ? Mono.delay(patience.retryPause(), timer)
                                    : Mono.error(signal.failure()))));
        });
    }

    private static boolean mayPass(Throwable failure) {
        return failure instanceof ProviderException known && known.failure().mayPass();
    }

    private boolean timeIsLeft(long start) {
        Duration passed = Duration.ofNanos(timer.now(TimeUnit.NANOSECONDS) - start);
        return passed.plus(patience.retryPause()).compareTo(patience.lastRetry()) <= 0;
    }
}
