package dev.sluice.gateway.feature.imageproxy;

import dev.sluice.gateway.contract.SettingCheck;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * Bounds of the image proxy, beside those of the store that it shows images from
 * ({@link dev.sluice.gateway.outbound.imagecache.RemoteImageProperties}).
 *
 * @param slowestReader bytes a second that a client must take of an image, after 30 s of grace; a slower one is cut
 *     off, since the memory or the file of its image is in use until then
 * @param maxAge how long clients may use an answer without asking
 * @param staleWhileRevalidate how much longer clients may use an answer while they ask for a newer one
 * @param signedUrlTtl how long a signed URL can be used, at least
 * @param maxUrls most URLs one request may have signed
 * @param transformTimeout time to scale one image, the wait for a decoder included
 * @param transformCost what making an image smaller counts in the limit of images; sending one counts 1
 */
@ConfigurationProperties("sluice.image-proxy")
record ImageProxyProperties(
        @DefaultValue("16KB") DataSize slowestReader,
        @DefaultValue("1d") Duration maxAge,
        @DefaultValue("7d") Duration staleWhileRevalidate,
        @DefaultValue("1d") Duration signedUrlTtl,
        @DefaultValue("100") int maxUrls,
        @DefaultValue("30s") Duration transformTimeout,
        @DefaultValue("3") int transformCost) {
    private static final SettingCheck CHECK = new SettingCheck("sluice.image-proxy.");
    private static final Duration READING_GRACE = Duration.ofSeconds(30);

    ImageProxyProperties {
        CHECK.between("slowest-reader", slowestReader, DataSize.ofBytes(1), DataSize.ofMegabytes(10));
        CHECK.between("max-age", maxAge, Duration.ZERO, Duration.ofDays(366));
        CHECK.between("stale-while-revalidate", staleWhileRevalidate, Duration.ZERO, Duration.ofDays(366));
        CHECK.between("signed-url-ttl", signedUrlTtl, Duration.ofMinutes(1), Duration.ofDays(366));
        CHECK.between("max-urls", maxUrls, 1, 1000);
        CHECK.between("transform-timeout", transformTimeout, Duration.ofMillis(100), Duration.ofMinutes(5));
        CHECK.between("transform-cost", transformCost, 1, 1000);
    }

    /** What the slowest reader needs for so many bytes. */
    Duration longestReading(long bytes) {
        return READING_GRACE.plusMillis(bytes * 1000 / slowestReader.toBytes());
    }
}
