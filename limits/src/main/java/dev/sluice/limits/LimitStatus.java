package dev.sluice.limits;

import java.time.Duration;

/**
 * Where one subject stands with one limit, as the {@code RateLimit} header fields tell it.
 *
 * @param limit the limit's name
 * @param capacity most units it admits at once or in its period
 * @param remaining units left now, 0 to {@code capacity}
 * @param resetsIn until all of {@code capacity} is there again, if nothing more is taken
 * @see <a href="https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/">RateLimit header fields</a>
 */
public record LimitStatus(String limit, long capacity, long remaining, Duration resetsIn) {

    /** Checks that the numbers can be true together. */
    public LimitStatus {
        if (limit.isBlank()) {
            throw new IllegalArgumentException("limit: blank (expected: a name)");
        }
        if (capacity < 1) {
            throw new IllegalArgumentException("capacity: " + capacity + " (expected: at least 1)");
        }
        if (remaining < 0 || remaining > capacity) {
            throw new IllegalArgumentException("remaining: " + remaining + " (expected: 0 to " + capacity + ")");
        }
        if (resetsIn.isNegative()) {
            throw new IllegalArgumentException("resetsIn: " + resetsIn + " (expected: not negative)");
        }
    }
}
