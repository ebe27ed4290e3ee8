package dev.sluice.gateway.feature.zip;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Archives;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.FaultyFetch;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.Pictures;
import dev.sluice.gateway.testing.RunningGateway;
import dev.sluice.zipstream.BufferBudget;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Whatever goes wrong with one image, and whatever its URL looks like, the others do not notice. */
@ExtendWith(NoLeaks.class)
class ZipIsolationTest {
    private static final JsonMapper JSON = new JsonMapper();
    private static final byte[] PICTURE = Pictures.png(30_000);
    private static final Duration SOON = Duration.ofSeconds(30);

    private static HostileOrigin origin;
    private static RunningGateway gateway;

    @BeforeAll
    static void start() {
        origin = HostileOrigin.start().on("/a.png", Behaviours.image(PICTURE));
        gateway = RunningGateway.start(origin, Map.of(), FaultyFetch.Setup.class);
        for (FaultyFetch.Step step : FaultyFetch.Step.values()) {
            origin.on(step.of("/a.png"), Behaviours.image(PICTURE));
        }
    }

    @AfterAll
    static void stop() {
        gateway.close();
        origin.close();
    }

    @AfterEach
    void everythingReservedComesBack() {
        BufferBudget memory = gateway.bean("imageMemory", BufferBudget.class);
        origin.await(SOON, "memory is free again", () -> memory.available() == memory.capacity());
    }

    @ParameterizedTest
    @EnumSource
    void stepThatThrowsCostsItsImageAlone(FaultyFetch.Step step) {
        List<String> urls = new ArrayList<>(Collections.nCopies(20, origin.url("/a.png")));
        urls.set(0, step.of(origin.url("/a.png")));
        urls.set(7, step.of(origin.url("/a.png")));
        urls.set(19, step.of(origin.url("/a.png")));

        HttpResponse<byte[]> answer = gateway.post("/api/zip", ZipFaultsTest.request(urls, "skip"));

        assertThat(answer.statusCode()).isEqualTo(200);
        SequencedMap<String, byte[]> entries = Archives.read(answer.body());
        JsonNode skipped = JSON.readTree(entries.pollLastEntry().getValue()).path("skipped");
        assertThat(skipped.valueStream().map(image -> image.path("index").asInt()))
                .containsExactly(0, 7, 19);
        assertThat(skipped.valueStream().map(image -> image.path("code").asString()))
                .containsOnly("connection_failed");
        assertThat(entries).hasSize(17);
        assertThat(entries.values()).allSatisfy(content -> assertThat(content).isEqualTo(PICTURE));
    }

    @ParameterizedTest
    @EnumSource
    void onlyImageThatThrowsIsAnAnswerThatSaysSo(FaultyFetch.Step step) {
        String request = ZipFaultsTest.request(List.of(step.of(origin.url("/a.png"))), "skip");

        HttpResponse<byte[]> answer = gateway.post("/api/zip", request);

        assertThat(answer.statusCode()).isEqualTo(502);
        assertThat(JSON.readTree(answer.body()).path("code").asString()).isEqualTo("no_image_available");
    }

    @ParameterizedTest
    @EnumSource
    void eventsTellThatItIsLeftOut(FaultyFetch.Step step) {
        String request = ZipFaultsTest.request(List.of(origin.url("/a.png"), step.of(origin.url("/a.png"))), "skip");
        JsonNode link = JSON.readTree(gateway.post("/api/zip/links", request).body());

        assertThat(Archives.read(gateway.get(link.path("url").asString()).body()))
                .hasSize(2);
        String events =
                new String(gateway.get(link.path("eventsUrl").asString()).body(), StandardCharsets.UTF_8);
        assertThat(events).contains("\"done\":1,\"skipped\":1");
    }

    @ParameterizedTest
    @EnumSource
    void base64IsWholeWithoutIt(FaultyFetch.Step step) {
        List<String> urls = List.of(origin.url("/a.png"), step.of(origin.url("/a.png")), origin.url("/a.png"));

        JsonNode answer = JSON.readTree(gateway.post("/api/zip/base64", ZipFaultsTest.request(urls, "skip"))
                .body());

        assertThat(answer.path("skipped").valueStream())
                .singleElement()
                .satisfies(image -> assertThat(image.path("index").asInt()).isEqualTo(1));
        byte[] archive = Base64.getDecoder().decode(answer.path("base64").asString());
        assertThat(answer.path("size").asInt()).isEqualTo(archive.length);
        assertThat(Archives.read(archive).keySet()).containsExactly("a.png", "a (2).png", "manifest.json");
    }

    @ParameterizedTest
    @EnumSource
    void archiveThatIsToBeWholeIsRefusedForIt(FaultyFetch.Step step) {
        List<String> urls = List.of(origin.url("/a.png"), step.of(origin.url("/a.png")), origin.url("/a.png"));
        String request = ZipFaultsTest.request(urls, "fail");

        for (String path : List.of("/api/zip", "/api/zip/base64")) {
            HttpResponse<byte[]> answer = gateway.post(path, request);

            assertThat(answer.statusCode()).isEqualTo(502);
            JsonNode problem = JSON.readTree(answer.body());
            assertThat(problem.path("code").asString()).isEqualTo("upstream_failed");
            assertThat(problem.path("images").path(0).path("index").asInt()).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '\t',
            value = {
                "/my pic.jpg\t/my%20pic.jpg\tmy pic.png",
                "/a|b.png\t/a%7Cb.png\ta_b.png",
                "/a[1].png\t/a%5B1%5D.png\ta[1].png",
                "/{x}.png\t/%7Bx%7D.png\t{x}.png",
                "/a^b.png\t/a%5Eb.png\ta^b.png",
                "/a`b.png\t/a%60b.png\ta`b.png",
                "/a\\\"b.png\t/a%22b.png\ta_b.png",
                "/a<b>.png\t/a%3Cb%3E.png\ta_b_.png",
                "/100%.png\t/100%25.png\t100%.png",
                "/a\u3000b.png\t/a%E3%80%80b.png\ta b.png",
                "/a\u00a0b.png\t/a%C2%A0b.png\ta b.png",
                "/größe 日本.png\t/gr%C3%B6%C3%9Fe%20%E6%97%A5%E6%9C%AC.png\tgröße 日本.png",
                "/sub/x.png?a=b c|d\t/sub/x.png?a=b%20c%7Cd\tx.png",
                "/%FF.png\t/%FF.png\t\uFFFD.png",
                "?x\t/?x\timage.png"
            })
    void urlAsPeopleWriteItIsFetchedAndNamed(String written, String asked, String name) {
        origin.on(asked, Behaviours.image(PICTURE));
        List<String> urls = List.of(origin.url("/a.png"), origin.url("") + written, origin.url("/a.png"));

        HttpResponse<byte[]> answer = gateway.post("/api/zip", ZipFaultsTest.request(urls, "skip"));

        assertThat(Archives.read(answer.body()).keySet()).containsExactly("a.png", name, "a (2).png");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/\u0085.png", "/\\u0000.png", "http://[x/", "\uD800://", "%", "//"})
    void urlThatNobodyCanReadCostsItsImageAlone(String written) {
        List<String> urls = List.of(origin.url("/a.png"), written, origin.url("") + written + "\\n");

        HttpResponse<byte[]> answer = gateway.post("/api/zip", ZipFaultsTest.request(urls, "skip"));

        assertThat(Archives.read(answer.body()).keySet()).containsExactly("a.png", "manifest.json");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"})
    void dateOfAnEntryIsItsOriginsInWhicheverForm(String date) throws IOException {
        origin.on(
                "/dated.png",
                Behaviours.answer(
                        PICTURE,
                        "Content-Type: image/png",
                        "Content-Length: " + PICTURE.length,
                        "Last-Modified: " + date));

        HttpResponse<byte[]> answer =
                gateway.post("/api/zip", ZipFaultsTest.request(List.of(origin.url("/dated.png")), "skip"));

        try (var archive = new ZipInputStream(new ByteArrayInputStream(answer.body()))) {
            ZipEntry entry = Objects.requireNonNull(archive.getNextEntry());
            assertThat(entry.getTimeLocal()).isEqualTo("1994-11-06T08:49:36");
        }
    }

    @Test
    void imageThatBreaksOffOnceIsWhole() {
        origin.on(
                "/once.png",
                Behaviours.failing(1, Behaviours.truncated(PICTURE.length, 20_000), Behaviours.image(PICTURE)));
        String request = ZipFaultsTest.request(List.of(origin.url("/once.png")), "skip");
        JsonNode link = JSON.readTree(gateway.post("/api/zip/links", request).body());

        byte[] archive = gateway.get(link.path("url").asString()).body();

        assertThat(Archives.read(archive)).containsOnlyKeys("once.png");
        assertThat(Archives.read(archive).get("once.png")).isEqualTo(PICTURE);
        String events =
                new String(gateway.get(link.path("eventsUrl").asString()).body(), StandardCharsets.UTF_8);
        assertThat(events).contains("\"done\":1,\"skipped\":0,\"bytes\":30000");
    }

    @Test
    void twentyUrlsOfTheLongestKindAreTaken() {
        String start = origin.url("/signed?");
        String longest = start + "a".repeat(8192 - start.length());
        origin.on(longest.substring(origin.url("").length()), Behaviours.image(PICTURE));

        HttpResponse<byte[]> answer =
                gateway.post("/api/zip", ZipFaultsTest.request(Collections.nCopies(20, longest), "skip"));

        assertThat(Archives.read(answer.body())).hasSize(20).doesNotContainKey("manifest.json");
    }

    @Test
    void base64AndTheOnlyImageOfAnArchiveAreNamedAsWell() {
        origin.on("/b%20c.png", Behaviours.image(PICTURE));
        String request = ZipFaultsTest.request(List.of(origin.url("/b c.png")), "fail");

        assertThat(Archives.read(gateway.post("/api/zip", request).body()).keySet())
                .containsExactly("b c.png");
        JsonNode base64 = JSON.readTree(gateway.post("/api/zip/base64", request).body());
        assertThat(base64.path("skipped").size()).isZero();
        assertThat(base64.path("size").asInt()).isGreaterThan(PICTURE.length);
    }
}
