package dev.sluice.gateway.outbound.database.image;

import dev.sluice.gateway.contract.SettingCheck;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * {@code sluice.quota.*}: what one owner may have for good.
 *
 * @param storage bytes of one owner: generated, imported and uploaded images with their thumbnails, 1 MB to 1 PB
 * @param images images of one owner, announced ones among them, 1 to 1,000,000
 * @param usages noted usages of the images of one owner, 1 to 1,000,000
 */
@ConfigurationProperties("sluice.quota")
public record StorageQuota(
        @DefaultValue("5GB") DataSize storage,
        @DefaultValue("20000") int images,
        @DefaultValue("20000") int usages) {
    private static final SettingCheck CHECK = new SettingCheck("sluice.quota.");

    public StorageQuota {
        CHECK.between("storage", storage, DataSize.ofMegabytes(1), DataSize.ofTerabytes(1024));
        CHECK.between("images", images, 1, 1_000_000);
        CHECK.between("usages", usages, 1, 1_000_000);
    }

    long bytes() {
        return storage.toBytes();
    }
}
