package dev.sluice.gateway.outbound.fetch;

import io.github.resilience4j.bulkhead.Bulkhead;
import io.github.resilience4j.bulkhead.BulkheadConfig;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreaker.State;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The breaker and the bulkhead of each origin, for a bounded number of origins: callers choose the names, so their
 * number is bounded. At the bound, the least recently used idle origin is evicted; while all are in use, a new origin
 * gets a breaker that is not kept.
 */
final class OriginHosts {
    /** How many of the oldest are looked at for one that is idle: with more, a new origin would cost too much. */
    private static final int LOOKED_AT = 32;

    /** One tracked origin. */
    static final class OriginHost {
        private final Target target;
        private final CircuitBreaker breaker;
        private final Bulkhead bulkhead;
        private final RecentFailures recentFailures;

        /** Guarded by the hosts' lock. */
        private int users;

        private OriginHost(Target target, CircuitBreaker breaker, Bulkhead bulkhead, RecentFailures recentFailures) {
            this.target = target;
            this.breaker = breaker;
            this.bulkhead = bulkhead;
            this.recentFailures = recentFailures;
        }

        CircuitBreaker breaker() {
            return breaker;
        }

        Bulkhead bulkhead() {
            return bulkhead;
        }

        /**
         * Records that the origin has failed {@code caller}; returns whether it has failed several callers recently.
         */
        boolean recordFailure(String caller) {
            return recentFailures.add(caller);
        }

        /** Whether the breaker is not closed and {@code caller} has had a recent failure, so that others try first. */
        boolean failedRecently(String caller) {
            return breaker.getState() != State.CLOSED && recentFailures.has(caller);
        }
    }

    /** Keeps an error from the breaker, which ignores these. */
    static final class NotCounted extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private final transient Throwable error;

        NotCounted(Throwable error) {
            super(null, error, false, false);
            this.error = error;
        }

        Throwable error() {
            return error;
        }
    }

    private final LinkedHashMap<String, OriginHost> hosts = new LinkedHashMap<>(64, 0.75f, true);
    private final int most;
    private final CircuitBreakerConfig breakers;
    private final BulkheadConfig bulkheads;
    private final Duration memory;
    private final Consumer<Target> onEvicted;

    /** @param onEvicted called for each evicted origin, under no lock */
    OriginHosts(FetchProperties properties, Consumer<Target> onEvicted) {
        this.most = properties.maxTrackedHosts();
        this.breakers = breakers(properties.breaker());
        this.memory = properties.breaker().rest().multipliedBy(2);
        this.bulkheads = BulkheadConfig.custom()
                .maxConcurrentCalls(properties.connections().perHost()
                        + properties.connections().pendingPerHost())
                .maxWaitDuration(Duration.ZERO)
                .build();
        this.onEvicted = onEvicted;
    }

    private static CircuitBreakerConfig breakers(FetchProperties.Breaker bounds) {
        return CircuitBreakerConfig.custom()
                .slidingWindow(
                        bounds.window(),
                        bounds.window(),
                        CircuitBreakerConfig.SlidingWindowType.COUNT_BASED,
                        // Event loops record here: the default lets them wait for each other's lock.
                        CircuitBreakerConfig.SlidingWindowSynchronizationStrategy.LOCK_FREE)
                .failureRateThreshold(bounds.failurePercent())
                .waitDurationInOpenState(bounds.rest())
                .permittedNumberOfCallsInHalfOpenState(bounds.probes())
                .ignoreExceptions(NotCounted.class)
                .writableStackTraceEnabled(false)
                .build();
    }

    /** The origin of {@code target}, in use until {@link #leave}. */
    OriginHost enter(Target target) {
        OriginHost evicted = null;
        OriginHost host;
        synchronized (hosts) {
            host = hosts.get(target.origin());
            if (host == null) {
                evicted = hosts.size() < most ? null : evictOne();
                host = new OriginHost(
                        target,
                        CircuitBreaker.of(target.origin(), breakers),
                        Bulkhead.of(target.origin(), bulkheads),
                        new RecentFailures(memory, System::nanoTime));
                if (hosts.size() < most) {
                    hosts.put(target.origin(), host);
                }
            }
            host.users++;
        }
        if (evicted != null) {
            onEvicted.accept(evicted.target);
        }
        return host;
    }

    /** Ends one use. */
    void leave(OriginHost host) {
        synchronized (hosts) {
            host.users--;
        }
    }

    private @Nullable OriginHost evictOne() {
        Iterator<OriginHost> oldest = hosts.values().iterator();
        for (int i = 0; i < LOOKED_AT && oldest.hasNext(); i++) {
            OriginHost host = oldest.next();
            if (host.users == 0) {
                oldest.remove();
                return host;
            }
        }
        return null;
    }

    /** How many origins are remembered. */
    int count() {
        synchronized (hosts) {
            return hosts.size();
        }
    }

    /** How many of their breakers are in {@code state}. */
    int count(State state) {
        synchronized (hosts) {
            return (int) hosts.values().stream()
                    .filter(host -> host.breaker.getState() == state)
                    .count();
        }
    }

    /** The callers that an origin has failed recently, bounded in number. Thread-safe. */
    static final class RecentFailures {
        /** So many callers must have seen a failure before it counts. */
        private static final int SEVERAL = 3;

        private static final int MOST = 16;

        private final LinkedHashMap<String, Long> failed = new LinkedHashMap<>();
        private final long memoryNanos;
        private final LongSupplier nanoTime;

        /** @param memory how long a failure is remembered */
        RecentFailures(Duration memory, LongSupplier nanoTime) {
            this.memoryNanos = memory.toNanos();
            this.nanoTime = nanoTime;
        }

        /** Adds a caller; returns whether there are several now. */
        synchronized boolean add(String caller) {
            long now = nanoTime.getAsLong();
            failed.remove(caller);
            failed.put(caller, now); // the last in order
            Iterator<Long> oldest = failed.values().iterator();
            while (oldest.hasNext() && (now - oldest.next() > memoryNanos || failed.size() > MOST)) {
                oldest.remove();
            }
            return failed.size() >= SEVERAL;
        }

        /** Whether it has failed {@code caller}. */
        synchronized boolean has(String caller) {
            Long last = failed.get(caller);
            return last != null && nanoTime.getAsLong() - last <= memoryNanos;
        }
    }
}
