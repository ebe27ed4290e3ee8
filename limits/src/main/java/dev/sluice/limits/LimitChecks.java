package dev.sluice.limits;

import java.time.Duration;
import java.util.regex.Pattern;

/** The bounds that all kinds of limit share; messages are name, value, expected. */
final class LimitChecks {
    private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9-]{0,39}");
    /** The largest whole number that a Lua script can tell from its neighbours. */
    private static final long LARGEST = 1L << 53;

    private LimitChecks() {}

    static void name(String name) {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    "name: " + name + " (expected: 1 to 40 lower-case letters, digits and hyphens, a letter first)");
        }
    }

    static void units(String limit, String what, long value, long most) {
        if (value < 1 || value > Math.min(most, LARGEST)) {
            throw new IllegalArgumentException(
                    limit + "." + what + ": " + value + " (expected: 1 to " + Math.min(most, LARGEST) + ")");
        }
    }

    static void units(String limit, String what, long value) {
        units(limit, what, value, LARGEST);
    }

    static void period(String limit, String what, Duration value, Duration least, Duration most) {
        if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
            throw new IllegalArgumentException(
                    limit + "." + what + ": " + value + " (expected: " + least + " to " + most + ")");
        }
    }
}
