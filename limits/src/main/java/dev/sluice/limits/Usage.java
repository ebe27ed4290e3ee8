package dev.sluice.limits;

import java.util.Map;

/**
 * Units that a request used, by name of the limit. A limit not named used what it reserved. More than was reserved is
 * charged too, even beyond the capacity: it has been spent.
 *
 * @param units not negative
 */
public record Usage(Map<String, Long> units) {
    private static final Usage AS_RESERVED = new Usage(Map.of());

    /** Checks the bounds. */
    public Usage {
        units = Map.copyOf(units);
        units.forEach((limit, used) -> {
            if (used < 0) {
                throw new IllegalArgumentException(limit + ": " + used + " (expected: not negative)");
            }
        });
    }

    /** Every limit used what it reserved. */
    public static Usage asReserved() {
        return AS_RESERVED;
    }
}
