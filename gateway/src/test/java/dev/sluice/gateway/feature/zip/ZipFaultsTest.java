package dev.sluice.gateway.feature.zip;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.gateway.testing.Archives;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.Canary;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.HostileOrigin.Behaviour;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.Pictures;
import dev.sluice.gateway.testing.RunningGateway;
import dev.sluice.zipstream.BufferBudget;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** One origin misbehaves, and the other images arrive as if nothing had happened. */
@ExtendWith(NoLeaks.class)
class ZipFaultsTest {
    private static final int IMAGES = 20;
    private static final int SIX_MEGABYTES = 6 * 1024 * 1024;
    private static final JsonMapper JSON = new JsonMapper();
    private static final byte[] PICTURE = Pictures.png(30_000);

    private static HostileOrigin origin;
    private static Canary canary;
    private static RunningGateway gateway;

    @BeforeAll
    static void start() {
        origin = HostileOrigin.start();
        canary = Canary.start();
        for (int index = 0; index < IMAGES; index++) {
            origin.on("/" + index + ".png", Behaviours.image(PICTURE));
        }
        gateway = RunningGateway.start(
                origin,
                Map.of(
                        "sluice.zip.image-timeout", "3s",
                        "sluice.fetch.minimum-rate.grace", "1s",
                        "sluice.fetch.retry.backoff", "10ms"));
    }

    @AfterAll
    static void stop() {
        gateway.close();
        origin.close();
        canary.close();
    }

    @AfterEach
    void everythingReservedComesBack() {
        for (String kind : List.of("imageMemory", "imageDisk")) {
            BufferBudget budget = gateway.bean(kind, BufferBudget.class);
            origin.await(Duration.ofSeconds(5), kind + " is free again", () -> budget.available() == budget.capacity());
            assertThat(budget.queued()).isZero();
        }
    }

    static Stream<Arguments> faults() {
        return Stream.of(
                fault("a 404", "upstream_status", Behaviours.status(404)),
                fault("HTML that says so", "not_an_image", Behaviours.body("text/html", html())),
                fault("HTML that calls itself an image", "not_an_image", Behaviours.body("image/png", html())),
                fault("6 MB by header", "too_large", Behaviours.sized(SIX_MEGABYTES)),
                fault("6 MB in chunks", "too_large", Behaviours.chunked(SIX_MEGABYTES)),
                fault("a byte now and then", "timed_out", Behaviours.drip(10_000, Duration.ofMillis(100))),
                fault("less than its Content-Length", "connection_failed", Behaviours.truncated(30_000, 20_000)),
                fault("a reset", "connection_failed", Behaviours.resetAfter(30_000, 20_000)),
                fault("a redirect inside", "blocked_address", Behaviours.redirect(302, inside())));
    }

    private static Arguments fault(String what, String code, Behaviour behaviour) {
        return Arguments.of(what, code, behaviour);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("faults")
    void oneFaultLeavesTheOtherNineteenIntact(String what, String code, Behaviour behaviour) {
        origin.on("/bad.png", behaviour);
        List<String> urls = goodUrls();
        urls.set(7, origin.url("/bad.png"));

        HttpResponse<byte[]> answer = gateway.post("/api/zip", request(urls, "skip"));

        assertThat(answer.statusCode()).isEqualTo(200);
        assertSkipped(Archives.read(answer.body()), 7, origin.url("/bad.png"), code);
    }

    @Test
    void blockedAddressIsLeftOutAndNeverReached() {
        String url = "http://127.0.0.1:" + canary.port() + "/";
        List<String> urls = goodUrls();
        urls.set(0, url);

        HttpResponse<byte[]> answer = gateway.post("/api/zip", request(urls, "skip"));

        assertSkipped(Archives.read(answer.body()), 0, url, "invalid_url");
        assertThat(canary.connections()).isZero();
    }

    @Test
    void nothingAtAllIsAnErrorThatListsWhatFailed() throws IOException {
        origin.on("/bad.png", Behaviours.status(404));

        HttpResponse<byte[]> answer = gateway.post(
                "/api/zip", request(List.of(origin.url("/bad.png"), "http://10.0.0.1/", "nonsense"), "skip"));

        assertThat(answer.statusCode()).isEqualTo(502);
        assertThat(answer.headers().firstValue("Content-Type")).hasValue("application/problem+json");
        assertThat(answer.headers().firstValue("Content-Disposition")).isEmpty();
        JsonNode problem = JSON.readTree(answer.body());
        assertThat(problem.path("code").asString()).isEqualTo("no_image_available");
        assertThat(problem.path("images")
                        .valueStream()
                        .map(image -> image.path("code").asString()))
                .containsExactly("upstream_status", "blocked_address", "invalid_url");
    }

    @Test
    void firstImageThatFailsInAllOrNothingModeIsAProblem() throws IOException {
        origin.on("/bad.png", Behaviours.status(404));

        HttpResponse<byte[]> answer =
                gateway.post("/api/zip", request(List.of(origin.url("/bad.png"), origin.url("/1.png")), "fail"));

        assertThat(answer.statusCode()).isEqualTo(502);
        assertThat(JSON.readTree(answer.body()).path("code").asString()).isEqualTo("upstream_failed");
        assertThat(JSON.readTree(answer.body()).path("detail").asString()).startsWith("images[0]: ");
    }

    @Test
    void laterImageThatFailsInAllOrNothingModeIsAProblemToo() {
        origin.on("/bad.png", Behaviours.status(404));
        List<String> urls = goodUrls();
        urls.set(14, origin.url("/bad.png"));

        for (String path : List.of("/api/zip", "/api/zip/base64")) {
            HttpResponse<byte[]> answer = gateway.post(path, request(urls, "fail"));

            assertThat(answer.statusCode()).isEqualTo(502);
            JsonNode problem = JSON.readTree(answer.body());
            assertThat(problem.path("code").asString()).isEqualTo("upstream_failed");
            assertThat(problem.path("detail").asString()).startsWith("images[14]: ");
            assertThat(problem.at("/images/0/index").asInt()).isEqualTo(14);
            assertThat(problem.at("/images/0/code").asString()).isEqualTo("upstream_status");
        }
    }

    @Test
    void allOrNothingIsAllWithItsLength() {
        byte[] streamed = gateway.post("/api/zip", request(goodUrls(), "skip")).body();

        HttpResponse<byte[]> answer = gateway.post("/api/zip", request(goodUrls(), "fail"));
        HttpResponse<byte[]> base64 = gateway.post("/api/zip/base64", request(goodUrls(), "fail"));

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.headers().firstValue("Content-Length")).hasValue(String.valueOf(streamed.length));
        assertThat(answer.body()).isEqualTo(streamed);
        assertThat(base64.headers().firstValue("Content-Length")).hasValue(String.valueOf(base64.body().length));
        assertThat(Base64.getDecoder()
                        .decode(JSON.readTree(base64.body()).path("base64").asString()))
                .isEqualTo(streamed);
    }

    @ParameterizedTest
    @ValueSource(strings = {"skip", "fail", "cut"})
    void archiveOfOneImageHasItsLength(String onError) {
        HttpResponse<byte[]> answer = gateway.post("/api/zip", request(List.of(origin.url("/1.png")), onError));

        assertThat(answer.headers().firstValue("Content-Length")).hasValue(String.valueOf(answer.body().length));
        assertThat(Archives.read(answer.body())).containsOnlyKeys("1.png");
    }

    @Test
    void laterImageThatFailsCutsWhatMayBeCut() {
        origin.on("/bad.png", Behaviours.status(404));
        List<String> urls = goodUrls();
        urls.set(14, origin.url("/bad.png"));

        assertThatThrownBy(() -> gateway.post("/api/zip", request(urls, "cut")))
                .isInstanceOf(UncheckedIOException.class);
    }

    @Test
    void sameRequestMakesTheSameBytes() {
        byte[] first = gateway.post("/api/zip", request(goodUrls(), "skip")).body();
        byte[] second = gateway.post("/api/zip", request(goodUrls(), "skip")).body();

        assertThat(second).isEqualTo(first);
        assertThat(Archives.read(first)).hasSize(IMAGES);
    }

    private static void assertSkipped(SequencedMap<String, byte[]> entries, int index, String url, String code) {
        assertThat(entries).hasSize(IMAGES);
        assertThat(entries.lastEntry().getKey()).isEqualTo("manifest.json");
        JsonNode skipped = JSON.readTree(entries.lastEntry().getValue()).path("skipped");
        assertThat(skipped.size()).isEqualTo(1);
        assertThat(skipped.path(0).path("index").asInt()).isEqualTo(index);
        assertThat(skipped.path(0).path("url").asString()).isEqualTo(url);
        assertThat(skipped.path(0).path("code").asString()).isEqualTo(code);
        entries.pollLastEntry();
        assertThat(entries.values()).allSatisfy(content -> assertThat(content).isEqualTo(PICTURE));
    }

    private static List<String> goodUrls() {
        List<String> urls = new ArrayList<>();
        for (int index = 0; index < IMAGES; index++) {
            urls.add(origin.url("/" + index + ".png"));
        }
        return urls;
    }

    static String request(List<String> urls, String onError) {
        return urls.stream()
                .map(url -> "{\"url\":\"" + url + "\"}")
                .collect(Collectors.joining(",", "{\"images\":[", "],\"onError\":\"" + onError + "\"}"));
    }

    private static String inside() {
        return "http://127.0.0.1:80/";
    }

    private static byte[] html() {
        return "<!doctype html><title>Not a picture</title>".getBytes(StandardCharsets.UTF_8);
    }
}
