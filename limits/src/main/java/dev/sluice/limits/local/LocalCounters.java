package dev.sluice.limits.local;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import dev.sluice.limits.Limit;
import dev.sluice.limits.Scope;
import dev.sluice.limits.Subject;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * The counters of all subjects, in bounded memory. One is dropped when it is as good as new: its bucket full, its
 * window over, its slots free. None is dropped to make room, for that would forgive what was taken: whoever could bring
 * many names would have no limit at all. When there is no room, newcomers share one counter a limit, which admits to
 * all of them together what one is due.
 */
final class LocalCounters {
    private record Key(String limit, String who) {}

    private final Cache<Key, LocalCounter> counters;
    /** At most two for each limit that is configured. */
    private final Map<Key, LocalCounter> shared = new ConcurrentHashMap<>();

    private final Clock clock;
    private final NonDecreasingClock time;
    private final int most;

    LocalCounters(Clock clock, int most) {
        this.clock = clock;
        time = new NonDecreasingClock(clock);
        this.most = most;
        counters = Caffeine.newBuilder()
                .expireAfter(Expiry.writing((Key _, LocalCounter counter) -> restOf(counter)))
                .ticker(() -> TimeUnit.MILLISECONDS.toNanos(clock.millis()))
                .executor(Runnable::run)
                .build();
    }

    LocalCounter of(Limit limit, Subject subject) {
        if (limit.scope() == Scope.GLOBAL) {
            return shared(limit, "global");
        }
        Key key = new Key(limit.name(), limit.scope() == Scope.ADDRESS ? subject.address() : subject.id());
        LocalCounter known = counters.getIfPresent(key);
        if (known != null) {
            return known;
        }
        return hasRoom() ? LocalCounter.of(limit, time) : shared(limit, "everyone else");
    }

    /** Keeps a counter that is no longer as good as new until it is again. */
    void keep(Limit limit, Subject subject, LocalCounter counter) {
        Key key = new Key(limit.name(), limit.scope() == Scope.ADDRESS ? subject.address() : subject.id());
        if (limit.scope() != Scope.GLOBAL && !shared.containsValue(counter)) {
            counters.put(key, counter);
        }
    }

    /** Updates how long a counter is kept, if it still is. */
    @SuppressWarnings("ReferenceEquality") // A counter that was dropped and made again is another one.
    void changed(Limit limit, Subject subject, LocalCounter counter) {
        if (of(limit, subject) == counter) {
            keep(limit, subject, counter);
        }
    }

    void forget(Limit limit, Subject subject) {
        counters.invalidate(new Key(limit.name(), limit.scope() == Scope.ADDRESS ? subject.address() : subject.id()));
    }

    long size() {
        counters.cleanUp();
        return counters.estimatedSize();
    }

    private boolean hasRoom() {
        return counters.estimatedSize() < most || size() < most;
    }

    private LocalCounter shared(Limit limit, String who) {
        return shared.computeIfAbsent(new Key(limit.name(), who), _ -> LocalCounter.of(limit, time));
    }

    private Duration restOf(LocalCounter counter) {
        Duration rest = counter.status(clock.millis()).resetsIn();
        return rest.isZero() ? Duration.ofMillis(1) : rest;
    }
}
