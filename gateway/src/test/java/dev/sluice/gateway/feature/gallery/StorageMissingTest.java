package dev.sluice.gateway.feature.gallery;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.outbound.storage.S3Server;
import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.RunningGateway;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import reactor.test.StepVerifier;
import tools.jackson.databind.JsonNode;

/** A bucket that somebody takes away under a running gateway, and makes anew. */
@ExtendWith(NoLeaks.class)
class StorageMissingTest {
    private static final Duration SOON = Duration.ofSeconds(30);

    private S3Server server;
    private String bucket;
    private HostileOrigin origin;
    private RunningGateway gateway;
    private GalleryClient alice;

    @BeforeEach
    void start() {
        server = S3Server.start();
        bucket = server.newBucket();
        origin = HostileOrigin.start();
        origin.on("/a.png", Behaviours.image(Drawn.noise(60, 60)));
        gateway = RunningGateway.start(
                origin,
                Map.of(
                        "sluice.storage.s3.bucket",
                        bucket,
                        "sluice.storage.s3.endpoint",
                        server.endpoint(),
                        "sluice.storage.s3.access-key",
                        S3Server.ACCESS_KEY,
                        "sluice.storage.s3.secret-key",
                        S3Server.SECRET_KEY,
                        "sluice.gallery.reconcile-period",
                        "1d",
                        "sluice.gallery.reconcile-grace",
                        "1s"));
        alice = GalleryClient.alice(gateway::uri);
    }

    @AfterEach
    void stop() {
        gateway.close();
        origin.close();
        server.close();
    }

    private String health() {
        return new String(gateway.get("/actuator/health").body(), StandardCharsets.UTF_8);
    }

    private static String status(JsonNode image) {
        return image.required("status").stringValue();
    }

    @Test
    void missingBucketIsSaidToBeMissingAndCostsNoImage() {
        String path = alice.imported(origin.url("/a.png"));
        String id = path.substring(path.lastIndexOf('/') + 1);

        server.remove(bucket);

        for (HttpResponse<byte[]> answer : List.of(
                alice.get(path + "/file"),
                alice.get("/api/images/zip?ids=" + id),
                alice.importing(origin.url("/a.png")),
                alice.delete(path))) {
            assertThat(answer.statusCode())
                    .as(answer.request().method() + " " + answer.uri())
                    .isEqualTo(503);
            assertThat(GalleryClient.code(answer)).isEqualTo("storage_missing");
            assertThat(GalleryClient.json(answer).required("reason").stringValue())
                    .isEqualTo("missing");
        }
        Await.until(SOON, "health tells it", () -> health().contains("\"failure\":\"missing\""));
        assertThat(health()).contains("\"bucket\":\"" + bucket + "\"");
        StepVerifier.create(gateway.bean(Reconciler.class).pass())
                .expectErrorSatisfies(error -> assertThat(error).hasMessageContaining("NoSuchBucket"))
                .verify(SOON);
        assertThat(status(GalleryClient.json(alice.get(path)))).isEqualTo("completed");
    }

    @Test
    void bucketThatWasMadeAnewFailsNoImageThatTheOldOneHad() {
        List<String> old = List.of(alice.imported(origin.url("/a.png")), alice.imported(origin.url("/a.png")));

        server.remove(bucket);
        server.make(bucket);

        gateway.bean(Reconciler.class).pass().block(SOON);
        assertThat(old)
                .allMatch(path -> status(GalleryClient.json(alice.get(path))).equals("completed"));
        Await.until(SOON, "the store's clock, of whole seconds, has moved on", new NextSecond()::isOver);
        String later = alice.imported(origin.url("/a.png"));
        gateway.bean(Reconciler.class).pass().block(SOON);
        assertThat(old)
                .allMatch(path -> status(GalleryClient.json(alice.get(path))).equals("completed"));
        assertThat(alice.get(later + "/file").statusCode()).isEqualTo(200);
        HttpResponse<byte[]> gone = alice.get(old.getFirst() + "/file");
        assertThat(gone.statusCode()).isEqualTo(502);
        assertThat(GalleryClient.code(gone)).isEqualTo("storage_failed");
    }

    /** Listings of stores tell whole seconds. */
    private static final class NextSecond {
        private final long begun = System.currentTimeMillis() / 1000;

        boolean isOver() {
            return System.currentTimeMillis() / 1000 > begun;
        }
    }
}
