package dev.sluice.limits.redis;

import dev.sluice.limits.LimiterObserver;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/** Decides whether Redis is called, by a circuit breaker, and reports outages to the observer. */
final class RedisBreaker {
    private static final Duration LONGEST_PROBE = Duration.ofSeconds(5);

    private final CircuitBreaker breaker;
    private final LimiterObserver observer;
    private final Duration rest;
    private final AtomicBoolean isDegraded = new AtomicBoolean();
    private volatile long failedAt;

    RedisBreaker(RedisLimiterSettings.Breaker settings, LimiterObserver observer) {
        this.observer = observer;
        this.rest = settings.rest();
        breaker = CircuitBreaker.of(
                "limits",
                CircuitBreakerConfig.custom()
                        .failureRateThreshold(settings.failurePercent())
                        .slidingWindow(
                                settings.window(),
                                settings.minimum(),
                                CircuitBreakerConfig.SlidingWindowType.COUNT_BASED,
                                // Event loops record here: the default lets them wait for each other's lock.
                                CircuitBreakerConfig.SlidingWindowSynchronizationStrategy.LOCK_FREE)
                        .waitDurationInOpenState(settings.rest())
                        .permittedNumberOfCallsInHalfOpenState(settings.probes())
                        .maxWaitDurationInHalfOpenState(LONGEST_PROBE)
                        .build());
    }

    /** Whether a command may be sent; each that was is followed by {@link #answered} or {@link #failed}. */
    boolean mayCall() {
        return breaker.tryAcquirePermission();
    }

    void answered(long tookNanos) {
        breaker.onSuccess(tookNanos, TimeUnit.NANOSECONDS);
        // One answer among failures ends nothing: an outage is reported once, however often it flickers.
        if (isDegraded.get()
                && breaker.getState() == CircuitBreaker.State.CLOSED
                && System.nanoTime() - failedAt >= rest.toNanos()
                && isDegraded.compareAndSet(true, false)) {
            observer.recovered();
        }
    }

    void failed(long tookNanos, Throwable error) {
        Throwable cause = error instanceof CompletionException && error.getCause() != null ? error.getCause() : error;
        failedAt = System.nanoTime();
        breaker.onError(tookNanos, TimeUnit.NANOSECONDS, cause);
        if (isDegraded.compareAndSet(false, true)) {
            observer.degraded(cause);
        }
    }

    /** How long Redis is left alone. */
    Duration rest() {
        return rest;
    }
}
