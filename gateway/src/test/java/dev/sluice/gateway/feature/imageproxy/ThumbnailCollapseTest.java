package dev.sluice.gateway.feature.imageproxy;

import static dev.sluice.gateway.feature.imageproxy.ProxyRig.SOON;
import static dev.sluice.gateway.feature.imageproxy.ProxyRig.cacheStatus;
import static dev.sluice.gateway.feature.imageproxy.ProxyRig.code;
import static dev.sluice.gateway.feature.imageproxy.ProxyRig.header;
import static dev.sluice.gateway.feature.imageproxy.ProxyRig.proxied;
import static dev.sluice.gateway.feature.imageproxy.ProxyRig.reason;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.outbound.imagecache.ImageStore;
import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.NoLeaks;
import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpClient;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Many callers, one image and one width: who shares a decoder, who may leave it, and what is free afterwards. */
@ExtendWith(NoLeaks.class)
class ThumbnailCollapseTest {
    private static final int CROWD = 50;
    private static final byte[] PICTURE = DrawnPictures.png(800, 400, 1);

    @TempDir
    private static Path directory;

    private final List<Socket> sockets = new ArrayList<>();
    private final String path = "/" + ++tests + ".png";
    private int decodedBefore;

    private static ProxyRig rig;
    private static int tests;

    @BeforeAll
    static void start() {
        rig = ProxyRig.decodingIn(directory.resolve("cache"), "sluice.image-proxy.transform-timeout", "10s");
    }

    @AfterAll
    static void stop() {
        rig.close();
    }

    @BeforeEach
    void look() {
        rig.origin.on(path, Behaviours.image(PICTURE));
        decodedBefore = rig.decoder().calls();
    }

    @AfterEach
    void everythingIsFree() throws IOException {
        rig.decoder().open();
        for (Socket socket : sockets) {
            socket.close();
        }
        awaitTransforms(0);
        rig.awaitGauge("sluice.image_proxy.waiting", 0);
        rig.awaitFreeMemory();
    }

    private int decoded() {
        return rig.decoder().calls() - decodedBefore;
    }

    private void awaitDecoded(int times) {
        Await.until(SOON, "decoded " + times + " times", () -> decoded() == times);
    }

    private void awaitTransforms(int running) {
        rig.awaitGauge("sluice.image_proxy.transforms", running);
    }

    private void awaitWaiting(int callers) {
        rig.awaitGauge("sluice.image_proxy.transforms.waiting", callers);
    }

    private Socket client() {
        Socket client = rig.rawClientOf(proxied(rig.origin.url(path), 160), 4096);
        sockets.add(client);
        return client;
    }

    private static String answer(Socket client) throws IOException {
        return new String(client.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
    }

    private List<CompletableFuture<HttpResponse<byte[]>>> crowd(HttpClient client, int... widths) {
        List<CompletableFuture<HttpResponse<byte[]>>> answers = new ArrayList<>();
        for (int width : widths) {
            for (int i = 0; i < CROWD; i++) {
                answers.add(client.sendAsync(
                        rig.asAlice(proxied(rig.origin.url(path), width))
                                .timeout(SOON)
                                .build(),
                        BodyHandlers.ofByteArray()));
            }
        }
        return answers;
    }

    @Test
    void crowdIsOneDecodingAWidthAndAsManyWholeImages() {
        rig.decoder().shut();
        try (HttpClient client = HttpClient.newHttpClient()) {
            List<CompletableFuture<HttpResponse<byte[]>>> answers = crowd(client, 160, 320);
            awaitWaiting(2 * CROWD);
            rig.decoder().open();

            List<HttpResponse<byte[]>> all =
                    answers.stream().map(CompletableFuture::join).toList();
            assertThat(all).allSatisfy(answer -> assertThat(answer.statusCode()).isEqualTo(200));
            assertThat(all.stream().map(answer -> header(answer, "ETag")).distinct())
                    .hasSize(2);
            assertThat(all.stream().filter(answer -> cacheStatus(answer).contains("; collapsed; stored")))
                    .hasSize(2 * CROWD - 2);
        }
        assertThat(decoded()).isEqualTo(2);
        assertThat(rig.origin.requests(path)).isEqualTo(1);
    }

    @Test
    void oneWhoLeavesEndsNothingForTheOthers() throws IOException {
        rig.decoder().shut();
        Socket first = client();
        awaitWaiting(1);
        Socket second = client();
        awaitWaiting(2);

        first.close();
        awaitWaiting(1);
        rig.decoder().open();

        assertThat(answer(second)).startsWith("HTTP/1.1 200 OK").contains("collapsed; stored");
        assertThat(decoded()).isEqualTo(1);
    }

    @Test
    void lastOneWhoLeavesEndsTheWork() throws IOException {
        rig.get(path);
        int files = rig.files().size();
        rig.decoder().shut();
        Socket only = client();
        awaitDecoded(1);

        only.close();

        awaitTransforms(0);
        rig.awaitFreeMemory();
        rig.decoder().open();
        assertThat(rig.files()).hasSize(files);
        assertThat(rig.get(path, 160).statusCode()).isEqualTo(200);
        assertThat(decoded()).isEqualTo(2);
    }

    @Test
    void purgeWhileAnImageIsBeingDecodedLeavesNothing() {
        rig.decoder().shut();
        try (HttpClient client = HttpClient.newHttpClient()) {
            CompletableFuture<HttpResponse<byte[]>> answer = client.sendAsync(
                    rig.asAlice(proxied(rig.origin.url(path), 160))
                            .timeout(SOON)
                            .build(),
                    BodyHandlers.ofByteArray());
            awaitDecoded(1);

            assertThat(purge()).isEqualTo(204);
            rig.decoder().open();

            assertThat(answer.join().statusCode()).isEqualTo(200);
            assertThat(cacheStatus(answer.join()))
                    .isEqualTo("sluice; fwd=uri-miss; fwd-status=200; detail=transformed");
        }
        assertThat(rig.gateway.bean(ImageStore.class).has(rig.origin.url(path))).isFalse();
    }

    private static int purge(String path) {
        String admin = rig.gateway.signIn("root", "admin");
        return rig.gateway
                .send(rig.as(admin, proxied(rig.origin.url(path)).replace("/api/", "/api/admin/"))
                        .DELETE())
                .statusCode();
    }

    private int purge() {
        return purge(path);
    }

    @Test
    void decoderThatDoesNotEndIsWaitedForNoLongerThanConfigured() {
        try (ProxyRig hasty =
                ProxyRig.decodingIn(directory.resolve("hasty"), "sluice.image-proxy.transform-timeout", "200ms")) {
            hasty.origin.on("/a.png", Behaviours.image(PICTURE));
            hasty.decoder().shut();

            HttpResponse<byte[]> answer = hasty.get("/a.png", 160);

            assertThat(answer.statusCode()).isEqualTo(503);
            assertThat(code(answer)).isEqualTo("overloaded");
            assertThat(reason(answer)).isEqualTo("timed_out");
            assertThat(header(answer, "Retry-After")).isEqualTo("10");
            hasty.decoder().open();
            hasty.awaitGauge("sluice.image_proxy.transforms", 0);
        }
    }
}
