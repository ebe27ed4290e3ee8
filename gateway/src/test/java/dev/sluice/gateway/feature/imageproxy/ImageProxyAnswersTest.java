package dev.sluice.gateway.feature.imageproxy;

import static dev.sluice.gateway.feature.imageproxy.ProxyRig.cacheStatus;
import static dev.sluice.gateway.feature.imageproxy.ProxyRig.code;
import static dev.sluice.gateway.feature.imageproxy.ProxyRig.header;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.HostileOrigin.Behaviour;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.Pictures;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the fields of an answer say, and how those of a request are heeded. */
@ExtendWith(NoLeaks.class)
class ImageProxyAnswersTest {
    private static final byte[] LARGE = Pictures.png(100_000); // sent from its file
    private static final byte[] SMALL = Pictures.png(10_000); // sent from memory
    private static final String CHANGED = "Fri, 20 Nov 2026 08:00:00 GMT";

    @TempDir
    private static Path directory;

    private static ProxyRig rig;

    @BeforeAll
    static void start() {
        rig = ProxyRig.in(directory.resolve("cache"));
        rig.origin.on("/large.png", dated(LARGE)).on("/small.png", dated(SMALL)).on("/missed.png", dated(LARGE));
    }

    private static Behaviour dated(byte[] image) {
        return Behaviours.answer(
                image, "Content-Type: image/png", "Content-Length: " + image.length, "Last-Modified: " + CHANGED);
    }

    @AfterAll
    static void stop() {
        rig.close();
    }

    private static byte[] picture(String path) {
        return path.equals("/small.png") ? SMALL : LARGE;
    }

    @Test
    void headOfAMissAndOfAHitIsTheAnswerWithoutItsBody() {
        HttpResponse<byte[]> miss = rig.head("/missed.png");
        HttpResponse<byte[]> hit = rig.head("/missed.png");
        HttpResponse<byte[]> whole = rig.get("/missed.png");

        assertThat(cacheStatus(miss)).isEqualTo("sluice; fwd=uri-miss; fwd-status=200; stored");
        assertThat(cacheStatus(hit)).startsWith("sluice; hit");
        for (HttpResponse<byte[]> answer : List.of(miss, hit)) {
            assertThat(answer.statusCode()).isEqualTo(200);
            assertThat(answer.body()).isEmpty();
            assertThat(header(answer, "Content-Length")).isEqualTo("100000");
            for (String name : new String[] {"Content-Type", "ETag", "Last-Modified", "Cache-Control"}) {
                assertThat(header(answer, name))
                        .as(name)
                        .isEqualTo(header(whole, name))
                        .isNotEmpty();
            }
        }
        assertThat(rig.origin.requests("/missed.png")).isEqualTo(1);
    }

    @Test
    void headOfWhatIsNotThereIsTheStatusAlone() {
        HttpResponse<byte[]> answer = rig.head("/nowhere.png");

        assertThat(answer.statusCode()).isEqualTo(404);
        assertThat(answer.body()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"/large.png", "/small.png"})
    void imageThatTheClientHasIsNotSentAgain(String path) {
        String etag = header(rig.get(path), "ETag");
        assertThat(etag).matches("\"[A-Za-z0-9_-]{22}\"");

        for (String tags : new String[] {etag, "W/" + etag, "\"other\", " + etag, "*"}) {
            HttpResponse<byte[]> answer = rig.get(path, "If-None-Match", tags);
            assertThat(answer.statusCode()).as(tags).isEqualTo(304);
            assertThat(answer.body()).isEmpty();
            assertThat(header(answer, "ETag")).isEqualTo(etag);
            assertThat(header(answer, "Cache-Control")).startsWith("private, max-age=86400");
            assertThat(cacheStatus(answer)).startsWith("sluice; hit");
        }
        assertThat(rig.get(path, "If-None-Match", "\"other\"").body()).isEqualTo(picture(path));
    }

    @Test
    void imageThatHasNotChangedSinceIsNotSentAgain() {
        assertThat(header(rig.get("/large.png"), "Last-Modified")).isEqualTo(CHANGED);

        assertThat(rig.get("/large.png", "If-Modified-Since", CHANGED).statusCode())
                .isEqualTo(304);
        assertThat(rig.get("/large.png", "If-Modified-Since", "Fri, 20 Nov 2026 07:59:59 GMT")
                        .statusCode())
                .isEqualTo(200);
        assertThat(rig.get("/large.png", "If-Modified-Since", CHANGED, "If-None-Match", "\"other\"")
                        .statusCode())
                .isEqualTo(200);
    }

    @ParameterizedTest
    @CsvSource({
        "/large.png, bytes=0-9, 0, 10",
        "/large.png, bytes=99990-, 99990, 10",
        "/large.png, bytes=-10, 99990, 10",
        "/large.png, bytes=50000-60000, 50000, 10001",
        "/large.png, bytes=99990-200000, 99990, 10",
        "/large.png, bytes=-200000, 0, 100000",
        "/small.png, bytes=0-0, 0, 1",
        "/small.png, bytes=-1, 9999, 1",
        "/small.png, bytes=5000-5999, 5000, 1000"
    })
    void oneRangeIsSentAlone(String path, String range, int first, int count) {
        HttpResponse<byte[]> answer = rig.get(path, "Range", range);
        byte[] whole = picture(path);

        assertThat(answer.statusCode()).isEqualTo(206);
        assertThat(answer.body()).isEqualTo(Arrays.copyOfRange(whole, first, first + count));
        assertThat(header(answer, "Content-Range"))
                .isEqualTo("bytes " + first + "-" + (first + count - 1) + "/" + whole.length);
        assertThat(header(answer, "Content-Length")).isEqualTo(Integer.toString(count));
        assertThat(header(answer, "Content-Type")).isEqualTo("image/png");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/large.png", "/small.png"})
    void severalRangesAreSentInOneBody(String path) {
        HttpResponse<byte[]> answer = rig.get(path, "Range", "bytes=0-1,5000-5006");

        assertThat(answer.statusCode()).isEqualTo(206);
        assertThat(header(answer, "Content-Type")).startsWith("multipart/byteranges; boundary=");
        assertThat(header(answer, "Content-Length")).isEqualTo(Integer.toString(answer.body().length));
        assertThat(new String(answer.body(), StandardCharsets.ISO_8859_1))
                .contains(
                        new String(picture(path), 5000, 7, StandardCharsets.ISO_8859_1),
                        "Content-Range: bytes 0-1/" + picture(path).length,
                        "Content-Range: bytes 5000-5006/" + picture(path).length);
    }

    @Test
    void rangeBeyondTheEndIsAProblemThatTellsTheLength() {
        HttpResponse<byte[]> answer = rig.get("/large.png", "Range", "bytes=100000-");

        assertThat(answer.statusCode()).isEqualTo(416);
        assertThat(code(answer)).isEqualTo("range_not_satisfiable");
        assertThat(header(answer, "Content-Type")).isEqualTo("application/problem+json");
        assertThat(header(answer, "Content-Range")).isEqualTo("bytes */100000");
        assertThat(header(answer, "Cache-Control")).isEqualTo("no-store");
        assertThat(header(answer, "ETag")).isEmpty();
    }

    @Test
    void ageCountsFromWhenTheGatewayHadItWhateverTheOriginSays() {
        String date = DateTimeFormatter.RFC_1123_DATE_TIME.format(
                rig.clock.instant().minusSeconds(30).atOffset(ZoneOffset.UTC));
        rig.origin.on(
                "/aged.png",
                Behaviours.answer(
                        LARGE, "Content-Type: image/png", "Content-Length: 100000", "Date: " + date, "Age: 500000"));

        assertThat(header(rig.get("/aged.png"), "Age")).isEqualTo("0");
        rig.clock.move(Duration.ofSeconds(50));
        assertThat(header(rig.get("/aged.png"), "Age")).isEqualTo("50");
    }

    @ParameterizedTest
    @ValueSource(strings = {"no-store", "private", "max-age=60, Private"})
    void whatTheOriginForbidsToKeepIsShownAndNotKept(String directives) {
        String path = "/forbidden.png?" + directives.hashCode();
        rig.origin.on(
                path,
                Behaviours.answer(
                        LARGE, "Content-Type: image/png", "Content-Length: 100000", "Cache-Control: " + directives));
        int files = rig.files().size();

        for (int request = 1; request <= 2; request++) {
            HttpResponse<byte[]> answer = rig.get(path);
            assertThat(answer.body()).isEqualTo(LARGE);
            assertThat(cacheStatus(answer)).isEqualTo("sluice; fwd=uri-miss; fwd-status=200; detail=no-store");
            assertThat(header(answer, "Cache-Control")).isEqualTo("no-store");
            assertThat(rig.origin.requests(path)).isEqualTo(request);
        }
        assertThat(rig.files()).hasSize(files);
        rig.awaitFreeMemory();
    }

    @Test
    void withoutACacheEachRequestPassesByIt() {
        try (ProxyRig uncached = ProxyRig.withoutCache()) {
            uncached.origin.on("/a.png", Behaviours.image(LARGE));

            for (int request = 1; request <= 2; request++) {
                HttpResponse<byte[]> answer = uncached.get("/a.png");
                assertThat(answer.body()).isEqualTo(LARGE);
                assertThat(cacheStatus(answer)).isEqualTo("sluice; fwd=bypass; fwd-status=200");
                assertThat(uncached.origin.requests("/a.png")).isEqualTo(request);
            }
            assertThat(uncached.get("/a.png", "Range", "bytes=99990-").body())
                    .isEqualTo(Arrays.copyOfRange(LARGE, 99_990, 100_000));
            uncached.awaitFreeMemory();
            assertThat(uncached.directory).doesNotExist();
        }
    }

    @Test
    void browserIsToldNeitherToGuessNorToRunAnything() {
        HttpResponse<byte[]> answer = rig.get("/large.png");

        assertThat(header(answer, "X-Content-Type-Options")).isEqualTo("nosniff");
        assertThat(header(answer, "Content-Security-Policy"))
                .isEqualTo("default-src 'none'; style-src 'unsafe-inline'; sandbox");
        assertThat(header(answer, "Cross-Origin-Resource-Policy")).isEqualTo("same-site");
    }

    @Test
    void svgIsShownInItsSandbox() {
        byte[] svg = "<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
                .getBytes(StandardCharsets.UTF_8);
        rig.origin.on("/a.svg", Behaviours.body("image/svg+xml; charset=utf-8", svg));

        for (int request = 1; request <= 2; request++) {
            HttpResponse<byte[]> answer = rig.get("/a.svg");
            assertThat(answer.body()).isEqualTo(svg);
            assertThat(header(answer, "Content-Type")).isEqualTo("image/svg+xml");
            assertThat(header(answer, "Content-Security-Policy")).endsWith("; sandbox");
            assertThat(header(answer, "X-Content-Type-Options")).isEqualTo("nosniff");
        }
    }

    @Test
    void kindsOfAnswersAreCounted() {
        rig.origin.on("/counted.png", Behaviours.image(LARGE));
        rig.get("/counted.png");
        double misses = rig.count("sluice.image_proxy.requests", "result", "miss");
        rig.get("/counted.png");
        double hits = rig.count("sluice.image_proxy.requests", "result", "hit");
        rig.get("/counted.png");

        assertThat(misses).isPositive();
        assertThat(rig.count("sluice.image_proxy.requests", "result", "miss")).isEqualTo(misses);
        assertThat(rig.count("sluice.image_proxy.requests", "result", "hit")).isEqualTo(hits + 1);
    }

    @Test
    void refusedAddressesAreCountedHoweverTheyAreWritten() {
        rig.origin.on("/inside.png", Behaviours.redirect(302, "http://10.0.0.1/"));
        rig.get("/inside.png");
        double before = rig.count("sluice.image_proxy.failures", "reason", "blocked_address");

        rig.getUrl("http://10.0.0.1/");

        assertThat(rig.count("sluice.image_proxy.failures", "reason", "blocked_address"))
                .isEqualTo(before + 1);
    }
}
