package dev.sluice.gateway.outbound.database;

import dev.sluice.gateway.contract.SettingCheck;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * {@code sluice.quota.*}: what one owner may have for good.
 *
 * @param storage of the store: generated, imported and uploaded images with their thumbnails, 1 MB to 1 PB
 */
@ConfigurationProperties("sluice.quota")
public record StorageQuota(@DefaultValue("5GB") DataSize storage) {
    private static final SettingCheck CHECK = new SettingCheck("sluice.quota.");

    public StorageQuota {
        CHECK.between("storage", storage, DataSize.ofMegabytes(1), DataSize.ofTerabytes(1024));
    }

    long bytes() {
        return storage.toBytes();
    }
}
