package dev.sluice.gateway.feature.imageproxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.GatewayProcess;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.Pictures;
import dev.sluice.gateway.testing.WatchedGateway;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

/** No image blocks an event loop, whether it is fetched, stored, sent from a file or sent from memory. */
class NonBlockingProxyTest {
    private static final List<String> FLAGS = List.of(
            "-Xmx256m",
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-XX:+AllowRedefinitionToAddDeleteMethods",
            "-XX:+EnableDynamicAgentLoading",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow");

    @TempDir
    private static Path directory;

    private static final HttpClient CLIENT = HttpClient.newHttpClient();
    private static HostileOrigin origin;
    private static GatewayProcess gateway;
    private static String token;

    @BeforeAll
    static void start() throws Exception {
        origin = HostileOrigin.start()
                .on("/large.png", Behaviours.image(Pictures.png(1_000_000)))
                .on("/wide.png", Behaviours.image(DrawnPictures.noise(400, 200, 1)))
                .on("/small.png", Behaviours.image(Pictures.png(20_000)))
                .on("/gone.png", Behaviours.status(410))
                .on("/inside.png", Behaviours.redirect(302, "http://10.0.0.1/"));
        Map<String, String> settings = Map.of(
                "sluice.fetch.allow-networks",
                origin.addressAndPort(),
                "sluice.limits.enabled",
                "false",
                "sluice.image-proxy.cache.directory",
                directory.resolve("cache").toString());
        gateway = GatewayProcess.start(WatchedGateway.class, FLAGS, settings, directory.resolve("gateway.log"));
        HttpResponse<String> session = CLIENT.send(
                HttpRequest.newBuilder(gateway.uri("/api/session"))
                        .header("Content-Type", "application/json")
                        .POST(BodyPublishers.ofString("{\"user\":\"alice\",\"roles\":[\"admin\"]}"))
                        .build(),
                BodyHandlers.ofString());
        token = JsonMapper.shared().readTree(session.body()).required("token").stringValue();
    }

    @AfterAll
    static void stop() {
        gateway.close();
        origin.close();
    }

    @AfterEach
    void nothingBlockedButOnPurpose() {
        List<String> reports = Arrays.stream(gateway.log().split(WatchedGateway.BLOCKED, -1))
                .skip(1)
                .toList();
        assertThat(reports)
                .hasSizeGreaterThan(0)
                .allSatisfy(report -> assertThat(report).contains(WatchedGateway.ON_PURPOSE));
    }

    private static HttpResponse<byte[]> send(String method, String path, String... headers) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(gateway.uri(path))
                .timeout(ProxyRig.SOON)
                .header("Authorization", "Bearer " + token)
                .method(method, BodyPublishers.noBody());
        return CLIENT.send(
                (headers.length == 0 ? request : request.headers(headers)).build(), BodyHandlers.ofByteArray());
    }

    private static String image(String path) {
        return ProxyRig.proxied(origin.url(path));
    }

    @Test
    void missesAndHitsOfEverySize() throws Exception {
        for (String path : List.of("/large.png", "/small.png")) {
            byte[] missed = send("GET", image(path)).body();
            for (int hit = 1; hit <= 3; hit++) {
                HttpResponse<byte[]> answer = send("GET", image(path));
                assertThat(ProxyRig.cacheStatus(answer)).startsWith("sluice; hit");
                assertThat(answer.body()).isEqualTo(missed);
            }
            assertThat(send("HEAD", image(path)).statusCode()).isEqualTo(200);
            assertThat(send("GET", image(path), "Range", "bytes=10-19").body()).hasSize(10);
            assertThat(send("GET", image(path), "If-None-Match", "*").statusCode())
                    .isEqualTo(304);
        }
    }

    @Test
    void missesAndHitsOfAWidth() throws Exception {
        String wide = image("/wide.png") + "&w=160";
        byte[] made = send("GET", wide).body();

        assertThat(DrawnPictures.read(made).getWidth()).isEqualTo(160);
        HttpResponse<byte[]> answer = send("GET", wide);
        assertThat(ProxyRig.cacheStatus(answer)).startsWith("sluice; hit");
        assertThat(answer.body()).isEqualTo(made);
        assertThat(send("HEAD", wide).statusCode()).isEqualTo(200);
        assertThat(send("GET", image("/small.png") + "&w=160").statusCode()).isEqualTo(422);
    }

    @Test
    void severalRangesOfAFile() throws Exception {
        send("GET", image("/large.png"));

        assertThat(send("GET", image("/large.png"), "Range", "bytes=0-9,500000-500009")
                        .statusCode())
                .isEqualTo(206);
    }

    @Test
    void failuresAndRefusals() throws Exception {
        assertThat(send("GET", image("/gone.png")).statusCode()).isEqualTo(404);
        assertThat(send("GET", image("/inside.png")).statusCode()).isEqualTo(502);
    }

    @Test
    void lookingUpAndPurging() throws Exception {
        send("GET", image("/large.png"));
        String entry = image("/large.png").replace("/api/", "/api/admin/");

        assertThat(send("GET", entry).statusCode()).isEqualTo(200);
        assertThat(send("DELETE", entry).statusCode()).isEqualTo(204);
    }
}
