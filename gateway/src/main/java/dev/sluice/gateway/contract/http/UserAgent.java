package dev.sluice.gateway.contract.http;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.info.BuildProperties;

/** What this gateway calls itself where it asks others. */
public final class UserAgent {
    private UserAgent() {}

    /** {@code Sluice/<version>}; without a version where it was not built as a release is. */
    public static String of(@Nullable BuildProperties build) {
        String version = build == null ? null : build.getVersion();
        return version == null ? "Sluice" : "Sluice/" + version;
    }
}
