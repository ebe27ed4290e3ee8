package dev.sluice.gateway.outbound.ai.text;

import dev.sluice.gateway.outbound.http.ProviderException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
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
    private final TryPolicy patience;
    private final Scheduler timer;

    RetryingModel(TextModel next, TryPolicy patience, Scheduler timer) {
        this.next = next;
        this.patience = patience;
        this.timer = timer;
    }

    @Override
    public Flux<TextPiece> reply(Prompt prompt, Delivery delivery, Duration within, CallAccount account) {
        return Flux.defer(() -> {
            long start = timer.now(TimeUnit.NANOSECONDS);
            Duration first = fitsAfter(patience.tryTimeout(), within) ? patience.tryTimeout() : within;
            AtomicBoolean again = new AtomicBoolean();
            return Flux.defer(() -> next.reply(
                            prompt, delivery, again.getAndSet(true) ? within.minus(passed(start)) : first, account))
                    .retryWhen(Retry.from(failures -> failures.concatMap(signal ->
                            signal.totalRetries() == 0 && mayPass(signal.failure()) && fitsAfter(passed(start), within)
                                    ? Mono.delay(patience.retryPause(), timer)
                                    : Mono.error(signal.failure()))));
        });
    }

    private static boolean mayPass(Throwable failure) {
        return failure instanceof ProviderException known && known.failure().isRetryable();
    }

    private boolean fitsAfter(Duration passed, Duration within) {
        return passed.plus(patience.retryPause()).compareTo(patience.lastRetry(within)) <= 0;
    }

    private Duration passed(long start) {
        return Duration.ofNanos(timer.now(TimeUnit.NANOSECONDS) - start);
    }
}
