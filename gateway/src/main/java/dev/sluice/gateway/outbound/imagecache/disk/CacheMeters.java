package dev.sluice.gateway.outbound.imagecache.disk;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/** {@code sluice.image_proxy.cache.*}: what the cache holds, and why entries left it. */
final class CacheMeters {
    /** Why an entry left; one that was replaced by a newer image is not counted. */
    enum Cause {
        SIZE,
        EXPIRED,
        DAMAGED,
        MISSING,
        PURGED
    }

    private final Map<Cause, Counter> evictions = new EnumMap<>(Cause.class);

    CacheMeters(MeterRegistry meters, CacheIndex index) {
        Gauge.builder("sluice.image_proxy.cache.bytes", index, CacheIndex::usedBytes)
                .description("The space that the image cache's files take, in blocks of 4 KiB")
                .baseUnit("bytes")
                .register(meters);
        Gauge.builder("sluice.image_proxy.cache.pinned", index, CacheIndex::pinnedBytes)
                .description(
                        "The space of the image cache's files that archives read, which cannot be evicted meanwhile")
                .baseUnit("bytes")
                .register(meters);
        Gauge.builder("sluice.image_proxy.cache.entries", index, CacheIndex::size)
                .description("Images in the cache")
                .register(meters);
        for (Cause cause : Cause.values()) {
            evictions.put(
                    cause,
                    Counter.builder("sluice.image_proxy.cache.evictions")
                            .description("Entries that left the image cache")
                            .tag("cause", cause.name().toLowerCase(Locale.ROOT))
                            .register(meters));
        }
    }

    void evicted(Cause cause) {
        Objects.requireNonNull(evictions.get(cause)).increment();
    }
}
