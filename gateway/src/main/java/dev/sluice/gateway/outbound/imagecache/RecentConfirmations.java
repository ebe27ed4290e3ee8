package dev.sluice.gateway.outbound.imagecache;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.sluice.gateway.outbound.imagecache.disk.CachedMeta;
import java.time.Duration;
import java.time.Instant;

/**
 * When stored images were last confirmed. An image that is confirmed often is not written each time, so its file does
 * not tell. Bounded; what is forgotten is asked for again. May be called on any thread.
 */
final class RecentConfirmations {
    private static final long MOST_CHARACTERS = 2_000_000;
    private static final int OVERHEAD = 100;
    private static final Duration KEPT = Duration.ofMinutes(10);

    private final Cache<String, Instant> asked = Caffeine.newBuilder()
            .maximumWeight(MOST_CHARACTERS)
            .<String, Instant>weigher((key, at) -> key.length() + OVERHEAD)
            .expireAfterWrite(KEPT)
            .build();

    /** @param at when the origin was asked that confirmed it, or sent it */
    void add(CachedMeta image, Instant at) {
        asked.asMap().merge(key(image), at, (one, other) -> one.isAfter(other) ? one : other);
    }

    /** Whether its origin was asked then or later, and confirmed it. */
    boolean has(CachedMeta image, Instant since) {
        Instant at = asked.getIfPresent(key(image));
        return at != null && !at.isBefore(since);
    }

    private static String key(CachedMeta image) {
        return image.etag() + image.url();
    }
}
