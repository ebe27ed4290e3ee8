package dev.sluice.gateway.feature.imageproxy;

import static dev.sluice.gateway.feature.imageproxy.ProxyRig.SOON;
import static dev.sluice.gateway.feature.imageproxy.ProxyRig.TTL;
import static dev.sluice.gateway.feature.imageproxy.ProxyRig.cacheStatus;
import static dev.sluice.gateway.feature.imageproxy.ProxyRig.code;
import static dev.sluice.gateway.feature.imageproxy.ProxyRig.header;
import static dev.sluice.gateway.feature.imageproxy.ProxyRig.proxied;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.HostileOrigin.Behaviour;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.Pictures;
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
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Many callers and one image: who shares a fetch, who may leave it, and what is free afterwards. */
@ExtendWith(NoLeaks.class)
class CollapseTest {
    private static final int CROWD = 200;
    private static final int LARGEST = 16_000_000; // more than the sockets' buffers hold

    @TempDir
    private static Path directory;

    private final CountDownLatch gate = new CountDownLatch(1);
    private final List<Socket> sockets = new ArrayList<>();
    private final String path = "/" + ++tests + ".png";
    private int filesBefore;

    private static ProxyRig rig;
    private static int tests;

    @BeforeAll
    static void start() {
        rig = ProxyRig.in(
                directory.resolve("cache"),
                "sluice.image-proxy.fetch-timeout",
                "30s",
                "sluice.fetch.first-byte-timeout",
                "30s",
                "sluice.image-proxy.max-image-size",
                "20MB",
                "sluice.image-proxy.buffer-budget",
                "24MB",
                "sluice.image-proxy.memory-timeout",
                "20ms",
                // Longer than a busy machine keeps a client from reading.
                "sluice.inbound.stalled-after",
                "2s");
    }

    @AfterEach
    void everythingIsFree() throws IOException {
        gate.countDown();
        for (Socket socket : sockets) {
            socket.close();
        }
        rig.awaitGauge("sluice.image_proxy.waiting", 0);
        rig.awaitGauge("sluice.image_proxy.fetches", 0);
        rig.awaitFreeMemory();
    }

    @AfterAll
    static void stop() {
        rig.close();
    }

    @BeforeEach
    void look() {
        filesBefore = rig.files().size();
    }

    /** Waits until the test lets it go. */
    private Behaviour gated(Behaviour then) {
        return exchange -> {
            if (!gate.await(SOON.toSeconds(), TimeUnit.SECONDS)) {
                throw new IOException("nobody opened the gate");
            }
            then.answer(exchange);
        };
    }

    private Socket client() {
        Socket client = rig.rawClient(path, 4096);
        sockets.add(client);
        return client;
    }

    private List<CompletableFuture<HttpResponse<byte[]>>> crowd(HttpClient client, int count) {
        List<CompletableFuture<HttpResponse<byte[]>>> answers = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            answers.add(client.sendAsync(
                    rig.asAlice(proxied(rig.origin.url(path))).timeout(SOON).build(), BodyHandlers.ofByteArray()));
        }
        return answers;
    }

    private void awaitWaiting(int callers) {
        rig.awaitGauge("sluice.image_proxy.waiting", callers);
    }

    private static String answer(Socket client) throws IOException {
        return new String(client.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
    }

    @Test
    void crowdOfMissesIsOneRequestAtTheOriginAndAsManyWholeImages() {
        byte[] picture = Pictures.png(300_000);
        rig.origin.on(path, gated(Behaviours.image(picture)));
        try (HttpClient client = HttpClient.newHttpClient()) {
            List<CompletableFuture<HttpResponse<byte[]>>> answers = crowd(client, CROWD);
            awaitWaiting(CROWD);
            gate.countDown();

            List<HttpResponse<byte[]>> all =
                    answers.stream().map(CompletableFuture::join).toList();
            assertThat(all).allSatisfy(answer -> {
                assertThat(answer.statusCode()).isEqualTo(200);
                assertThat(answer.body()).isEqualTo(picture);
            });
            assertThat(all.stream()
                            .filter(answer -> cacheStatus(answer)
                                    .equals("sluice; fwd=uri-miss; fwd-status=200; collapsed; stored")))
                    .hasSize(CROWD - 1);
        }
        assertThat(rig.origin.requests(path)).isEqualTo(1);
    }

    @Test
    void crowdBeforeAnImagePastItsTimeIsOneRequestToo() {
        byte[] picture = Pictures.png(300_000);
        rig.origin.on(path, Behaviours.image(picture));
        rig.get(path);
        rig.clock.move(TTL);
        rig.origin.on(path, gated(Behaviours.status(500)));
        try (HttpClient client = HttpClient.newHttpClient()) {
            List<CompletableFuture<HttpResponse<byte[]>>> answers = crowd(client, 20);
            awaitWaiting(20);
            gate.countDown();

            assertThat(answers.stream().map(CompletableFuture::join)).allSatisfy(answer -> {
                assertThat(answer.body()).isEqualTo(picture);
                assertThat(cacheStatus(answer)).contains("stale-if-error");
            });
        }
        assertThat(rig.origin.requests(path)).isEqualTo(2);
    }

    @Test
    void failureReachesAllWhoWait() {
        rig.origin.on(path, gated(Behaviours.status(500)));
        try (HttpClient client = HttpClient.newHttpClient()) {
            List<CompletableFuture<HttpResponse<byte[]>>> answers = crowd(client, 50);
            awaitWaiting(50);
            gate.countDown();

            assertThat(answers.stream().map(CompletableFuture::join)).allSatisfy(answer -> {
                assertThat(answer.statusCode()).isEqualTo(502);
                assertThat(code(answer)).isEqualTo("upstream_failed");
            });
        }
        assertThat(rig.origin.requests(path)).isEqualTo(1);
    }

    @Test
    void callerThatLeavesEndsNothingForTheOthers() throws IOException {
        rig.origin.on(path, gated(Behaviours.image(Pictures.png(1_000))));
        Socket first = client();
        awaitWaiting(1);
        Socket second = client();
        Socket third = client();
        awaitWaiting(3);

        first.close();
        awaitWaiting(2);
        third.close();
        awaitWaiting(1);
        gate.countDown();

        assertThat(answer(second)).startsWith("HTTP/1.1 200 OK\r\n").contains("collapsed");
        assertThat(rig.origin.requests(path)).isEqualTo(1);
    }

    @Test
    void lastCallerThatLeavesEndsTheFetch() throws IOException {
        rig.origin.on(path, Behaviours.stalled(2_000_000, 1_000_000));
        Socket first = client();
        Socket second = client();
        awaitWaiting(2);
        Await.until(
                SOON,
                "the image has its memory",
                () -> rig.memory().available() < rig.memory().capacity());

        first.close();
        awaitWaiting(1);
        assertThat(rig.memory().available()).isLessThan(rig.memory().capacity());
        second.close();

        rig.origin.await(
                SOON,
                "its connection is closed",
                () -> rig.origin.requests().stream()
                        .filter(request -> request.path().equals(path))
                        .allMatch(request -> request.connection().isClosed()));
        rig.awaitFreeMemory();
        assertThat(rig.files()).hasSize(filesBefore);
    }

    @Test
    void nextCallerAfterAllHaveLeftBeginsAnew() throws IOException {
        rig.origin.on(path, Behaviours.failing(1, Behaviours.silent(), Behaviours.image(Pictures.png(1_000))));
        Socket left = client();
        rig.origin.await(SOON, "the origin is asked", () -> rig.origin.requests(path) == 1);
        left.close();
        awaitWaiting(0);

        assertThat(rig.get(path).statusCode()).isEqualTo(200);
        assertThat(rig.origin.requests(path)).isEqualTo(2);
    }

    @Test
    void callerThatLeavesWhileItIsSentAnImageFreesIt() throws IOException {
        rig.origin.on(path, Behaviours.image(Pictures.png(LARGEST)));
        rig.get(path);

        Socket client = client();
        assertThat(client.getInputStream().readNBytes(100_000)).hasSize(100_000);
        client.close();

        awaitNoReader();
    }

    @RepeatedTest(5)
    void callerThatLeavesWhileItIsSentAnImageThatIsNotKeptFreesItsMemory() throws IOException {
        rig.origin.on(
                path,
                Behaviours.answer(
                        Pictures.png(LARGEST),
                        "Content-Type: image/png",
                        "Content-Length: " + LARGEST,
                        "Cache-Control: no-store"));

        Socket client = client();
        assertThat(client.getInputStream().readNBytes(100_000)).hasSize(100_000);
        assertThat(rig.memory().available()).isLessThan(rig.memory().capacity());
        client.close();

        rig.awaitFreeMemory();
    }

    @Test
    void callerThatStopsReadingACachedImageIsCutOff() throws IOException {
        rig.origin.on(path, Behaviours.image(Pictures.png(LARGEST)));
        rig.get(path);

        Socket client = client();
        assertThat(client.getInputStream().readNBytes(1_000)).hasSize(1_000);

        awaitNoReader(); // while the client is still there
        assertThat(bytesLeft(client)).isLessThan(LARGEST - 1_000);
    }

    private static long bytesLeft(Socket client) {
        byte[] piece = new byte[65_536];
        long all = 0;
        try {
            for (int count = 0; count >= 0; count = client.getInputStream().read(piece)) {
                all += count;
            }
        } catch (IOException reset) {
            // What was on its way is lost: that is an end too.
        }
        return all;
    }

    /** A file that was purged stays until its last reader has gone. */
    private void awaitNoReader() {
        assertThat(rig.files()).hasSize(filesBefore + 1);
        String admin = rig.gateway.signIn("root", "admin");
        HttpResponse<byte[]> purged =
                rig.gateway.send(rig.as(admin, proxied(rig.origin.url(path)).replace("/api/", "/api/admin/"))
                        .DELETE());
        assertThat(purged.statusCode()).isEqualTo(204);
        Await.until(SOON, "no reader is left", () -> rig.files().size() == filesBefore);
    }

    @Test
    void imageThatFindsNoMemoryIsRefusedUntilThereIsSome() throws IOException {
        rig.origin
                .on(path, Behaviours.stalled(LARGEST, 1_000_000))
                .on("/next.png", Behaviours.image(Pictures.png(LARGEST)))
                .on("/small.png", Behaviours.image(Pictures.png(10_000)));
        Socket client = client();
        Await.until(
                SOON,
                "the image has its memory",
                () -> rig.memory().available() < rig.memory().capacity());

        HttpResponse<byte[]> refused = rig.get("/next.png");
        assertThat(refused.statusCode()).isEqualTo(503);
        assertThat(code(refused)).isEqualTo("overloaded");
        assertThat(header(refused, "Retry-After")).isEqualTo("1");
        assertThat(rig.get("/small.png").statusCode()).isEqualTo(200);

        client.close();
        rig.awaitFreeMemory();
        assertThat(rig.get("/next.png").statusCode()).isEqualTo(200);
    }

    @Test
    void imagePastItsTimeIsShownWhenThereIsNoRoomToAskForANewOne() throws IOException {
        rig.origin
                .on("/old.png", Behaviours.image(Pictures.png(LARGEST)))
                .on(path, Behaviours.stalled(LARGEST, 1_000_000));
        rig.get("/old.png");
        rig.clock.move(TTL);
        client();
        Await.until(
                SOON,
                "the image has its memory",
                () -> rig.memory().available() < rig.memory().capacity());

        HttpResponse<byte[]> stale = rig.get("/old.png");

        assertThat(stale.statusCode()).isEqualTo(200);
        assertThat(stale.body()).hasSize(LARGEST);
        assertThat(cacheStatus(stale)).isEqualTo("sluice; fwd=stale; detail=stale-if-error");
    }

    @Test
    void fetchesBeyondTheirNumberAreRefused() throws IOException {
        try (ProxyRig narrow = ProxyRig.withoutCache("sluice.image-proxy.concurrent-fetches", "1")) {
            narrow.origin.on(path, Behaviours.silent()).on("/other.png", Behaviours.image(Pictures.png(1_000)));
            try (Socket first = narrow.rawClient(path, 4096)) {
                narrow.origin.awaitRequests(1, SOON);

                HttpResponse<byte[]> refused = narrow.get("/other.png");
                assertThat(refused.statusCode()).isEqualTo(503);
                assertThat(code(refused)).isEqualTo("overloaded");
                assertThat(header(refused, "Retry-After")).isEqualTo("1");
                assertThat(first.isConnected()).isTrue();
            }
            narrow.awaitGauge("sluice.image_proxy.fetches", 0);
            assertThat(narrow.get("/other.png").statusCode()).isEqualTo(200);
        }
    }
}
