package dev.sluice.gateway.outbound.imagecache.disk;

import java.nio.file.Path;
import java.time.Duration;

/**
 * How large the cache may grow and how long it keeps what it has.
 *
 * @param directory the cache's own; made when it is first written to
 * @param maxBytes of all files in it, each rounded up to blocks of 4 KiB
 * @param maxEntries images in it
 * @param ttl how long an image is fresh after it was stored or validated
 * @param staleFor how long it is stored after that
 * @param memoryBytes for the bodies of small images, beside the files
 * @param hotEntryBytes the largest body that is stored in memory
 */
public record CacheSettings(
        Path directory,
        long maxBytes,
        int maxEntries,
        Duration ttl,
        Duration staleFor,
        long memoryBytes,
        long hotEntryBytes) {

    /** From storing or validating to the moment an entry is no longer shown to anybody. */
    public Duration retention() {
        return ttl.plus(staleFor);
    }
}
