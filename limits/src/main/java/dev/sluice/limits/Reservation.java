package dev.sluice.limits;

import java.util.Map;

/**
 * Units that one admission takes, by name of the limit, where the request says more about them than the limit: of a
 * {@link Budget} or a {@link CalendarQuota} at most its capacity, so that a request that may need all of it is admitted
 * while nothing of it is taken. A limit not named takes its own {@link Limit#reserve()}; rates and slots always do.
 *
 * @param units at least 1
 */
public record Reservation(Map<String, Long> units) {
    private static final Reservation OF_THE_LIMITS = new Reservation(Map.of());

    /** Checks the bounds. */
    public Reservation {
        units = Map.copyOf(units);
        units.forEach((limit, reserved) -> {
            if (reserved < 1) {
                throw new IllegalArgumentException(limit + ": " + reserved + " (expected: at least 1)");
            }
        });
    }

    /** Every limit takes what it reserves by itself. */
    public static Reservation ofTheLimits() {
        return OF_THE_LIMITS;
    }

    /** What an admission takes of a limit. */
    public long of(Limit limit) {
        Long own = units.isEmpty() ? null : units.get(limit.name());
        return own == null
                ? limit.reserve()
                : switch (limit) {
                    case Budget _, CalendarQuota _ -> Math.min(own, limit.capacity());
                    case TokenBucket _, ConcurrencyLimit _ -> limit.reserve();
                };
    }
}
