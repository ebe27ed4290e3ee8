package dev.sluice.gateway.outbound.imagecache.disk;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * When an entry was stored or validated last, and how long its origin lets it be shown from then on.
 *
 * @param storedAt milliseconds since 1970
 * @param freshForMillis as {@link CachedMeta#freshFor}; {@link #UNBOUND} where that is left to the cache
 */
record ValidationTime(long storedAt, long freshForMillis) {
    static final long UNBOUND = -1;

    static ValidationTime of(Instant storedAt, @Nullable Duration freshFor) {
        return new ValidationTime(
                storedAt.toEpochMilli(), freshFor == null ? UNBOUND : Math.max(0, freshFor.toMillis()));
    }

    /** Null where it is left to the cache. */
    @Nullable Duration freshFor() {
        return freshForMillis < 0 ? null : Duration.ofMillis(freshForMillis);
    }

    /** A moment still to come means that the clock went back: the entry counts as stored now. */
    ValidationTime notAfter(long now) {
        return storedAt > now ? new ValidationTime(now, freshForMillis) : this;
    }
}
