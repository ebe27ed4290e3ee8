package dev.sluice.gateway.feature.imageproxy;

import dev.sluice.gateway.contract.SettingCheck;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * Bounds of the image proxy.
 *
 * @param maxImageSize largest image, in bytes; a larger one is refused
 * @param fetchTimeout for one image's whole download, redirects and retries included
 * @param concurrentFetches images on their way from their origins at once, for all requests together
 * @param bufferBudget memory for images on their way to the cache, for all requests together
 * @param memoryTimeout how long an image whose origin has answered waits for memory
 * @param slowestReader bytes a second that a client must take of an image, after 30 s of grace: until it has them all,
 *     their memory or their file is not free
 * @param maxAge how long clients may use an answer without asking
 * @param staleWhileRevalidate how much longer they may use it while they ask
 * @param signedUrlTtl how long a signed URL can be used, at least
 * @param maxUrls most URLs one request may have signed
 * @param rememberDecided how long an origin's answer that is no image is remembered, and that one cannot be decoded
 * @param rememberFailed how long any other failure is
 * @param transformTimeout from an image's turn to be made smaller to its being so, waiting for a decoder included
 * @param transformCost what making an image smaller counts in the limit of images; sending one counts 1
 * @param cache where images are kept
 */
@ConfigurationProperties("sluice.image-proxy")
record ImageProxyProperties(
        @DefaultValue("5MB") DataSize maxImageSize,
        @DefaultValue("10s") Duration fetchTimeout,
        @DefaultValue("256") int concurrentFetches,
        @DefaultValue("32MB") DataSize bufferBudget,
        @DefaultValue("2s") Duration memoryTimeout,
        @DefaultValue("16KB") DataSize slowestReader,
        @DefaultValue("1d") Duration maxAge,
        @DefaultValue("7d") Duration staleWhileRevalidate,
        @DefaultValue("1d") Duration signedUrlTtl,
        @DefaultValue("100") int maxUrls,
        @DefaultValue("60s") Duration rememberDecided,
        @DefaultValue("10s") Duration rememberFailed,
        @DefaultValue("30s") Duration transformTimeout,
        @DefaultValue("3") int transformCost,
        @DefaultValue CacheBounds cache) {
    private static final SettingCheck CHECK = new SettingCheck("sluice.image-proxy.");
    private static final Duration READING_GRACE = Duration.ofSeconds(30);

    /**
     * Where images are kept.
     *
     * @param enabled false: each request asks the origin
     * @param directory of its own; two gateways do not share one
     * @param maxSize most bytes on disk, temporary files included, at every moment
     * @param maxEntries most images
     * @param ttl how long an image is shown without asking its origin
     * @param staleIfError how much longer it is shown when its origin fails
     * @param memory for images that are asked for often
     * @param hotImageSize largest image that is kept in memory too
     * @param callerShare percent of the whole that others make room for one caller's images within an hour, 1 to 100
     * @param writeTimeout how long a request waits until its image is on disk, before it is sent from memory
     */
    record CacheBounds(
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

        CacheBounds {
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

    ImageProxyProperties {
        CHECK.between("max-image-size", maxImageSize, DataSize.ofBytes(1), DataSize.ofMegabytes(100));
        CHECK.between("fetch-timeout", fetchTimeout, Duration.ofMillis(100), Duration.ofMinutes(5));
        CHECK.between("concurrent-fetches", concurrentFetches, 1, 100_000);
        CHECK.between("buffer-budget", bufferBudget, maxImageSize, DataSize.ofTerabytes(1));
        CHECK.between("memory-timeout", memoryTimeout, Duration.ZERO, Duration.ofMinutes(5));
        CHECK.between("slowest-reader", slowestReader, DataSize.ofBytes(1), DataSize.ofMegabytes(10));
        CHECK.between("max-age", maxAge, Duration.ZERO, Duration.ofDays(366));
        CHECK.between("stale-while-revalidate", staleWhileRevalidate, Duration.ZERO, Duration.ofDays(366));
        CHECK.between("signed-url-ttl", signedUrlTtl, Duration.ofMinutes(1), Duration.ofDays(366));
        CHECK.between("max-urls", maxUrls, 1, 1000);
        CHECK.between("remember-decided", rememberDecided, Duration.ZERO, Duration.ofDays(1));
        CHECK.between("remember-failed", rememberFailed, Duration.ZERO, Duration.ofDays(1));
        CHECK.between("transform-timeout", transformTimeout, Duration.ofMillis(100), Duration.ofMinutes(5));
        CHECK.between("transform-cost", transformCost, 1, 1000);
    }

    /** What the slowest reader needs for so many bytes. */
    Duration longestReading(long bytes) {
        return READING_GRACE.plusMillis(bytes * 1000 / slowestReader.toBytes());
    }

    /** From asking an origin to its image's being kept, the waits for the disk included. */
    Duration longestFetch() {
        return fetchTimeout.plus(cache.writeTimeout().multipliedBy(3));
    }

    /** From an image's turn to be made smaller to its being kept. */
    Duration longestTransform() {
        return transformTimeout.plus(cache.writeTimeout().multipliedBy(3));
    }
}
