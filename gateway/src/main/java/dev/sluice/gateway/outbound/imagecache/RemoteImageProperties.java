package dev.sluice.gateway.outbound.imagecache;

import dev.sluice.gateway.contract.SettingCheck;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * Bounds of the image store and of what is fetched for it. They keep the names of the image proxy, which had the store
 * to itself once.
 *
 * @param maxImageSize largest image, in bytes; a larger one is refused
 * @param fetchTimeout time for one image's whole download, redirects and retries included
 * @param concurrentFetches images on their way from their origins at once, for all requests together
 * @param bufferBudget memory for images on their way to the store, for all requests together
 * @param memoryTimeout how long an image whose origin has answered waits for memory; for an archive or a training half
 *     of {@code fetch-timeout}, where that is longer
 * @param rememberDecided how long it is remembered that an origin answers with no image, or with one that cannot be
 *     decoded
 * @param rememberFailed how long any other failure is remembered
 * @param cache where images are stored
 */
@ConfigurationProperties("sluice.image-proxy")
public record RemoteImageProperties(
        @DefaultValue("5MB") DataSize maxImageSize,
        @DefaultValue("10s") Duration fetchTimeout,
        @DefaultValue("256") int concurrentFetches,
        @DefaultValue("32MB") DataSize bufferBudget,
        @DefaultValue("2s") Duration memoryTimeout,
        @DefaultValue("60s") Duration rememberDecided,
        @DefaultValue("10s") Duration rememberFailed,
        @DefaultValue CacheBounds cache) {
    private static final SettingCheck CHECK = new SettingCheck("sluice.image-proxy.");

    /**
     * Where images are stored.
     *
     * @param enabled whether images are stored; if not, each request asks the origin
     * @param directory directory of this gateway alone; unset means {@code sluice-image-cache} in the temporary
     *     directory
     * @param maxSize most bytes on disk, temporary files included, at every moment
     * @param maxEntries most images in the store
     * @param ttl how long an image is shown without asking its origin
     * @param staleIfError how much longer an image is shown when its origin fails
     * @param memory memory for images that are asked for often
     * @param hotImageSize largest image that is stored in memory too
     * @param callerShare percent of the cache that one caller's images may displace within an hour, 1 to 100
     * @param writeTimeout how long a request waits until its image is on disk, before it is sent from memory
     */
    public record CacheBounds(
            @DefaultValue("true") boolean enabled,
            @Nullable Path directory,
            @DefaultValue("500MB") DataSize maxSize,
            @DefaultValue("100000") int maxEntries,
            @DefaultValue("7d") Duration ttl,
            @DefaultValue("1d") Duration staleIfError,
            @DefaultValue("32MB") DataSize memory,
            @DefaultValue("64KB") DataSize hotImageSize,
            @DefaultValue("25") int callerShare,
            @DefaultValue("5s") Duration writeTimeout) {

        public CacheBounds {
            directory =
                    directory == null ? Path.of(System.getProperty("java.io.tmpdir"), "sluice-image-cache") : directory;
            CHECK.between("cache.max-size", maxSize, DataSize.ofMegabytes(1), DataSize.ofTerabytes(10));
            CHECK.between("cache.max-entries", maxEntries, 1, 10_000_000);
            CHECK.between("cache.ttl", ttl, Duration.ofSeconds(1), Duration.ofDays(366));
            CHECK.between("cache.stale-if-error", staleIfError, Duration.ZERO, Duration.ofDays(366));
            CHECK.between("cache.memory", memory, DataSize.ofBytes(0), DataSize.ofGigabytes(64));
            CHECK.between("cache.hot-image-size", hotImageSize, DataSize.ofBytes(0), DataSize.ofMegabytes(10));
            CHECK.between("cache.caller-share", callerShare, 1, 100);
            CHECK.between("cache.write-timeout", writeTimeout, Duration.ofMillis(10), Duration.ofMinutes(1));
        }

        /** Most bytes that others make room for within an hour, for one caller. */
        long callerBytes() {
            return callerShare == 100 ? Long.MAX_VALUE / 2 : maxSize.toBytes() / 100 * callerShare;
        }

        /** Never null: the default was put in its place. */
        @Override
        public Path directory() {
            return Objects.requireNonNull(directory);
        }
    }

    public RemoteImageProperties {
        CHECK.between("max-image-size", maxImageSize, DataSize.ofBytes(1), DataSize.ofMegabytes(100));
        CHECK.between("fetch-timeout", fetchTimeout, Duration.ofMillis(100), Duration.ofMinutes(5));
        CHECK.between("concurrent-fetches", concurrentFetches, 1, 100_000);
        CHECK.between("buffer-budget", bufferBudget, maxImageSize, DataSize.ofTerabytes(1));
        CHECK.between("memory-timeout", memoryTimeout, Duration.ZERO, Duration.ofMinutes(5));
        CHECK.between("remember-decided", rememberDecided, Duration.ZERO, Duration.ofDays(1));
        CHECK.between("remember-failed", rememberFailed, Duration.ZERO, Duration.ofDays(1));
    }

    /** As {@link #memoryTimeout}, where nobody looks at a page meanwhile: leaves half of the time to the body. */
    Duration longMemoryTimeout() {
        Duration half = fetchTimeout.dividedBy(2);
        return half.compareTo(memoryTimeout) > 0 ? half : memoryTimeout;
    }

    /** From asking an origin to storing its image, the waits for the disk included. */
    Duration longestFetch() {
        return withDisk(fetchTimeout);
    }

    /** So long, and the waits for the disk. */
    public Duration withDisk(Duration work) {
        return work.plus(cache.writeTimeout().multipliedBy(3));
    }
}
