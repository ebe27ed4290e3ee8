package dev.sluice.gateway.feature.gallery;

import static dev.sluice.gateway.feature.gallery.HaltingGateway.HALT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.gateway.outbound.storage.S3Bucket;
import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.EmbeddedPostgres;
import dev.sluice.gateway.testing.GatewayProcess;
import dev.sluice.gateway.testing.HostileOrigin;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/**
 * A gateway in a JVM of its own that dies in the midst of a creation and of a deletion. Each next one finds what the
 * last has left, and soon every object has its row and every row its object.
 */
class GalleryKillOnPostgresAndS3Test {
    private static final List<String> FLAGS = List.of("-Xmx200m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC");

    @TempDir
    private Path data;

    private final HostileOrigin origin = HostileOrigin.start();
    private final byte[] png = Drawn.noise(200, 200); // more than one buffer

    @BeforeEach
    void prepare() {
        origin.on("/a.png", Behaviours.image(png));
    }

    @AfterEach
    void stop() {
        origin.close();
    }

    private Map<String, String> settings() {
        return Map.of(
                "sluice.fetch.allow-networks", origin.addressAndPort(),
                "sluice.limits.enabled", "false",
                "sluice.gallery.generation.poll", "50ms",
                "sluice.gallery.generation.lease", "1s",
                // Its first put is that of a JVM that has just begun.
                "sluice.gallery.store-timeout", "5s",
                "sluice.gallery.reconcile-period", "1s",
                "sluice.gallery.reconcile-grace", "1s");
    }

    /** One gateway after the other, each on the directories of the one before it. */
    private final class Mortal implements AutoCloseable {
        private final Map<String, String> settings;
        private GatewayProcess gateway;
        private GalleryClient alice;

        Mortal(Map<String, String> further) {
            settings = new HashMap<>(settings());
            settings.putAll(further);
            gateway = GatewayProcess.start(HaltingGateway.class, FLAGS, settings, data.resolve("log"));
            alice = GalleryClient.alice(gateway::uri);
        }

        private void rise() {
            Await.until(GalleryClient.SOON, "it is dead", () -> !gateway.isAlive());
            gateway = GatewayProcess.start(HaltingGateway.class, FLAGS, settings, data.resolve("log"));
            alice = GalleryClient.alice(gateway::uri);
        }

        private void diesDuring(String method, String path, String body, String moment) {
            assertThatThrownBy(() -> alice.send(method, path, body, HALT, moment))
                    .as("%s %s at %s", method, path, moment)
                    .hasRootCauseInstanceOf(IOException.class);
            rise();
        }

        void diesCreating(String moment) {
            diesDuring("POST", "/api/images/imports", "{\"url\":\"" + origin.url("/a.png") + "\"}", moment);
        }

        void diesDeleting(String moment) {
            diesDuring("DELETE", alice.imported(origin.url("/a.png")), "", moment);
        }

        /** Waits until as many images are left, all of them whole, and an object and a thumbnail of each. */
        private void left(int images, IntSupplier objects) {
            GalleryClient chief = GalleryClient.chief(gateway::uri);
            Await.until(
                    GalleryClient.SOON,
                    images + " images and twice as many objects",
                    () -> chief.allImages().size() == images && objects.getAsInt() == 2 * images);
            for (JsonNode image : chief.allImages()) {
                assertThat(chief.get(image.required("url").stringValue()).body())
                        .isEqualTo(png);
            }
        }

        @Override
        public void close() {
            gateway.close();
        }
    }

    @Test
    void noStepOfACreationOrDeletionLeavesHalfAnImage() {
        try (S3Bucket bucket = S3Bucket.open()) {
            Map<String, String> further = new HashMap<>(bucket.settings());
            further.put("sluice.database.url", EmbeddedPostgres.shared().newDatabase());
            try (Mortal mortal = new Mortal(further)) {
                mortal.alice.imported(origin.url("/a.png"));
                mortal.diesCreating("AFTER_PUT");
                mortal.left(1, () -> bucket.keys().size());
                mortal.diesDeleting("AFTER_DELETE");
                mortal.left(1, () -> bucket.keys().size());
            }
        }
    }
}
