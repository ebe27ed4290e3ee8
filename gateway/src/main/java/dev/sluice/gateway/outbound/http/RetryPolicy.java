package dev.sluice.gateway.outbound.http;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.DoubleSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.util.retry.Retry;

/**
 * When a call is retried: after failures that pass by themselves, as long as there is time for the pause before it.
 *
 * @param firstPause before the first retry; doubles with each further one. A longer {@code Retry-After} replaces it
 * @param retries at most
 * @param jitter spreads the pauses
 */
public record RetryPolicy(Duration firstPause, int retries, Jitter jitter) {
    private static final Logger LOG = LoggerFactory.getLogger(RetryPolicy.class);

    /** With random jitter. */
    public RetryPolicy(Duration firstPause, int retries) {
        this(firstPause, retries, new Jitter(() -> ThreadLocalRandom.current().nextDouble()));
    }

    /**
     * Spreads what many would do at the same time.
     *
     * @param chance from 0 to 1
     */
    public record Jitter(DoubleSupplier chance) {
        private static final double SPREAD = 0.2;

        /** At most a fifth more or less. */
        public Duration around(Duration pause) {
            return Duration.ofNanos((long) (pause.toNanos() * (1 - SPREAD + 2 * SPREAD * chance.getAsDouble())));
        }
    }

    /**
     * For {@code retryWhen}. The last failure comes out unchanged.
     *
     * @param provider in the log
     * @param end by the timer's clock, in nanoseconds; no retry begins later
     * @param timer waits
     */
    public Retry until(String provider, long end, Scheduler timer) {
        return Retry.from(failures -> failures.concatMap(signal -> pauseOrFailure(signal, provider, end, timer)));
    }

    private Mono<Long> pauseOrFailure(Retry.RetrySignal signal, String provider, long end, Scheduler timer) {
        if (!(signal.failure() instanceof ProviderException failure) || !passes(failure)) {
            return Mono.error(signal.failure());
        }
        Duration pause = pause(signal.totalRetriesInARow(), failure);
        long left = end - timer.now(TimeUnit.NANOSECONDS);
        if (signal.totalRetriesInARow() >= retries || pause.toNanos() >= left) {
            return Mono.error(failure);
        }
        LOG.atDebug()
                .addKeyValue("provider", provider)
                .addKeyValue("failure.code", failure.failure().code())
                .addKeyValue("pause", pause)
                .log("call fails and is retried: {}", failure.getMessage());
        return Mono.delay(pause, timer);
    }

    private static boolean passes(ProviderException failure) {
        return switch (failure.failure()) {
            case BUSY, OVERLOADED -> true;
            default -> failure.failure().isRetryable();
        };
    }

    /** What the provider asks for, when that is longer. */
    private Duration pause(long retried, ProviderException failure) {
        Duration backoff = jitter.around(firstPause.multipliedBy(1L << Math.min(retried, 20)));
        Duration asked = failure.retryAfter();
        return asked != null && asked.compareTo(backoff) > 0 ? asked : backoff;
    }
}
