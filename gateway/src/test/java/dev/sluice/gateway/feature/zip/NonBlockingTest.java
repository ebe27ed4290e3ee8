package dev.sluice.gateway.feature.zip;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Archives;
import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.GatewayProcess;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.Pictures;
import dev.sluice.gateway.testing.WatchedGateway;
import java.io.InputStream;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

/** No request blocks an event loop, whichever way its images take. */
class NonBlockingTest {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final String FREE_MEMORY = "sluice_zip_budget_free_bytes{kind=\"memory\"}";
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

    private static HostileOrigin origin;
    private static GatewayProcess gateway;
    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    @BeforeAll
    static void start() {
        origin = HostileOrigin.start()
                .on("/large.png", Behaviours.image(Pictures.png(4_000_000)))
                .on("/small.png", Behaviours.image(Pictures.png(20_000)))
                .on("/gone.png", Behaviours.status(410));
        // Room for one image in memory: others of the request wait, or go to disk at once.
        Map<String, String> settings = Map.of(
                "sluice.fetch.allow-networks",
                origin.addressAndPort(),
                "sluice.zip.buffer-budget",
                "5MB",
                "sluice.zip.spool-after",
                "0ms",
                "sluice.zip.spool-directory",
                directory.resolve("spool").toString());
        gateway = GatewayProcess.start(WatchedGateway.class, FLAGS, settings, directory.resolve("gateway.log"));
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

    @Test
    void imagesThroughMemoryAndDiskAndLeftOut() throws Exception {
        String large = origin.url("/large.png");
        HttpResponse<byte[]> answer = CLIENT.send(
                post("/api/zip", request(large, large, origin.url("/gone.png"), large)), BodyHandlers.ofByteArray());

        assertThat(Archives.read(answer.body())).hasSize(4).containsKey("manifest.json");
    }

    @Test
    void clientThatLeaves() throws Exception {
        double free = gateway.metric(FREE_MEMORY);
        String[] urls = Collections.nCopies(20, origin.url("/large.png")).toArray(String[]::new);
        HttpResponse<InputStream> answer = CLIENT.send(post("/api/zip", request(urls)), BodyHandlers.ofInputStream());
        try (InputStream archive = answer.body()) {
            assertThat(archive.readNBytes(1_000_000)).hasSize(1_000_000);
        }
        Await.until(SOON, "everything is free", () -> gateway.metric(FREE_MEMORY) == free);
    }

    @Test
    void linkItsArchiveAndItsProgress() throws Exception {
        HttpResponse<String> created =
                CLIENT.send(post("/api/zip/links", request(origin.url("/small.png"))), BodyHandlers.ofString());
        var link = JsonMapper.shared().readTree(created.body());

        assertThat(Archives.read(get(link.path("url").asString()).body())).hasSize(1);
        assertThat(get(link.path("eventsUrl").asString()).statusCode()).isEqualTo(200);
        assertThat(CLIENT.send(post("/api/zip/base64", request(origin.url("/small.png"))), BodyHandlers.ofString())
                        .statusCode())
                .isEqualTo(200);
    }

    private static HttpResponse<byte[]> get(String path) throws Exception {
        return CLIENT.send(
                HttpRequest.newBuilder(gateway.uri(path)).timeout(SOON).build(), BodyHandlers.ofByteArray());
    }

    private static HttpRequest post(String path, String json) {
        return HttpRequest.newBuilder(gateway.uri(path))
                .timeout(SOON)
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(json))
                .build();
    }

    private static String request(String... urls) {
        return "{\"images\":[{\"url\":\"" + String.join("\"},{\"url\":\"", urls) + "\"}]}";
    }
}
