package dev.sluice.gateway.outbound.thumbnail;

import dev.sluice.gateway.contract.SettingCheck;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * {@code sluice.thumbnails.*}.
 *
 * @param intakeTimeout how long the answer to a new image waits for its thumbnails to be stored
 * @param storeTimeout time for putting all thumbnails of one image into the store and naming them in rows
 * @param lease time for which an image belongs to one gateway in the background; longer than decoding and storing may
 *     take
 * @param poll how often to look for images that have still to get their thumbnails
 * @param retryPause pause before an image that failed is tried again, four times as long before each further try
 * @param tries tries after which an image is given up
 */
@ConfigurationProperties("sluice.thumbnails")
record ThumbnailProperties(
        @DefaultValue("10s") Duration intakeTimeout,
        @DefaultValue("1m") Duration storeTimeout,
        @DefaultValue("10m") Duration lease,
        @DefaultValue("10s") Duration poll,
        @DefaultValue("1m") Duration retryPause,
        @DefaultValue("6") int tries) {
    private static final SettingCheck CHECK = new SettingCheck("sluice.thumbnails.");
    private static final Duration SECOND = Duration.ofSeconds(1);

    ThumbnailProperties {
        CHECK.between("intake-timeout", intakeTimeout, Duration.ofMillis(10), Duration.ofMinutes(1));
        CHECK.between("store-timeout", storeTimeout, SECOND, Duration.ofHours(1));
        CHECK.between("lease", lease, SECOND, Duration.ofDays(1));
        CHECK.between("poll", poll, Duration.ofMillis(10), Duration.ofHours(1));
        CHECK.between("retry-pause", retryPause, Duration.ofMillis(10), Duration.ofDays(1));
        CHECK.between("tries", tries, 1, 100);
    }
}
