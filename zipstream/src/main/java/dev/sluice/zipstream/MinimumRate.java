package dev.sluice.zipstream;

import java.time.Duration;

/**
 * The least an upstream must send: a leaky bucket that holds {@code grace} and starts full. Waiting drains it second by
 * second, each byte received refills {@code 1 / bytesPerSecond} seconds, never beyond full. Empty means too slow.
 *
 * <p>So an upstream may pause for {@code grace} at any point, must keep {@code bytesPerSecond} in the long run, and
 * cannot save up a fast start for a long stall later.
 *
 * @param bytesPerSecond sustained rate, at least 1
 * @param grace longest silence forgiven, more than zero
 */
public record MinimumRate(long bytesPerSecond, Duration grace) {

    /** @throws IllegalArgumentException if a value is out of bounds */
    public MinimumRate {
        if (bytesPerSecond < 1) {
            throw new IllegalArgumentException("bytesPerSecond: " + bytesPerSecond + " (expected: 1 or more)");
        }
        if (grace.isNegative() || grace.isZero()) {
            throw new IllegalArgumentException("grace: " + grace + " (expected: more than zero)");
        }
    }
}
