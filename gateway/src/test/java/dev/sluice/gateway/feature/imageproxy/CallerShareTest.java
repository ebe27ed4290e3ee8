package dev.sluice.gateway.feature.imageproxy;

import static dev.sluice.gateway.feature.imageproxy.ProxyRig.cacheStatus;
import static dev.sluice.gateway.feature.imageproxy.ProxyRig.proxied;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.Pictures;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** One caller that asks for ever new images has others' evicted up to its share, and no more. */
@ExtendWith(NoLeaks.class)
class CallerShareTest {
    private static final byte[] PICTURE = Pictures.png(300_000);
    private static final String KEPT = "sluice; fwd=uri-miss; fwd-status=200; stored";
    private static final String SENT = "sluice; fwd=uri-miss; fwd-status=200";

    @TempDir
    private Path directory;

    @Test
    void oneCallerDoesNotTurnTheCacheOver() {
        try (ProxyRig rig = ProxyRig.in(
                directory.resolve("cache"),
                "sluice.image-proxy.cache.max-size",
                "2MB",
                "sluice.image-proxy.cache.caller-share",
                "25")) {
            for (int image = 0; image < 6; image++) {
                assertThat(get(rig, "alice", "/" + image)).as("room enough").isEqualTo(KEPT);
            }

            assertThat(get(rig, "mallory", "/6")).isEqualTo(KEPT);
            assertThat(get(rig, "mallory", "/7")).as("beyond its share").isEqualTo(SENT);
            assertThat(get(rig, "mallory", "/8")).isEqualTo(SENT);
            assertThat(get(rig, "alice", "/1")).startsWith("sluice; hit");

            assertThat(get(rig, "bob", "/9")).as("another's share").isEqualTo(KEPT);
            rig.clock.move(Duration.ofMinutes(5));
            assertThat(get(rig, "mallory", "/7")).as("not back yet").isEqualTo(SENT);
            rig.clock.move(Duration.ofMinutes(55));
            assertThat(get(rig, "mallory", "/7")).as("an hour later").isEqualTo(KEPT);
        }
    }

    private static String get(ProxyRig rig, String user, String path) {
        rig.origin.on(path, Behaviours.image(PICTURE));
        return cacheStatus(rig.gateway.send(rig.as(rig.gateway.signIn(user, "user"), proxied(rig.origin.url(path)))));
    }
}
