package dev.sluice.limits;

import java.time.Duration;
import java.util.regex.Pattern;

/** Checks the bounds that all kinds of limit share. Throws {@link IllegalArgumentException}: name, value, expected. */
public final class LimitChecks {
    private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9-]{0,39}");
    /** Half of the largest number to which a Lua script counts exactly: the sum of two is exact as well. */
    public static final long LARGEST = 1L << 52;

    private static final int LONGEST_ID = 64;

    private LimitChecks() {}

    public static void requestId(String id) {
        if (id.isEmpty() || id.length() > LONGEST_ID || !isPlain(id)) {
            throw new IllegalArgumentException("requestId: " + id + " (expected: 1 to 64 letters, digits and hyphens)");
        }
    }

    /** By hand, for it is asked of every request. */
    private static boolean isPlain(String id) {
        for (int i = 0; i < id.length(); i++) {
            char c = id.charAt(i);
            if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-')) {
                return false;
            }
        }
        return true;
    }

    public static void name(String name) {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    "name: " + name + " (expected: 1 to 40 lower-case letters, digits and hyphens, a letter first)");
        }
    }

    public static void units(String limit, String what, long value, long most) {
        if (value < 1 || value > Math.min(most, LARGEST)) {
            throw new IllegalArgumentException(
                    limit + "." + what + ": " + value + " (expected: 1 to " + Math.min(most, LARGEST) + ")");
        }
    }

    public static void units(String limit, String what, long value) {
        units(limit, what, value, LARGEST);
    }

    public static void period(String limit, String what, Duration value, Duration least, Duration most) {
        if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
            throw new IllegalArgumentException(
                    limit + "." + what + ": " + value + " (expected: " + least + " to " + most + ")");
        }
    }
}
