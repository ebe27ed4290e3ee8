package dev.sluice.gateway.feature.uploads;

import dev.sluice.gateway.contract.SettingCheck;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * {@code sluice.uploads.*}.
 *
 * @param maxImageSize largest image that may be announced
 * @param urlTtl how long an upload may begin after it was announced
 * @param intentTtl how long an announced upload is waited for; what is there of it then is removed
 * @param sweepPeriod how often that is looked for
 * @param maxPending of one caller's uploads under way at a time
 * @param putTimeout for one upload's whole body, where the gateway takes it itself
 * @param completeTimeout for the whole check of one image
 * @param publicUrl what clients reach this gateway by, for uploads that it takes itself; empty for the one that the
 *     request was sent to
 */
@ConfigurationProperties("sluice.uploads")
record UploadsProperties(
        @DefaultValue("10MB") DataSize maxImageSize,
        @DefaultValue("10m") Duration urlTtl,
        @DefaultValue("1h") Duration intentTtl,
        @DefaultValue("10m") Duration sweepPeriod,
        @DefaultValue("200") int maxPending,
        @DefaultValue("10m") Duration putTimeout,
        @DefaultValue("1m") Duration completeTimeout,
        @DefaultValue("") String publicUrl) {
    private static final SettingCheck CHECK = new SettingCheck("sluice.uploads.");
    private static final Duration SECOND = Duration.ofSeconds(1);

    UploadsProperties {
        publicUrl = publicUrl.strip();
        CHECK.between("max-image-size", maxImageSize, DataSize.ofKilobytes(1), DataSize.ofMegabytes(100));
        CHECK.between("url-ttl", urlTtl, SECOND, Duration.ofDays(7));
        CHECK.between("intent-ttl", intentTtl, urlTtl, Duration.ofDays(30));
        CHECK.between("sweep-period", sweepPeriod, SECOND, Duration.ofDays(1));
        CHECK.between("max-pending", maxPending, 1, 100_000);
        CHECK.between("put-timeout", putTimeout, SECOND, Duration.ofHours(1));
        CHECK.between("complete-timeout", completeTimeout, SECOND, Duration.ofMinutes(10));
        if (!publicUrl.isEmpty()) {
            checkUrl(publicUrl);
        }
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
