package dev.sluice.gateway.feature.uploads;

import dev.sluice.gateway.contract.SettingCheck;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * {@code sluice.uploads.*}.
 *
 * @param maxImageSize largest image that may be announced
 * @param maxPixels most pixels of an image, width times height
 * @param urlTtl how long an upload may begin after it was announced
 * @param intentTtl how long an announced upload is waited for; what is there of it then is removed
 * @param sweepPeriod how often that is looked for
 * @param maxPending of one caller's uploads under way at a time
 * @param putTimeout for one upload's whole body, where the gateway takes it itself
 * @param completeTimeout for the whole check of one image
 * @param checks images checked at a time
 * @param workDirectory where images wait while they are checked; gateways that see each other's processes may share it
 * @param publicUrl what clients reach this gateway by, for uploads that it takes itself; empty for the one that the
 *     request was sent to
 */
@ConfigurationProperties("sluice.uploads")
record UploadsProperties(
        @DefaultValue("10MB") DataSize maxImageSize,
        @DefaultValue("50000000") long maxPixels,
        @DefaultValue("10m") Duration urlTtl,
        @DefaultValue("1h") Duration intentTtl,
        @DefaultValue("10m") Duration sweepPeriod,
        @DefaultValue("200") int maxPending,
        @DefaultValue("10m") Duration putTimeout,
        @DefaultValue("1m") Duration completeTimeout,
        @DefaultValue("2") int checks,
        @Nullable Path workDirectory,
        @DefaultValue("") String publicUrl) {
    private static final SettingCheck CHECK = new SettingCheck("sluice.uploads.");
    private static final Duration SECOND = Duration.ofSeconds(1);

    UploadsProperties {
        workDirectory =
                workDirectory == null ? Path.of(System.getProperty("java.io.tmpdir"), "sluice-uploads") : workDirectory;
        publicUrl = publicUrl.strip();
        CHECK.between("max-image-size", maxImageSize, DataSize.ofKilobytes(1), DataSize.ofMegabytes(100));
        CHECK.between("max-pixels", maxPixels, 1L, 1_000_000_000L);
        CHECK.between("url-ttl", urlTtl, SECOND, Duration.ofDays(7));
        CHECK.between("intent-ttl", intentTtl, urlTtl, Duration.ofDays(30));
        CHECK.between("sweep-period", sweepPeriod, SECOND, Duration.ofDays(1));
        CHECK.between("max-pending", maxPending, 1, 100_000);
        CHECK.between("put-timeout", putTimeout, SECOND, Duration.ofHours(1));
        CHECK.between("complete-timeout", completeTimeout, SECOND, Duration.ofMinutes(10));
        CHECK.between("checks", checks, 1, 64);
        if (!publicUrl.isEmpty()) {
            checkUrl(publicUrl);
        }
    }

    /** Never null: the default was put in its place. */
    @Override
    public Path workDirectory() {
        return Objects.requireNonNull(workDirectory);
    }

    /** The parser's message would say the same in other words. */
    @SuppressWarnings("UnusedException")
    private static void checkUrl(String text) {
        try {
            URI url = new URI(text).parseServerAuthority();
            boolean isHttp = "http".equals(url.getScheme()) || "https".equals(url.getScheme());
            boolean isRoot = url.getRawPath().isEmpty() || "/".equals(url.getRawPath());
            if (isHttp
                    && isRoot
                    && url.getHost() != null
                    && url.getRawUserInfo() == null
                    && url.getRawQuery() == null
                    && url.getRawFragment() == null) {
                return;
            }
        } catch (URISyntaxException none) {
            // Said below.
        }
        throw CHECK.bad("public-url", text, "http://host:port or https://host:port");
    }
}
