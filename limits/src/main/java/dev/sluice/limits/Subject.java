package dev.sluice.limits;

/**
 * The caller of a request.
 *
 * @param id the caller, stable and unique among all kinds of caller, for example {@code user:alice}; at most 200
 *     characters, any characters
 * @param address the client's address as it is counted, for example {@code 203.0.113.7} or {@code 2001:db8::/64}; at
 *     most 200 characters
 */
public record Subject(String id, String address) {
    private static final int LONGEST = 200;

    /** Checks the bounds. */
    public Subject {
        check("id", id);
        check("address", address);
    }

    private static void check(String what, String value) {
        if (value.isBlank() || value.length() > LONGEST) {
            throw new IllegalArgumentException(
                    what + ": " + value.length() + " characters (expected: 1 to " + LONGEST + ", not blank)");
        }
    }
}
