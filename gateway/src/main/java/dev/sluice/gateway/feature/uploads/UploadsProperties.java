package dev.sluice.gateway.feature.uploads;

import dev.sluice.gateway.contract.SettingCheck;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * {@code sluice.uploads.*}.
 *
 * @param maxImageSize largest image that may be announced
 * @param urlTtl how long an upload may begin after it was announced
 * @param intentTtl how long an announced upload is waited for; what has arrived of it is removed then
 * @param sweepPeriod how often uploads that have expired are looked for
 * @param maxPending uploads of one caller that may be live at a time: announced, or with a URL that can still be used
 * @param putTimeout time for one upload's whole body, where the gateway takes it itself
 * @param putBudget bytes of all uploads that the gateway takes itself at a time
 * @param putBudgetPerOwner bytes of all uploads of one owner that the gateway takes itself at a time
 * @param slowestPut bytes a second that the sender of such an upload must keep up, after 30 s of grace
 * @param completeTimeout time for the whole check of one image
 */
@ConfigurationProperties("sluice.uploads")
record UploadsProperties(
        @DefaultValue("10MB") DataSize maxImageSize,
        @DefaultValue("10m") Duration urlTtl,
        @DefaultValue("1h") Duration intentTtl,
        @DefaultValue("10m") Duration sweepPeriod,
        @DefaultValue("200") int maxPending,
        @DefaultValue("10m") Duration putTimeout,
        @DefaultValue("1GB") DataSize putBudget,
        @DefaultValue("200MB") DataSize putBudgetPerOwner,
        @DefaultValue("16KB") DataSize slowestPut,
        @DefaultValue("1m") Duration completeTimeout) {
    private static final SettingCheck CHECK = new SettingCheck("sluice.uploads.");
    private static final Duration SECOND = Duration.ofSeconds(1);

    UploadsProperties {
        CHECK.between("max-image-size", maxImageSize, DataSize.ofKilobytes(1), DataSize.ofMegabytes(100));
        CHECK.between("url-ttl", urlTtl, SECOND, Duration.ofDays(7));
        CHECK.between("intent-ttl", intentTtl, urlTtl, Duration.ofDays(30));
        CHECK.between("sweep-period", sweepPeriod, SECOND, Duration.ofDays(1));
        CHECK.between("max-pending", maxPending, 1, 100_000);
        CHECK.between("put-timeout", putTimeout, SECOND, Duration.ofHours(1));
        CHECK.between("put-budget", putBudget, maxImageSize, DataSize.ofTerabytes(1));
        CHECK.between("put-budget-per-owner", putBudgetPerOwner, maxImageSize, putBudget);
        CHECK.between("slowest-put", slowestPut, DataSize.ofBytes(1), DataSize.ofMegabytes(1));
        CHECK.between("complete-timeout", completeTimeout, SECOND, Duration.ofMinutes(10));
    }
}
