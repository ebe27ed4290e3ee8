package dev.sluice.limits.redis;

import dev.sluice.limits.LimiterObserver;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import java.io.Serial;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Decides whether Redis is called, by a circuit breaker for each shard: in a cluster that lacks one node, the others
 * are still called. Reports an outage of any shard to the observer once.
 */
final class RedisBreaker {
    private static final Duration LONGEST_PROBE = Duration.ofSeconds(5);

    private final CircuitBreakerConfig config;
    private final Map<String, Shard> shards = new ConcurrentHashMap<>();
    private final LimiterObserver observer;
    private final Duration rest;
    private final AtomicBoolean isDegraded = new AtomicBoolean();
    private volatile long failedAt = System.nanoTime();
    private volatile long answeredAt = System.nanoTime();

    RedisBreaker(RedisLimiterSettings.Breaker settings, LimiterObserver observer) {
        this.observer = observer;
        this.rest = settings.rest();
        config = CircuitBreakerConfig.custom()
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
                .build();
    }

    private static final class Shard {
        private final CircuitBreaker circuit;
        private volatile long answeredAt = System.nanoTime();

        Shard(CircuitBreaker circuit) {
            this.circuit = circuit;
        }
    }

    private Shard at(String shard) {
        Shard known = shards.get(shard);
        return known == null
                ? shards.computeIfAbsent(shard, name -> new Shard(CircuitBreaker.of("limits" + name, config)))
                : known;
    }

    /** Whether a command may be sent; each that was is followed by {@link #answered} or {@link #failed}. */
    boolean mayCall(String shard) {
        return at(shard).circuit.tryAcquirePermission();
    }

    void answered(String shard, long tookNanos) {
        Shard there = at(shard);
        answeredAt = System.nanoTime();
        there.answeredAt = answeredAt;
        there.circuit.onSuccess(tookNanos, TimeUnit.NANOSECONDS);
        // One answer among failures ends nothing: an outage is reported once, however often it flickers.
        if (isDegraded.get()
                && System.nanoTime() - failedAt >= rest.toNanos()
                && shards.values().stream().allMatch(each -> each.circuit.getState() == CircuitBreaker.State.CLOSED)
                && isDegraded.compareAndSet(true, false)) {
            observer.recovered();
        }
    }

    void failed(String shard, long tookNanos, Throwable error) {
        Throwable cause = error instanceof CompletionException && error.getCause() != null ? error.getCause() : error;
        failedAt = System.nanoTime();
        at(shard).circuit.onError(tookNanos, TimeUnit.NANOSECONDS, cause);
        if (isDegraded.compareAndSet(false, true)) {
            observer.degraded(cause);
        }
    }

    /** Whether Redis has answered a command in time since then, by {@link System#nanoTime}. */
    boolean hasAnsweredSince(long nanos) {
        return answeredAt - nanos > 0;
    }

    /** When Redis last answered a command there in time, by {@link System#nanoTime}. */
    long answeredAt(String shard) {
        return at(shard).answeredAt;
    }

    /** Whether a command has failed, or was late, since then, by {@link System#nanoTime}. */
    boolean hasFailedSince(long nanos) {
        return failedAt - nanos > 0;
    }

    /** How long Redis is left alone. */
    Duration rest() {
        return rest;
    }

    /** Redis did not answer one command in time. */
    static final class SlowRedisException extends RuntimeException {
        @Serial
        private static final long serialVersionUID = 1L;

        SlowRedisException(Duration limit) {
            super("Redis did not answer within " + limit.toMillis() + " ms", null, false, false);
        }
    }
}
