package dev.sluice.gateway.outbound.alert;

import dev.sluice.gateway.contract.SettingCheck;
import dev.sluice.gateway.contract.http.HttpUrl;
import java.net.URI;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * {@code sluice.alerts.*}.
 *
 * @param sentryDsn where warnings go besides the log; empty means nowhere else
 * @param repeatAfter how long the same warning is not repeated, 1 s to 7 d
 * @param queue warnings that may wait to be sent, 1 to 1,000; further ones are lost
 * @param closeTimeout how long a stopping gateway waits for warnings that are being sent, 0 to 30 s
 */
@ConfigurationProperties("sluice.alerts")
record AlertProperties(
        @DefaultValue("") String sentryDsn,
        @DefaultValue("1h") Duration repeatAfter,
        @DefaultValue("30") int queue,
        @DefaultValue("2s") Duration closeTimeout) {
    private static final SettingCheck CHECK = new SettingCheck("sluice.alerts.");

    AlertProperties {
        sentryDsn = sentryDsn.strip();
        if (!sentryDsn.isEmpty() && !isDsn(sentryDsn)) {
            // Its value is not told: it holds a key.
            throw CHECK.bad("sentry-dsn", "[not shown]", "https://KEY@HOST/PROJECT, as Sentry shows it");
        }
        CHECK.between("repeat-after", repeatAfter, Duration.ofSeconds(1), Duration.ofDays(7));
        CHECK.between("queue", queue, 1, 1000);
        CHECK.between("close-timeout", closeTimeout, Duration.ZERO, Duration.ofSeconds(30));
    }

    @Override
    public String toString() {
        return "AlertProperties[sentryDsn=" + (sentryDsn.isEmpty() ? "none" : "[not shown]") + ", repeatAfter="
                + repeatAfter + ", queue=" + queue + ", closeTimeout=" + closeTimeout + "]";
    }

    private static boolean isDsn(String text) {
        URI dsn = HttpUrl.parse(text);
        if (dsn == null || dsn.getUserInfo() == null || dsn.getUserInfo().isEmpty()) {
            return false;
        }
        String path = dsn.getPath();
        return path.length() > 1 && !path.endsWith("/");
    }
}
