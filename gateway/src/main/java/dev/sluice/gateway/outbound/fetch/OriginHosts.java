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
 * The breaker and the bulkhead of each origin, for a bounded number of origins: callers choose the names, so names must
 * not pile up. When there is no room the origin that was not used for longest is forgotten; while all are in use, one
 * more gets a breaker that is not kept.
 */
final class OriginHosts {
    /** How many of the oldest are looked at for one that is idle: with more, a new origin would cost too much. */
    private static final int LOOKED_AT = 32;

    /** One origin while it is remembered. */
    static final class OriginHost {
        private final Target target;
        private final CircuitBreaker breaker;
        private final Bulkhead bulkhead;
        private final RecentFailures witnesses;

        /** Guarded by the hosts' lock. */
        private int users;

        private OriginHost(Target target, CircuitBreaker breaker, Bulkhead bulkhead, RecentFailures witnesses) {
            this.target = target;
            this.breaker = breaker;
            this.bulkhead = bulkhead;
            this.witnesses = witnesses;
        }

        CircuitBreaker breaker() {
            return breaker;
        }

        Bulkhead bulkhead() {
            return bulkhead;
        }

        /** Notes that the origin has failed {@code caller}, and says whether it has failed several of late. */
        boolean isWitnessed(String caller) {
            return witnesses.add(caller);
        }

        /** Whether others than {@code caller} are to try first if the origin answers again. */
        boolean isKeptFrom(String caller) {
            return breaker.getState() != State.CLOSED && witnesses.has(caller);
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
    private final Consumer<Target> onForgotten;

    /** @param onForgotten told of each origin that is forgotten, under no lock */
    OriginHosts(FetchProperties properties, Consumer<Target> onForgotten) {
        this.most = properties.maxTrackedHosts();
        this.breakers = breakers(properties.breaker());
        this.memory = properties.breaker().rest().multipliedBy(2);
        this.bulkheads = BulkheadConfig.custom()
                .maxConcurrentCalls(properties.connections().perHost()
                        + properties.connections().pendingPerHost())
                .maxWaitDuration(Duration.ZERO)
                .build();
        this.onForgotten = onForgotten;
    }

    private static CircuitBreakerConfig breakers(FetchProperties.Breaker bounds) {
        return CircuitBreakerConfig.custom()
                .slidingWindow(bounds.window(), bounds.window(), CircuitBreakerConfig.SlidingWindowType.COUNT_BASED)
                .failureRateThreshold(bounds.failurePercent())
                .waitDurationInOpenState(bounds.rest())
                .permittedNumberOfCallsInHalfOpenState(bounds.probes())
                .ignoreExceptions(NotCounted.class)
                .writableStackTraceEnabled(false)
                .build();
    }

    /** The origin of {@code target}, in use until {@link #leave}. */
    OriginHost enter(Target target) {
        OriginHost forgotten = null;
        OriginHost host;
        synchronized (hosts) {
            host = hosts.get(target.origin());
            if (host == null) {
                forgotten = hosts.size() < most ? null : forgetOne();
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
        if (forgotten != null) {
            onForgotten.accept(forgotten.target);
        }
        return host;
    }

    /** Ends one use. */
    void leave(OriginHost host) {
        synchronized (hosts) {
            host.users--;
        }
    }

    private @Nullable OriginHost forgetOne() {
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

    /** Which callers an origin has failed of late, the last few of them. Any thread. */
    static final class RecentFailures {
        /** Different callers whom it has failed, before what it does is held against it. */
        private static final int SEVERAL = 3;

        private static final int MOST = 16;

        private final LinkedHashMap<String, Long> failed = new LinkedHashMap<>();
        private final long memoryNanos;
        private final LongSupplier nanoTime;

        /** @param memory how long a failure is of late */
        RecentFailures(Duration memory, LongSupplier nanoTime) {
            this.memoryNanos = memory.toNanos();
            this.nanoTime = nanoTime;
        }

        /** Adds one, and says whether they are several now. */
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
