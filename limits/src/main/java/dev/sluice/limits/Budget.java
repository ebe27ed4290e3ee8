package dev.sluice.limits;

import java.time.Duration;

/**
 * A number of units in a window of the clock, weighted: an admission reserves what it may use at most, and settling
 * corrects that to what it used. Windows begin at multiples of their length since 1970-01-01T00:00Z.
 *
 * @param name unique name
 * @param scope who shares a counter
 * @param capacity units in a window
 * @param window length, 1 minute to 1 day, a whole number of seconds
 * @param reserve units one admission takes, 1 to {@code capacity}
 * @param mode whether it decides
 * @param fallback what it does while the shared counters cannot be asked
 */
public record Budget(
        String name, Scope scope, long capacity, Duration window, long reserve, Mode mode, FallbackMode fallback)
        implements Limit {

    /** Checks the bounds. */
    public Budget {
        LimitChecks.name(name);
        LimitChecks.units(name, "capacity", capacity);
        LimitChecks.period(name, "window", window, Duration.ofMinutes(1), Duration.ofDays(1));
        if (!window.equals(Duration.ofSeconds(window.toSeconds()))) {
            throw new IllegalArgumentException(name + ".window: " + window + " (expected: whole seconds)");
        }
        LimitChecks.units(name, "reserve", reserve, capacity);
    }

    /** An enforced budget that refuses while the shared counters cannot be asked. */
    public static Budget of(String name, Scope scope, long capacity, Duration window, long reserve) {
        return new Budget(name, scope, capacity, window, reserve, Mode.ENFORCED, FallbackMode.REFUSE);
    }
}
