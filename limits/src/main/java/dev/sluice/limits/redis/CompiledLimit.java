package dev.sluice.limits.redis;

import dev.sluice.limits.Budget;
import dev.sluice.limits.CalendarQuota;
import dev.sluice.limits.ConcurrencyLimit;
import dev.sluice.limits.Limit;
import dev.sluice.limits.Mode;
import dev.sluice.limits.Scope;
import dev.sluice.limits.Subject;
import dev.sluice.limits.TokenBucket;
import dev.sluice.limits.Window;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A limit as the scripts know it: its numbers, and the names of its counters. */
final class CompiledLimit {
    static final int BUCKET = 1;
    static final int WINDOW = 2;
    static final int CONCURRENCY = 3;
    /** The largest whole number with which the scripts calculate exactly. */
    static final long LARGEST = 1L << 53;

    final Limit limit;
    /** Its place in the policy. */
    final int index;

    final int kind;
    private final String prefix;
    private final String stem;
    private final long a;
    private final long b;
    private volatile @Nullable Named latest;

    /** A window and the name of its counter. */
    private record Named(Window window, String counter) {}

    CompiledLimit(Limit limit, int index, String prefix) {
        this.limit = limit;
        this.index = index;
        this.prefix = prefix;
        switch (limit) {
            case TokenBucket bucket -> {
                kind = BUCKET;
                stem = "rate:" + limit.name();
                a = bucket.unitsPerToken();
                b = bucket.unitsPerMillisecond();
            }
            case CalendarQuota _ -> {
                kind = WINDOW;
                stem = "quota:" + limit.name();
                a = 0;
                b = 0;
            }
            case Budget _ -> {
                kind = WINDOW;
                stem = "budget:" + limit.name();
                a = 0;
                b = 0;
            }
            case ConcurrencyLimit concurrency -> {
                kind = CONCURRENCY;
                stem = "lock:" + limit.name();
                a = concurrency.lease().toMillis();
                b = 0;
            }
        }
    }

    /** The window that holds the time; null if this limit has none. */
    @Nullable Window windowAt(long millis) {
        if (kind != WINDOW) {
            return null;
        }
        Named known = latest;
        if (known != null && known.window.holds(millis)) {
            return known.window;
        }
        Window window = switch (limit) {
            case CalendarQuota quota -> Window.of(quota, millis);
            case Budget budget -> Window.of(budget, millis);
            case TokenBucket _, ConcurrencyLimit _ -> throw new IllegalStateException(limit.name() + ": no window");
        };
        latest = new Named(window, stem + ':' + window.label());
        return window;
    }

    /** The name of its counter in the value of the subject, or of all. */
    String counter(@Nullable Window window) {
        if (window == null) {
            return stem;
        }
        Named known = latest;
        return known != null && known.window.equals(window) ? known.counter : stem + ':' + window.label();
    }

    /** Whether processes have leases of it, rather than ask for each request. */
    boolean isLeased() {
        return kind == WINDOW && limit.scope() == Scope.GLOBAL;
    }

    /** What its counter shares a slot by. */
    String tag(Subject subject) {
        return Keys.tag(limit.scope(), limit.name(), subject);
    }

    /** Of one that is leased. */
    String tag() {
        return Tags.ofAll(limit.name());
    }

    /** Of one that is leased. */
    String key(Window window) {
        return Keys.prefix(prefix, tag()) + stem + ':' + window.label();
    }

    /** The key of the value in which its counter lies. */
    String value(Subject subject) {
        return Keys.value(prefix, limit.scope(), limit.name(), subject);
    }

    /** Appends the five fields of a limit in {@code admit.lua}. */
    void describe(@Nullable Window window, MessagePack.Writer arguments) {
        arguments.add(kind);
        arguments.add(limit.capacity());
        arguments.add(limit.mode() == Mode.ENFORCED ? 1 : 0);
        arguments.add(window == null ? a : window.start());
        arguments.add(window == null ? b : window.end());
    }

    /** Whether settling has anything to say about this limit. */
    boolean isCorrectedBy(Map<String, Long> used, long reserved) {
        return kind == CONCURRENCY || delta(used, reserved) != 0;
    }

    /** Appends the last four fields of a correction in {@code settle.lua}. */
    void correct(Map<String, Long> used, long reserved, MessagePack.Writer arguments) {
        arguments.add(kind);
        arguments.add(kind == CONCURRENCY ? 0 : delta(used, reserved));
        arguments.add(a);
        arguments.add(b);
    }

    /** The lease of a concurrency limit. */
    long leaseMillis() {
        return a;
    }

    /** Units that were used and not reserved; negative if more were reserved. */
    long delta(Map<String, Long> used, long reserved) {
        Long units = used.get(limit.name());
        return units == null ? 0 : Math.min(units, LARGEST) - reserved;
    }
}
