package dev.sluice.limits.redis;

import dev.sluice.limits.LimiterObserver;
import dev.sluice.limits.redis.connection.Silence;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import java.io.Serial;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;

/**
 * Decides whether Redis is called, by a circuit breaker for each shard: in a cluster that lacks one node, the others
 * are still called. Reports an outage of any shard to the observer once.
 */
final class RedisBreaker {
    private static final Duration LONGEST_PROBE = Duration.ofSeconds(5);

    private final CircuitBreakerConfig config;
    private final Map<String, Shard> shards = new ConcurrentHashMap<>();
    private final LimiterObserver observer;
    private final Silence silence;
    private final Duration rest;
    private final int probes;
    private final LongSupplier nanoTime;
    private final AtomicBoolean isDegraded = new AtomicBoolean();
    private volatile String failedShard = "";
    private volatile long failedAt;
    private volatile long answeredAt;

    /** {@code silence} is told of each command that failed. */
    RedisBreaker(RedisLimiterSettings.Breaker settings, LimiterObserver observer, Silence silence) {
        this(settings, observer, silence, System::nanoTime);
    }

    /** By another clock than {@link System#nanoTime}. */
    RedisBreaker(
            RedisLimiterSettings.Breaker settings, LimiterObserver observer, Silence silence, LongSupplier nanoTime) {
        this.observer = observer;
        this.silence = silence;
        this.nanoTime = nanoTime;
        this.rest = settings.rest();
        this.probes = settings.probes();
        failedAt = nanoTime.getAsLong();
        answeredAt = failedAt;
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
                .clock(new ElapsedClock(nanoTime))
                .build();
    }

    private static final class Shard {
        private final CircuitBreaker circuit;
        private volatile long answeredAt;

        Shard(CircuitBreaker circuit, long now) {
            this.circuit = circuit;
            answeredAt = now;
        }
    }

    /** A circuit rests for a time that has passed, whatever the clock on the wall is set to meanwhile. */
    private static final class ElapsedClock extends Clock {
        private final LongSupplier nanoTime;

        ElapsedClock(LongSupplier nanoTime) {
            this.nanoTime = nanoTime;
        }

        @Override
        public Instant instant() {
            return Instant.EPOCH.plusNanos(nanoTime.getAsLong());
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }
    }

    private Shard at(String shard) {
        Shard known = shards.get(shard);
        return known == null
                ? shards.computeIfAbsent(
                        shard, name -> new Shard(CircuitBreaker.of("limits" + name, config), nanoTime.getAsLong()))
                : known;
    }

    /** Whether a command may be sent; each that was is followed by {@link #answered} or {@link #failed}. */
    boolean mayCall(String shard) {
        return at(shard).circuit.tryAcquirePermission();
    }

    void answered(String shard, long tookNanos) {
        Shard there = at(shard);
        answeredAt = nanoTime.getAsLong();
        there.answeredAt = answeredAt;
        there.circuit.onSuccess(tookNanos, TimeUnit.NANOSECONDS);
        // One answer among failures ends nothing: an outage is reported once, however often it flickers.
        if (isDegraded.get()
                && nanoTime.getAsLong() - failedAt >= rest.toNanos()
                && shards.values().stream().allMatch(RedisBreaker::isClosed)
                && isDegraded.compareAndSet(true, false)) {
            observer.recovered();
        }
    }

    void failed(String shard, long tookNanos, Throwable error) {
        Throwable cause = error instanceof CompletionException && error.getCause() != null ? error.getCause() : error;
        failedShard = shard;
        long now = nanoTime.getAsLong();
        failedAt = now;
        Shard there = at(shard);
        silence.unanswered(shard, now - tookNanos);
        there.circuit.onError(tookNanos, TimeUnit.NANOSECONDS, cause);
        if (isDegraded.compareAndSet(false, true)) {
            observer.degraded(cause);
        }
    }

    private static boolean isClosed(Shard shard) {
        return shard.circuit.getState() == CircuitBreaker.State.CLOSED;
    }

    /** Whether an outage was reported, and its end was not. */
    boolean isDegraded() {
        return isDegraded.get();
    }

    /**
     * Where to ask whether an outage is over.
     *
     * @param probes how many answers that takes
     */
    record Suspect(String shard, int probes) {}

    /** Where circuits are not closed; if all are, where a command failed last. */
    List<Suspect> suspects() {
        List<Suspect> open = shards.entrySet().stream()
                .filter(each -> !isClosed(each.getValue()))
                .map(each -> new Suspect(each.getKey(), probes))
                .toList();
        return open.isEmpty() ? List.of(new Suspect(failedShard, 1)) : open;
    }

    /** One text for each shard whose circuit is not closed. */
    List<String> opened() {
        return shards.entrySet().stream()
                .filter(each -> !isClosed(each.getValue()))
                .map(each -> (each.getKey() + " failed too often, and is left alone for a moment").strip())
                .toList();
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
