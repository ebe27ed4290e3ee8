package dev.sluice.gateway.outbound.retry;

import java.time.Duration;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.Predicate;
import reactor.core.publisher.Mono;
import reactor.util.retry.Retry;

/**
 * How often a call is retried, and after which pauses. No retry begins at its deadline or later: a failure whose pause
 * would last that long is the last.
 *
 * @param retries at most
 * @param backoff the pauses before them
 */
public record RetryPolicy(int retries, Backoff backoff) {

    /**
     * What is known of the failures of a call.
     *
     * @param isRetryable whether a retry may succeed, and may be made
     * @param retryAfter how long the other side asks to be left alone; zero when it does not ask
     * @param onRetry called with the failure and the pause before each retry
     */
    public record Failures(
            Predicate<Throwable> isRetryable,
            Function<Throwable, Duration> retryAfter,
            BiConsumer<Throwable, Duration> onRetry) {

        /** Of an other side that never asks for a pause. */
        public static Failures of(Predicate<Throwable> isRetryable) {
            return new Failures(isRetryable, failure -> Duration.ZERO, (failure, pause) -> {});
        }
    }

    /** For {@code retryWhen}. The last failure comes out unchanged. */
    public Retry until(CallDeadline deadline, Failures known) {
        return Retry.from(failures ->
                failures.concatMap(signal -> pauseOrFailure(signal.failure(), signal.totalRetries(), deadline, known)));
    }

    /**
     * Emits when the pause before a retry is over, or fails with {@code failure} when there is none to be made.
     *
     * @param retried how often the call was retried before
     */
    public Mono<Long> pauseOrFailure(Throwable failure, long retried, CallDeadline deadline, Failures known) {
        if (retried >= retries || !known.isRetryable().test(failure)) {
            return Mono.error(failure);
        }
        Duration pause = backoff.pause(retried, known.retryAfter().apply(failure));
        if (pause.compareTo(deadline.left()) >= 0) {
            return Mono.error(failure);
        }
        known.onRetry().accept(failure, pause);
        return Mono.delay(pause, deadline.timer());
    }
}
