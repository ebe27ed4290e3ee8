package dev.sluice.gateway.feature.imageproxy;

import static dev.sluice.gateway.feature.imageproxy.ProxyRig.SOON;
import static dev.sluice.gateway.feature.imageproxy.ProxyRig.TTL;
import static dev.sluice.gateway.feature.imageproxy.ProxyRig.cacheStatus;
import static dev.sluice.gateway.feature.imageproxy.ProxyRig.code;
import static dev.sluice.gateway.feature.imageproxy.ProxyRig.header;
import static dev.sluice.gateway.feature.imageproxy.ProxyRig.reason;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.HostileOrigin.Behaviour;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.Pictures;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

/** What the proxy remembers: failures for a moment, images past their time, and what becomes of a damaged cache. */
@ExtendWith({NoLeaks.class, OutputCaptureExtension.class})
class ImageProxyMemoryTest {
    private static final byte[] PICTURE = Pictures.png(100_000); // never in memory
    private static final byte[] OTHER = Pictures.png(90_000);

    @TempDir
    private static Path parent;

    private static ProxyRig rig;
    private static int tests;

    private final String path = "/" + ++tests + ".png";
    private List<Path> filesBefore = List.of();

    @BeforeAll
    static void start() {
        rig = rigIn("cache");
    }

    private static ProxyRig rigIn(String name) {
        return ProxyRig.in(
                parent.resolve(name),
                "sluice.image-proxy.fetch-timeout",
                "5s",
                "sluice.fetch.first-byte-timeout",
                "1s");
    }

    @AfterAll
    static void stop() {
        rig.close();
    }

    @BeforeEach
    void look() {
        filesBefore = rig.files();
    }

    /** Those of this test's image. */
    private List<Path> files() {
        List<Path> files = new ArrayList<>(rig.files());
        files.removeAll(filesBefore);
        return files;
    }

    private void fetched(Behaviour behaviour) {
        rig.origin.on(path, behaviour);
        HttpResponse<byte[]> answer = rig.get(path);
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(cacheStatus(answer)).endsWith("; stored");
    }

    /** A PNG with an entity tag, and 304 for who has it. */
    private static Behaviour tagged(byte[] image, String etag) {
        return exchange -> {
            if (exchange.header("If-None-Match").contains(etag)) {
                exchange.head(304, "ETag: " + etag);
            } else {
                Behaviours.answer(image, "Content-Type: image/png", "Content-Length: " + image.length, "ETag: " + etag)
                        .answer(exchange);
            }
        };
    }

    @ParameterizedTest
    @CsvSource({"404, 404", "410, 404"})
    void imageThatIsGoneIsNotAskedForAgainWithinAMinute(int origin, int status) {
        rig.origin.on(path, Behaviours.status(origin));
        rig.get(path);

        rig.clock.move(Duration.ofSeconds(59));
        HttpResponse<byte[]> again = rig.get(path);
        assertThat(again.statusCode()).isEqualTo(status);
        assertThat(reason(again)).isEqualTo("upstream_status");
        assertThat(cacheStatus(again)).isEqualTo("sluice; hit; ttl=1; detail=negative");
        assertThat(rig.origin.requests(path)).isEqualTo(1);

        rig.clock.move(Duration.ofSeconds(1));
        fetched(Behaviours.image(PICTURE));
    }

    static Stream<Arguments> whatGoesWrong() {
        return Stream.of(
                Arguments.of("timed_out", Behaviours.silent()),
                Arguments.of("connection_failed", Behaviours.reset()),
                Arguments.of("upstream_status", Behaviours.status(500)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("whatGoesWrong")
    void whatMerelyWentWrongIsRememberedForTenSeconds(String reason, Behaviour behaviour) {
        rig.origin.on(path, behaviour);
        rig.get(path);

        rig.clock.move(Duration.ofSeconds(9));
        HttpResponse<byte[]> again = rig.get(path);
        assertThat(again.statusCode()).isEqualTo(502);
        assertThat(reason(again)).isEqualTo(reason);
        assertThat(cacheStatus(again)).isEqualTo("sluice; hit; ttl=1; detail=negative");
        assertThat(rig.origin.requests(path)).isEqualTo(1);

        rig.clock.move(Duration.ofSeconds(1));
        fetched(Behaviours.image(PICTURE));
    }

    @Test
    void failureIsNotRememberedLongerBecauseTheClockWentBack() {
        rig.origin.on(path, Behaviours.status(404));
        rig.get(path);

        rig.clock.move(Duration.ofHours(-1));
        fetched(Behaviours.image(PICTURE));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("whatGoesWrong")
    void imagePastItsTimeIsShownWhenTheOriginFails(String reason, Behaviour behaviour) {
        fetched(Behaviours.image(PICTURE));
        rig.clock.move(TTL.plusSeconds(1));
        rig.origin.on(path, behaviour);

        HttpResponse<byte[]> stale = rig.get(path);
        String status = reason.equals("upstream_status") ? "; fwd-status=500" : "";
        assertThat(stale.statusCode()).isEqualTo(200);
        assertThat(stale.body()).isEqualTo(PICTURE);
        assertThat(cacheStatus(stale)).isEqualTo("sluice; fwd=stale" + status + "; detail=stale-if-error");
        assertThat(header(stale, "Age")).isEqualTo(Long.toString(TTL.toSeconds() + 1));

        HttpResponse<byte[]> again = rig.get(path);
        assertThat(again.body()).isEqualTo(PICTURE);
        assertThat(cacheStatus(again)).isEqualTo("sluice; hit; ttl=-1; detail=stale-if-error");
        assertThat(rig.origin.requests(path)).isEqualTo(2);

        rig.clock.move(Duration.ofSeconds(10));
        assertThat(rig.get(path).statusCode()).isEqualTo(200);
        assertThat(rig.origin.requests(path)).isEqualTo(3);
    }

    @Test
    void imagePastItsTimeIsShownWhenNobodyListens() {
        try (ProxyRig own = rigIn("own")) {
            own.origin.on(path, Behaviours.image(PICTURE));
            own.get(path);
            own.clock.move(TTL);
            own.origin.close();

            HttpResponse<byte[]> stale = own.get(path);

            assertThat(stale.statusCode()).isEqualTo(200);
            assertThat(stale.body()).isEqualTo(PICTURE);
            assertThat(cacheStatus(stale)).isEqualTo("sluice; fwd=stale; detail=stale-if-error");
        }
    }

    @Test
    void imageIsNotShownLongerThanADayPastItsTime() {
        fetched(Behaviours.image(PICTURE));
        rig.origin.on(path, Behaviours.status(500));

        rig.clock.move(TTL.plusDays(1).minusSeconds(1));
        assertThat(rig.get(path).statusCode()).isEqualTo(200);
        rig.clock.move(Duration.ofSeconds(11));
        assertThat(rig.get(path).statusCode()).isEqualTo(502);
        Await.until(SOON, "its file is deleted", () -> files().isEmpty());
    }

    @Test
    void imageThatIsGoneIsForgotten() {
        fetched(Behaviours.image(PICTURE));
        rig.clock.move(TTL);
        rig.origin.on(path, Behaviours.status(404));

        HttpResponse<byte[]> answer = rig.get(path);

        assertThat(answer.statusCode()).isEqualTo(404);
        assertThat(code(answer)).isEqualTo("not_found");
        Await.until(SOON, "its file is deleted", () -> files().isEmpty());
        assertThat(rig.get(path).statusCode()).isEqualTo(404);
        assertThat(rig.origin.requests(path)).isEqualTo(2);
    }

    @Test
    void imageThatHasNotChangedIsAsGoodAsNew() {
        fetched(tagged(PICTURE, "\"v1\""));
        rig.clock.move(TTL.plusSeconds(5));

        HttpResponse<byte[]> renewed = rig.get(path);
        assertThat(renewed.body()).isEqualTo(PICTURE);
        assertThat(cacheStatus(renewed)).isEqualTo("sluice; fwd=stale; fwd-status=304");
        assertThat(header(renewed, "Age")).isEqualTo("0");
        assertThat(rig.origin.requests(path)).isEqualTo(2);

        HttpResponse<byte[]> hit = rig.get(path);
        assertThat(hit.body()).isEqualTo(PICTURE);
        assertThat(cacheStatus(hit)).isEqualTo("sluice; hit; ttl=604800");
        assertThat(rig.origin.requests(path)).isEqualTo(2);
    }

    @Test
    void imageThatHasChangedTakesThePlaceOfTheOld() {
        fetched(tagged(PICTURE, "\"v1\""));
        String etag = header(rig.get(path), "ETag");
        rig.clock.move(TTL);
        rig.origin.on(path, tagged(OTHER, "\"v2\""));

        HttpResponse<byte[]> replaced = rig.get(path, "If-None-Match", etag);
        assertThat(replaced.statusCode()).isEqualTo(200);
        assertThat(replaced.body()).isEqualTo(OTHER);
        assertThat(cacheStatus(replaced)).isEqualTo("sluice; fwd=stale; fwd-status=200; stored");
        assertThat(rig.get(path).body()).isEqualTo(OTHER);
        Await.until(SOON, "the old file is deleted", () -> files().size() == 1);
        assertThat(rig.origin.requests(path)).isEqualTo(2);
    }

    @Test
    void imageWhoseDirectoryWasDeletedIsFetchedAndStoredAgain() throws IOException {
        fetched(Behaviours.image(PICTURE));
        try (Stream<Path> all = Files.walk(rig.directory)) {
            for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(each);
            }
        }

        HttpResponse<byte[]> again = rig.get(path);
        assertThat(again.body()).isEqualTo(PICTURE);
        assertThat(cacheStatus(again)).isEqualTo("sluice; fwd=uri-miss; fwd-status=200; stored");
        assertThat(cacheStatus(rig.get(path))).startsWith("sluice; hit");
        assertThat(rig.origin.requests(path)).isEqualTo(2);
    }

    @Test
    void imageWhoseFileWasCutIsFetchedAgain() throws IOException {
        fetched(Behaviours.image(PICTURE));
        try (var file = new RandomAccessFile(files().getFirst().toFile(), "rw")) {
            file.setLength(50_000);
        }

        assertThat(rig.get(path).body()).isEqualTo(PICTURE);
        assertThat(rig.get(path).body()).isEqualTo(PICTURE);
        assertThat(rig.origin.requests(path)).isEqualTo(2);
    }

    @Test
    void cacheThatCannotBeWrittenFailsNoRequestAndSaysSoOnce(CapturedOutput output) throws IOException {
        Path file = Files.writeString(parent.resolve("file"), "not a directory");
        try (ProxyRig broken = ProxyRig.in(file)) {
            for (int request = 1; request <= 3; request++) {
                broken.origin.on("/" + request, Behaviours.image(PICTURE));
                HttpResponse<byte[]> answer = broken.get("/" + request);
                assertThat(answer.body()).isEqualTo(PICTURE);
                assertThat(cacheStatus(answer)).isEqualTo("sluice; fwd=uri-miss; fwd-status=200");
            }
            broken.awaitFreeMemory();
            assertThat(output.getOut().split("images are served but not stored", -1))
                    .hasSize(2);
            assertThat(file).hasContent("not a directory");
        }
    }

    @Test
    void clockThatJumpsFailsNothing() {
        fetched(Behaviours.image(PICTURE));
        for (Duration jump :
                List.of(Duration.ofDays(-30), Duration.ofDays(60), Duration.ofDays(-60), Duration.ofDays(30))) {
            rig.clock.move(jump);
            HttpResponse<byte[]> answer = rig.get(path);
            assertThat(answer.statusCode()).isEqualTo(200);
            assertThat(answer.body()).isEqualTo(PICTURE);
            assertThat(Long.parseLong(header(answer, "Age"))).isNotNegative();
        }
    }
}
