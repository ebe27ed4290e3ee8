package dev.sluice.limits;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A limit as the scripts see it: the numbers of its counters, and their keys. */
final class ScriptLimit {
    static final int BUCKET = 1;
    static final int WINDOW = 2;
    static final int SLOTS = 3;
    /** The largest whole number with which the scripts calculate exactly. */
    private static final long LARGEST = 1L << 53;

    private static final byte[] ZERO = {'0'};

    final Limit limit;
    final int kind;
    private final String stem;
    private final long a;
    private final long b;
    private final List<byte[]> numbers;
    private final byte[] reserve;
    private volatile @Nullable Window latest;

    ScriptLimit(Limit limit, String prefix) {
        this.limit = limit;
        switch (limit) {
            case TokenBucket bucket -> {
                kind = BUCKET;
                stem = prefix + "rate:" + limit.name() + ':';
                a = bucket.unitsPerToken();
                b = bucket.unitsPerMillisecond();
            }
            case CalendarQuota _ -> {
                kind = WINDOW;
                stem = prefix + "quota:" + limit.name() + ':';
                a = 0;
                b = 0;
            }
            case Budget _ -> {
                kind = WINDOW;
                stem = prefix + "budget:" + limit.name() + ':';
                a = 0;
                b = 0;
            }
            case Slots slots -> {
                kind = SLOTS;
                stem = prefix + "lock:" + limit.name() + ':';
                a = slots.lease().toMillis();
                b = 0;
            }
        }
        numbers = List.of(
                bytes(kind), bytes(limit.capacity()), bytes(limit.mode() == Mode.ENFORCED ? 1 : 0), bytes(a), bytes(b));
        reserve = bytes(limit.reserve());
    }

    /** The window that holds the time; null if this limit has none. */
    @Nullable Window windowAt(long millis) {
        if (kind != WINDOW) {
            return null;
        }
        Window window = latest;
        if (window == null || !window.holds(millis)) {
            window = switch (limit) {
                case CalendarQuota quota -> Window.of(quota, millis);
                case Budget budget -> Window.of(budget, millis);
                case TokenBucket _, Slots _ -> throw new IllegalStateException(limit.name() + ": no window");
            };
            latest = window;
        }
        return window;
    }

    String key(Subject subject, @Nullable Window window) {
        if (window == null) {
            return stem + Keys.who(limit.scope(), subject);
        }
        return limit instanceof Budget && limit.scope() == Scope.GLOBAL
                ? stem + window.label()
                : stem + Keys.who(limit.scope(), subject) + ':' + window.label();
    }

    /** What one admission takes unless it is asked for with another reservation. */
    byte[] reserve() {
        return reserve;
    }

    /** Appends the six fields of a counter in {@code admit.lua}. */
    void describe(int key, @Nullable Window window, List<byte[]> arguments) {
        arguments.add(numbers.get(0));
        arguments.add(bytes(key));
        arguments.add(numbers.get(1));
        arguments.add(numbers.get(2));
        arguments.add(window == null ? numbers.get(3) : bytes(window.start()));
        arguments.add(window == null ? numbers.get(4) : bytes(window.end()));
    }

    /** Whether settling has anything to say about this limit. */
    boolean isCorrectedBy(Map<String, Long> used, long reserved) {
        return kind == SLOTS || delta(used, reserved) != 0;
    }

    /** Appends the four fields of a correction in {@code settle.lua}. */
    void correct(Map<String, Long> used, long reserved, List<byte[]> arguments) {
        arguments.add(numbers.get(0));
        arguments.add(kind == SLOTS ? ZERO : bytes(delta(used, reserved)));
        arguments.add(numbers.get(3));
        arguments.add(numbers.get(4));
    }

    /** Appends the lease of slots in {@code renew.lua}. */
    void renew(List<byte[]> arguments) {
        arguments.add(numbers.get(3));
    }

    private long delta(Map<String, Long> used, long reserved) {
        Long units = used.get(limit.name());
        return units == null ? 0 : Math.min(units, LARGEST) - reserved;
    }

    static byte[] bytes(long number) {
        return number == 0 ? ZERO : Long.toString(number).getBytes(US_ASCII);
    }
}
