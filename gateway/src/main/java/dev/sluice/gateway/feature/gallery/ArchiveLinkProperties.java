package dev.sluice.gateway.feature.gallery;

import dev.sluice.gateway.contract.SettingCheck;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * Links to archives of stored images.
 *
 * @param ttl how long a link can be used
 * @param store memory for all links together, as an estimate
 */
@ConfigurationProperties("sluice.gallery.archive-links")
record ArchiveLinkProperties(
        @DefaultValue("10m") Duration ttl,
        @DefaultValue("16MB") DataSize store) {
    private static final SettingCheck CHECK = new SettingCheck("sluice.gallery.archive-links.");

    ArchiveLinkProperties {
        CHECK.between("ttl", ttl, Duration.ofSeconds(1), Duration.ofDays(1));
        CHECK.between("store", store, DataSize.ofKilobytes(64), DataSize.ofGigabytes(1));
    }
}
