package dev.sluice.gateway.feature.gallery;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.HostileOrigin.Behaviour;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.ReplicateStub;
import dev.sluice.gateway.testing.RunningGateway;
import io.micrometer.core.instrument.MeterRegistry;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** A provider, and a server of pictures, that do everything but what they should. */
@ExtendWith(NoLeaks.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ProviderFaultsTest {
    @TempDir
    private static Path data;

    private ProviderRig rig;
    private RunningGateway gateway;
    private GalleryClient alice;
    private long creations;
    private long cancellations;

    @BeforeAll
    void start() {
        rig = new ProviderRig(data);
        gateway = rig.gateway(Map.of(
                "sluice.gallery.generation.lease", "3s",
                "sluice.gallery.max-image-size", "1MB",
                "sluice.fetch.retry.backoff", "10ms"));
        alice = GalleryClient.alice(gateway::uri);
    }

    @AfterAll
    void stop() {
        gateway.close();
        rig.close();
    }

    @BeforeEach
    void decent() {
        rig.provider.create(ReplicateStub.json(201, "{\"id\":\"" + ReplicateStub.ID + "\",\"status\":\"starting\"}"));
        rig.provider.look(ReplicateStub.succeeded(Drawn.inline(Drawn.picture("png", 20, 10))));
        creations = rig.provider.creations().size();
        cancellations = rig.provider.cancellations();
    }

    @AfterEach
    void nothingIsLeft() {
        Holdings.assertIdle(gateway, rig.work());
        Holdings.settled(gateway);
    }

    private JsonNode failedImage(String prompt, String code) {
        int held = Holdings.of(gateway).objects().size();
        JsonNode image = alice.ended(alice.ordered(prompt));
        assertThat(image.required("status").stringValue()).isEqualTo("failed");
        assertThat(image.at("/error/code").stringValue()).as(image.toString()).isEqualTo(code);
        assertThat(image.at("/error/detail").stringValue()).isNotBlank();
        assertThat(image.has("url")).isFalse();
        assertThat(Holdings.of(gateway).objects()).hasSize(held);
        return image;
    }

    private long asked() {
        return rig.provider.creations().size() - creations;
    }

    @Test
    void refusedTokenFailsTheImageAtOnceAndInTheProvidersWords() {
        rig.provider.create(ReplicateStub.error(401, "You did not pass a valid token"));

        JsonNode image = failedImage("no token", "refused");

        assertThat(image.at("/error/detail").stringValue()).contains("You did not pass a valid token");
        assertThat(asked()).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({"429, busy", "500, server_error", "503, server_error"})
    void failureThatPassesIsRepeatedThreeTimesAndThenTold(int status, String code) {
        rig.provider.create(ReplicateStub.error(status, "Come back later"));

        failedImage("busy", code);

        assertThat(asked()).isEqualTo(4);
    }

    @Test
    void imageSurvivesAProviderThatIsBusyTwice() {
        rig.provider.create(Behaviours.failing(
                2,
                ReplicateStub.error(429, "Come back later"),
                ReplicateStub.json(201, "{\"id\":\"" + ReplicateStub.ID + "\",\"status\":\"starting\"}")));

        JsonNode image = alice.ended(alice.ordered("patience"));

        assertThat(image.required("status").stringValue()).isEqualTo("completed");
        assertThat(asked()).isEqualTo(3);
    }

    @ParameterizedTest
    @ValueSource(strings = {"application/octet-stream", "binary/octet-stream", ""})
    void pictureThatIsServedWithoutItsTypeIsNotLost(String contentType) {
        byte[] png = Drawn.picture("png", 20, 10);
        String length = "Content-Length: " + png.length;
        rig.pictures.on(
                "/made.bin",
                contentType.isEmpty()
                        ? Behaviours.answer(png, length)
                        : Behaviours.answer(png, length, "Content-Type: " + contentType));
        rig.pictureAt(rig.pictures.url("/made.bin"));

        JsonNode image = alice.ended(alice.ordered("no type"));

        assertThat(image.required("status").stringValue()).as(image.toString()).isEqualTo("completed");
        assertThat(image.required("contentType").stringValue()).isEqualTo("image/png");
    }

    @Test
    void pictureThatComesInHalvesIsNotLost() {
        byte[] png = Drawn.noise(200, 100);
        rig.pictures.on(
                "/twice.png", Behaviours.failing(1, Behaviours.truncated(png.length, 30_000), Behaviours.image(png)));
        rig.pictureAt(rig.pictures.url("/twice.png"));

        JsonNode image = alice.ended(alice.ordered("broken off once"));

        assertThat(image.required("status").stringValue()).as(image.toString()).isEqualTo("completed");
        assertThat(image.required("size").intValue()).isEqualTo(png.length);
    }

    @Test
    void reasonOfAFailureReachesTheCaller() {
        rig.provider.look(ReplicateStub.ended("failed", "{\"message\":\"The paint ran out\"}"));

        JsonNode image = failedImage("no paint", "failed");

        assertThat(image.at("/error/detail").stringValue()).endsWith(": The paint ran out");
    }

    @Test
    void predictionOfAnImageThatIsDeletedMeanwhileIsCancelled() {
        long looks = rig.provider.looks();
        rig.provider.look(ReplicateStub.state("processing"));
        String path = alice.ordered("not wanted any more");
        Await.until(GalleryClient.SOON, "it is looked at", () -> rig.provider.looks() > looks);

        assertThat(alice.delete(path).statusCode()).isEqualTo(204);

        Await.until(GalleryClient.SOON, "it is cancelled", () -> rig.provider.cancellations() == cancellations + 1);
    }

    /** The job is lost while the provider is asked; what it answers then is paid for, and nobody's. */
    @Test
    void predictionThatComesWhenItsImageIsDeletedIsCancelled() {
        CountDownLatch deleted = new CountDownLatch(1);
        Behaviour accepted = ReplicateStub.json(201, "{\"id\":\"" + ReplicateStub.ID + "\",\"status\":\"starting\"}");
        rig.provider.create(exchange -> {
            deleted.await();
            accepted.answer(exchange);
        });
        String path = alice.ordered("not wanted any more");
        Await.until(GalleryClient.SOON, "it is ordered", () -> asked() == 1);

        assertThat(alice.delete(path).statusCode()).isEqualTo(204);
        Await.until(GalleryClient.SOON, "its worker has left it", this::idle);
        deleted.countDown();

        Await.until(GalleryClient.SOON, "it is cancelled", () -> rig.provider.cancellations() == cancellations + 1);
    }

    private boolean idle() {
        return gateway.bean(MeterRegistry.class)
                        .get("sluice.gallery.workers.busy")
                        .gauge()
                        .value()
                == 0;
    }

    @ParameterizedTest
    @CsvSource({
        "https://elsewhere.example/a.png, invalid_url",
        "https://127.0.0.2.elsewhere.example/a.png, invalid_url",
        "https://127.0.0.2@elsewhere.example/a.png, invalid_url",
        "http://127.0.0.2/a.png, invalid_url",
        "https://169.254.169.254/latest/meta-data/, invalid_url",
        "file:///etc/passwd, broken_answer",
    })
    void urlBeyondTheProvidersOwnDomainsIsNotFetched(String url, String code) {
        int connections = rig.pictures.connections().size();
        rig.pictureAt(url);

        failedImage("astray", code);

        assertThat(rig.pictures.connections()).hasSize(connections);
    }

    @Test
    void redirectBeyondTheProvidersOwnDomainsIsNotFollowed() {
        rig.pictures.on("/away", Behaviours.redirect(302, "https://elsewhere.example/a.png"));
        rig.pictureAt(rig.pictures.url("/away"));

        failedImage("led astray", "invalid_url");
    }

    private void failsAt(String path, Behaviour behaviour, String code) {
        rig.pictures.on(path, behaviour);
        rig.pictureAt(rig.pictures.url(path));
        failedImage("as " + path, code);
        // Those of earlier tests may rest in the pool, which closes them when they have been idle for long.
        Await.until(
                GalleryClient.SOON,
                "the connections of " + path + " are closed",
                () -> rig.pictures.requests(path) > 0
                        && rig.pictures.requests().stream()
                                .filter(exchange -> exchange.path().equals(path))
                                .allMatch(exchange -> exchange.connection().isClosed()));
    }

    @Test
    void hugeFileIsRefusedByItsLengthAndCutWithoutOne() {
        long length = 100_000_000;
        failsAt("/declared.png", Behaviours.sized(length), "too_large");
        failsAt("/undeclared.png", Behaviours.chunked(length), "too_large");

        assertThat(rig.pictures.connections())
                .allSatisfy(connection -> assertThat(connection.bytesWritten()).isLessThan(20_000_000));
    }

    @Test
    void pageThatIsNamedLikeAPictureIsNotKept() {
        byte[] page = "<html><script>alert(1)</script></html>".getBytes(StandardCharsets.UTF_8);
        rig.pictures.on("/page.png", Behaviours.body("image/png", page));
        rig.pictureAt(rig.pictures.url("/page.png"));

        failedImage("a page", "not_an_image");
    }

    @Test
    void pictureThatBreaksOffIsNotKept() {
        rig.pictures.on("/half.png", Behaviours.image(Drawn.half()));
        rig.pictureAt(rig.pictures.url("/half.png"));

        failedImage("half", "damaged");
    }

    @Test
    void smallFileOfManyPixelsIsNotDecoded() {
        assertThat(Drawn.bomb()).hasSizeBetween(900, 1100);
        rig.pictures.on("/bomb.png", Behaviours.image(Drawn.bomb()));
        rig.pictureAt(rig.pictures.url("/bomb.png"));

        JsonNode image = failedImage("a bomb", "too_many_pixels");

        assertThat(image.at("/error/detail").stringValue()).contains("30000 x 30000");
    }

    @Test
    void downloadThatFailsForAMomentIsRepeatedAndTheProviderIsNotAskedAgain() {
        byte[] png = Drawn.noise(50, 50);
        List<Behaviour> turns =
                List.of(Behaviours.status(503), Behaviours.resetAfter(png.length, 500), Behaviours.status(429));
        int[] turn = {0};
        rig.pictures.on(
                "/hiccup.png",
                exchange -> (turn[0] < 8 ? turns.get(turn[0]++ % 3) : Behaviours.image(png)).answer(exchange));
        rig.pictureAt(rig.pictures.url("/hiccup.png"));

        String path = alice.ordered("hiccup");

        assertThat(alice.ended(path).required("status").stringValue()).isEqualTo("completed");
        assertThat(alice.get(path + "/file").body()).isEqualTo(png);
        assertThat(asked()).isEqualTo(1);
    }

    @Test
    void downloadThatKeepsFailingIsGivenUp() {
        failsAt("/down.png", Behaviours.status(500), "upstream_status");

        assertThat(asked()).isEqualTo(1);
        assertThat(rig.pictures.requests("/down.png")).isEqualTo(4 * 3);
    }
}
