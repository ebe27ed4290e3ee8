package dev.sluice.gateway.feature.imageproxy;

import java.time.Duration;
import java.time.Instant;

/**
 * When an entry was stored or validated last, and how old its image was then.
 *
 * @param storedAt milliseconds since 1970
 * @param age milliseconds
 */
record Stamp(long storedAt, long age) {
    static Stamp of(Instant storedAt, Duration age) {
        return new Stamp(storedAt.toEpochMilli(), Math.max(0, age.toMillis()));
    }

    /** A moment still to come means that the clock went back: the entry counts as stored now. */
    Stamp notAfter(long now) {
        return storedAt > now ? new Stamp(now, age) : this;
    }
}
