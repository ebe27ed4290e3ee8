package dev.sluice.gateway.feature.imageproxy;

import static dev.sluice.gateway.feature.imageproxy.ProxyRig.TTL;
import static dev.sluice.gateway.feature.imageproxy.ProxyRig.cacheStatus;
import static dev.sluice.gateway.feature.imageproxy.ProxyRig.code;
import static dev.sluice.gateway.feature.imageproxy.ProxyRig.header;
import static dev.sluice.gateway.feature.imageproxy.ProxyRig.problem;
import static dev.sluice.gateway.feature.imageproxy.ProxyRig.proxied;
import static dev.sluice.gateway.feature.imageproxy.ProxyRig.reason;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.HostileOrigin.Behaviour;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.Pictures;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a caller of the image proxy was promised. */
@ExtendWith(NoLeaks.class)
class ImageProxyTest {
    private static final int FIVE_MEGABYTES = 5 * 1024 * 1024;
    private static final byte[] PICTURE = Pictures.png(100_000);

    @TempDir
    private static Path directory;

    private static ProxyRig rig;

    @BeforeAll
    static void start() {
        rig = ProxyRig.in(
                directory.resolve("made/when/needed"),
                "sluice.image-proxy.fetch-timeout",
                "5s",
                "sluice.fetch.first-byte-timeout",
                "1s");
    }

    @AfterAll
    static void stop() {
        rig.close();
    }

    private static String served(String path, Behaviour behaviour) {
        rig.origin.on(path, behaviour);
        return path;
    }

    @Test
    void callerWithoutSessionIsRefusedAndToldHowToSignIn() {
        HttpResponse<byte[]> answer =
                rig.gateway.get(proxied(rig.origin.url(served("/unasked.png", Behaviours.image(PICTURE)))));

        assertThat(answer.statusCode()).isEqualTo(401);
        assertThat(code(answer)).isEqualTo("unauthenticated");
        assertThat(header(answer, "WWW-Authenticate")).isEqualTo("Bearer");
        assertThat(rig.origin.requests("/unasked.png")).isZero();
    }

    @Test
    void imageComesWithItsTypeAndTheTimeThatBrowsersMayKeepIt() {
        HttpResponse<byte[]> answer = rig.get(served("/a.png", Behaviours.image(PICTURE)));

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.body()).isEqualTo(PICTURE);
        assertThat(header(answer, "Content-Type")).isEqualTo("image/png");
        assertThat(header(answer, "Content-Length")).isEqualTo("100000");
        assertThat(header(answer, "Cache-Control")).isEqualTo("private, max-age=86400, stale-while-revalidate=604800");
    }

    @Test
    void imageThatBreaksOffOnceIsWhole() {
        Behaviour once = Behaviours.failing(
                1, Behaviours.truncated(PICTURE.length, PICTURE.length / 2), Behaviours.image(PICTURE));

        try (ProxyRig again = ProxyRig.withoutCache("sluice.fetch.retry.tries", "2")) {
            again.origin.on("/once.png", once);

            HttpResponse<byte[]> answer = again.get("/once.png");

            assertThat(answer.statusCode()).isEqualTo(200);
            assertThat(answer.body()).isEqualTo(PICTURE);
            assertThat(again.origin.requests("/once.png")).isEqualTo(2);
        }
    }

    @Test
    void typeIsThatOfTheOriginsImage() {
        byte[] jpeg = withStart("ffd8ffe000104a46494600010100000100010000");
        byte[] webp = withStart("524946462a00000057454250565038200a000000");

        assertThat(header(rig.get(served("/a.jpg", Behaviours.body("image/jpeg", jpeg))), "Content-Type"))
                .isEqualTo("image/jpeg");
        assertThat(header(rig.get(served("/a.webp", Behaviours.body("image/webp", webp))), "Content-Type"))
                .isEqualTo("image/webp");
    }

    private static byte[] withStart(String hex) {
        byte[] image = new byte[1000];
        byte[] start = HexFormat.of().parseHex(hex);
        System.arraycopy(start, 0, image, 0, start.length);
        return image;
    }

    @Test
    void originIsAskedAsSluiceAndWithNothingOfTheCaller() {
        rig.get(served("/who.png", Behaviours.image(PICTURE)), "Cookie", "a=b", "Referer", "https://app.example/");

        var request = rig.origin.requests().stream()
                .filter(each -> each.path().equals("/who.png"))
                .findFirst()
                .orElseThrow();
        assertThat(request.header("User-Agent")).singleElement().asString().startsWith("Sluice/");
        assertThat(Stream.of("Cookie", "Authorization", "Referer", "X-Forwarded-For")
                        .flatMap(name -> request.header(name).stream()))
                .isEmpty();
    }

    @Test
    void secondRequestIsAnsweredWithoutTheOrigin() {
        String path = served("/kept.png", Behaviours.image(PICTURE));

        assertThat(cacheStatus(rig.get(path))).isEqualTo("sluice; fwd=uri-miss; fwd-status=200; stored");
        HttpResponse<byte[]> second = rig.get(path);

        assertThat(cacheStatus(second)).isEqualTo("sluice; hit; ttl=604800");
        assertThat(second.body()).isEqualTo(PICTURE);
        assertThat(header(second, "Content-Type")).isEqualTo("image/png");
        assertThat(rig.origin.requests(path)).isEqualTo(1);
    }

    @Test
    void spellingsOfOneUrlAreOneImage() {
        served("/spelt.png?b=1&a=2", Behaviours.image(PICTURE));
        String url = rig.origin.url("/spelt.png?b=1&a=2");

        rig.getUrl(url.replace("http", "HTTP") + "#top");
        rig.getUrl(url);

        assertThat(rig.origin.requests("/spelt.png?b=1&a=2")).isEqualTo(1);
    }

    @Test
    void imageIsShownForSevenDaysAndThenTheOriginIsAsked() {
        String path = served("/week.png", Behaviours.image(PICTURE));
        rig.get(path);

        rig.clock.move(TTL.minusSeconds(1));
        assertThat(cacheStatus(rig.get(path))).isEqualTo("sluice; hit; ttl=1");
        assertThat(rig.origin.requests(path)).isEqualTo(1);

        rig.clock.move(Duration.ofSeconds(1));
        assertThat(cacheStatus(rig.get(path))).isEqualTo("sluice; fwd=stale; fwd-status=200; stored");
        assertThat(rig.origin.requests(path)).isEqualTo(2);
    }

    @Test
    void cacheDirectoryIsMadeAtTheStart() {
        try (ProxyRig fresh = ProxyRig.in(directory.resolve("not/there/yet"))) {
            assertThat(fresh.directory).isDirectory();
            fresh.origin.on("/a.png", Behaviours.image(PICTURE));

            assertThat(fresh.get("/a.png").statusCode()).isEqualTo(200);

            assertThat(fresh.files()).hasSize(1);
        }
    }

    @ParameterizedTest
    @CsvSource({"404", "410"})
    void imageThatIsGoneIsNotFound(int status) {
        HttpResponse<byte[]> answer = rig.get(served("/gone-" + status, Behaviours.status(status)));

        assertThat(answer.statusCode()).isEqualTo(404);
        assertThat(code(answer)).isEqualTo("not_found");
        assertThat(reason(answer)).isEqualTo("upstream_status");
        assertThat(cacheStatus(answer)).isEqualTo("sluice; fwd=uri-miss; fwd-status=" + status);
        assertThat(header(answer, "Cache-Control")).isEqualTo("no-store");
    }

    static Stream<Arguments> notImages() {
        byte[] html = "<!doctype html><title>Not a picture</title>".getBytes(StandardCharsets.UTF_8);
        byte[] svg = "<svg xmlns='http://www.w3.org/2000/svg'/>".getBytes(StandardCharsets.UTF_8);
        return Stream.of(
                Arguments.of("HTML", Behaviours.body("text/html", html)),
                Arguments.of("JSON", Behaviours.body("application/json", "{}".getBytes(StandardCharsets.UTF_8))),
                Arguments.of("an image that is not declared as one", Behaviours.body("text/plain", PICTURE)),
                Arguments.of("HTML declared as a PNG", Behaviours.body("image/png", html)),
                Arguments.of("HTML declared as an SVG", Behaviours.body("image/svg+xml", html)),
                Arguments.of("an SVG declared as a PNG", Behaviours.body("image/png", svg)),
                Arguments.of("nothing at all", Behaviours.body("image/png", new byte[0])));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("notImages")
    void whatIsNoImageIsNotShown(String what, Behaviour behaviour) {
        HttpResponse<byte[]> answer = rig.get(served("/not-" + what.hashCode(), behaviour));

        assertThat(answer.statusCode()).isEqualTo(404);
        assertThat(code(answer)).isEqualTo("not_an_image");
        assertThat(reason(answer)).isEqualTo("not_an_image");
    }

    static Stream<Arguments> failures() {
        return Stream.of(
                Arguments.of("a 500", "upstream_status", Behaviours.status(500)),
                Arguments.of("a 503", "upstream_status", Behaviours.status(503)),
                Arguments.of("a 403", "upstream_status", Behaviours.status(403)),
                Arguments.of("silence", "timed_out", Behaviours.silent()),
                Arguments.of("a body that stops", "timed_out", Behaviours.stalled(50_000, 20_000)),
                Arguments.of("a reset", "connection_failed", Behaviours.reset()),
                Arguments.of("a reset midway", "connection_failed", Behaviours.resetAfter(50_000, 20_000)),
                Arguments.of("too few bytes", "connection_failed", Behaviours.truncated(50_000, 20_000)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("failures")
    void originThatFailsIsABadGatewayWithTheReason(String what, String reason, Behaviour behaviour) {
        HttpResponse<byte[]> answer = rig.get(served("/fails-" + what.hashCode(), behaviour));

        assertThat(answer.statusCode()).isEqualTo(502);
        assertThat(code(answer)).isEqualTo("upstream_failed");
        assertThat(reason(answer)).isEqualTo(reason);
        assertThat(header(answer, "Content-Type")).isEqualTo("application/problem+json");
    }

    @Test
    void imageOfFiveMegabytesIsShown() {
        String sized = served("/largest.png", Behaviours.sized(FIVE_MEGABYTES));
        String chunked = served("/largest-chunked.png", Behaviours.chunked(FIVE_MEGABYTES));

        for (String path : List.of(sized, chunked)) {
            HttpResponse<byte[]> answer = rig.get(path);
            assertThat(answer.statusCode()).isEqualTo(200);
            assertThat(answer.body()).hasSize(FIVE_MEGABYTES);
            assertThat(cacheStatus(rig.get(path))).startsWith("sluice; hit");
        }
    }

    @Test
    void imageOfOneByteMoreIsRefusedAndNeverAShortOne() {
        String sized = served("/larger.png", Behaviours.sized(FIVE_MEGABYTES + 1));
        String chunked = served("/larger-chunked.png", Behaviours.chunked(FIVE_MEGABYTES + 1));
        int files = rig.files().size();

        for (String path : List.of(sized, chunked)) {
            HttpResponse<byte[]> answer = rig.get(path);
            assertThat(answer.statusCode()).isEqualTo(502);
            assertThat(reason(answer)).isEqualTo("too_large");
        }
        assertThat(rig.files()).hasSize(files);
        rig.awaitFreeMemory();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "data:image/png;base64,iVBORw0KGgo=",
                "ftp://example.com/a.png",
                "javascript:alert(1)",
                "file:///etc/passwd",
                "blob:https://example.com/1"
            })
    void otherSchemesAreRefused(String url) {
        HttpResponse<byte[]> answer = rig.getUrl(url);

        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(code(answer)).isEqualTo("unsupported_scheme");
        assertThat(problem(answer).path("member").asString()).isEqualTo("url");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "?url=",
                "?url=%20",
                "?url=garbage",
                "?url=%2Fa.png",
                "?url=http%3A%2F%2F",
                "?url=http%3A%2F%2Fuser%40example.com%2F",
                "?other=https%3A%2F%2Fexample.com%2F",
                "?url=https%3A%2F%2Fexample.com%2F&url=https%3A%2F%2Fexample.com%2F"
            })
    void urlThatIsMissingOrNoneIsNamed(String query) {
        HttpResponse<byte[]> answer = rig.gateway.send(rig.asAlice("/api/image-proxy" + query));

        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(code(answer)).isIn("invalid_url", "malformed_request");
        assertThat(problem(answer).path("member").asString()).isEqualTo("url");
        assertThat(problem(answer).path("detail").asString()).startsWith("url: ");
    }

    @Test
    void urlThatIsTooLongIsRefused() {
        String longest = "https://example.com/" + "a".repeat(8192 - 20);

        assertThat(rig.signUrls("{\"urls\":[\"" + longest + "\"]}").statusCode())
                .isEqualTo(200);
        HttpResponse<byte[]> answer = rig.signUrls("{\"urls\":[\"" + longest + "a\"]}");
        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(code(answer)).isEqualTo("invalid_url");
    }

    @Test
    void otherMethodsAreRefused() {
        HttpResponse<byte[]> answer =
                rig.gateway.send(rig.asAlice(proxied("https://example.com/")).DELETE());

        assertThat(answer.statusCode()).isEqualTo(405);
        assertThat(header(answer, "Allow")).isEqualTo("GET,HEAD");
    }

    @Test
    void userHasSixtyRequestsAMinuteAndTakesNobodyElses() {
        try (ProxyRig limited = ProxyRig.in(directory.resolve("limited"), "sluice.limits.enabled", "true")) {
            limited.origin.on("/a.png", Behaviours.image(PICTURE));
            String bob = limited.gateway.signIn("bob", "user");
            long start = System.nanoTime();
            for (int request = 1; request <= 60; request++) {
                HttpResponse<byte[]> answer = limited.get("/a.png");
                assertThat(answer.statusCode()).as("request %d", request).isEqualTo(200);
                assertThat(header(answer, "RateLimit-Policy")).isEqualTo("\"image-proxy\";q=60;w=60");
            }
            HttpResponse<byte[]> refused = limited.get("/a.png");
            // One request a second comes back.
            for (int more = 0; refused.statusCode() == 200; more++) {
                assertThat(Duration.ofSeconds(more)).isLessThanOrEqualTo(Duration.ofNanos(System.nanoTime() - start));
                refused = limited.get("/a.png");
            }
            assertThat(refused.statusCode()).isEqualTo(429);
            assertThat(code(refused)).isEqualTo("rate_limited");
            assertThat(header(refused, "Retry-After")).isEqualTo("1");

            HttpResponse<byte[]> others = limited.gateway.send(limited.as(bob, proxied(limited.origin.url("/a.png"))));
            assertThat(others.statusCode()).isEqualTo(200);
            assertThat(header(others, "RateLimit")).startsWith("\"image-proxy\";r=59");
        }
    }
}
