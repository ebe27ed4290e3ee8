package dev.sluice.gateway.feature.imageproxy;

import static dev.sluice.gateway.feature.imageproxy.ProxyRig.code;
import static dev.sluice.gateway.feature.imageproxy.ProxyRig.header;
import static dev.sluice.gateway.feature.imageproxy.ProxyRig.problem;
import static dev.sluice.gateway.feature.imageproxy.ProxyRig.proxied;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.contract.SigningSecret;
import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.Pictures;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** URLs that show an image without a session, and to nobody for longer than they say. */
@ExtendWith(NoLeaks.class)
class SignedUrlsTest {
    private static final byte[] PICTURE = Pictures.png(5_000);
    private static final String SECRET = "the-secret-of-these-tests-0123456789";
    private static final Duration SOON = Duration.ofSeconds(10);
    private static final String OLDER = "the-secret-that-was-before-0123456789";

    @TempDir
    private static Path directory;

    private static ProxyRig rig;

    @BeforeAll
    static void start() {
        rig = ProxyRig.decodingIn(
                directory.resolve("cache"), "sluice.signing-secret", SECRET, "sluice.previous-signing-secret", OLDER);
        rig.origin
                .on("/a.png", Behaviours.image(PICTURE))
                .on("/b.png", Behaviours.image(PICTURE))
                .on("/wide.png", Behaviours.image(DrawnPictures.png(400, 200, 1)));
    }

    @AfterAll
    static void stop() {
        rig.close();
    }

    private static List<JsonNode> signed(ProxyRig by, List<String> urls) {
        HttpResponse<byte[]> answer = by.signUrls(JsonMapper.shared().writeValueAsString(Map.of("urls", urls)));
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(header(answer, "Cache-Control")).isEqualTo("no-store");
        return JsonMapper.shared()
                .readTree(answer.body())
                .path("urls")
                .valueStream()
                .toList();
    }

    private static String signed(ProxyRig by, String url) {
        return signed(by, List.of(url)).getFirst().path("proxyUrl").asString();
    }

    private static void assertRefused(HttpResponse<byte[]> answer, String member) {
        assertThat(answer.statusCode()).isEqualTo(401);
        assertThat(code(answer)).isEqualTo("unauthenticated");
        assertThat(problem(answer).path("member").asString()).isEqualTo(member);
        assertThat(header(answer, "WWW-Authenticate")).isEqualTo("Bearer");
    }

    @Test
    void signedUrlShowsTheImageToAnybody() {
        HttpResponse<byte[]> answer = rig.gateway.get(signed(rig, rig.origin.url("/a.png")));

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.body()).isEqualTo(PICTURE);
        assertThat(header(answer, "Cross-Origin-Resource-Policy")).isEqualTo("cross-origin");
        assertThat(answer.headers().map()).doesNotContainKeys("set-cookie", "WWW-Authenticate", "www-authenticate");
    }

    @Test
    void signatureTellsWhoMayShareTheAnswerAndNotTheSession() {
        String url = signed(rig, rig.origin.url("/a.png"));
        HttpResponse<byte[]> bySession = rig.get("/a.png");
        assertThat(header(bySession, "Cache-Control"))
                .isEqualTo("private, max-age=86400, stale-while-revalidate=604800");
        assertThat(header(bySession, "Cross-Origin-Resource-Policy")).isEqualTo("same-site");

        for (HttpResponse<byte[]> bySignature : List.of(rig.gateway.get(url), rig.getAs(url))) {
            assertThat(header(bySignature, "Cache-Control")).startsWith("public, ");
            assertThat(header(bySignature, "Cross-Origin-Resource-Policy")).isEqualTo("cross-origin");
        }

        HttpResponse<byte[]> withAnother = rig.getAs(url.replaceAll("sig=.*", "sig=another"));
        assertThat(withAnother.statusCode()).isEqualTo(200);
        assertThat(header(withAnother, "Cache-Control")).startsWith("private, ");
        assertThat(header(withAnother, "Cross-Origin-Resource-Policy")).isEqualTo("same-site");
    }

    @Test
    void headOfASignedUrlIsAdmittedToo() {
        HttpResponse<byte[]> answer =
                rig.gateway.send(HttpRequest.newBuilder(rig.gateway.uri(signed(rig, rig.origin.url("/a.png"))))
                        .HEAD());

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(header(answer, "Content-Length")).isEqualTo("5000");
    }

    @Test
    void urlsAreSignedInTheOrderOfTheRequest() {
        List<String> urls = IntStream.range(0, 100)
                .mapToObj(index -> "https://example.com/" + index)
                .toList();

        List<JsonNode> answer = signed(rig, urls);

        assertThat(answer.stream().map(each -> each.path("url").asString())).isEqualTo(urls);
        assertThat(answer)
                .allSatisfy(each -> assertThat(each.path("proxyUrl").asString())
                        .startsWith(proxied(each.path("url").asString()) + "&exp="));
        Instant end = Instant.parse(answer.getFirst().path("expiresAt").asString());
        assertThat(end)
                .isBetween(
                        rig.clock.instant().plus(Duration.ofDays(1)),
                        rig.clock.instant().plusSeconds(90_000));
    }

    @Test
    void onlyWhoIsSignedInMaySign() {
        HttpResponse<byte[]> answer =
                rig.gateway.post("/api/image-proxy/urls", "{\"urls\":[\"https://example.com/\"]}");

        assertThat(answer.statusCode()).isEqualTo(401);
        assertThat(header(answer, "WWW-Authenticate")).isEqualTo("Bearer");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{} | urls",
                "{\"urls\":[]} | urls",
                "{\"urls\":null} | urls",
                "{\"urls\":[\"https://e.com/\",\"https://e.com/\",\"https://e.com/\",\"nonsense\"]} | urls[3]",
                "{\"urls\":[\"https://e.com/\",null]} | urls[1]",
                "{\"urls\":[\"\"]} | urls[0]",
                "{\"urls\":[\"data:image/png,x\"]} | urls[0]",
                "{\"urls\":[\"https://e.com/\",\"http://10.0.0.1/\"]} | urls[1]"
            })
    void whatCannotBeSignedIsNamed(String body, String member) {
        HttpResponse<byte[]> answer = rig.signUrls(body);

        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(problem(answer).path("member").asString()).isEqualTo(member);
    }

    @Test
    void moreThanAHundredUrlsAreRefused() {
        String urls = String.join(",", Collections.nCopies(101, "\"https://example.com/\""));

        HttpResponse<byte[]> answer = rig.signUrls("{\"urls\":[" + urls + "]}");

        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(problem(answer).path("detail").asString()).isEqualTo("urls: 101 URLs (expected: 1 to 100 URLs)");
    }

    @Test
    void signatureIsForThisUrlAndThisEndAlone() {
        String url = signed(rig, rig.origin.url("/a.png"));

        assertRefused(rig.gateway.get(url.replace("%2Fa.png", "%2Fb.png")), "sig");
        assertRefused(rig.gateway.get(url.replaceAll("&exp=(\\d)", "&exp=9$1")), "sig");
        assertRefused(rig.gateway.get(url.replaceAll("&exp=\\d+", "")), "sig");
        assertRefused(rig.gateway.get(url.replaceAll("&exp=\\d+", "&exp=-1")), "sig");
        String other = url.contains("&sig=_") ? "-" : "_";
        assertRefused(rig.gateway.get(url.replaceAll("&sig=.", "&sig=" + other)), "sig");
        assertRefused(rig.gateway.get(url.replaceAll("&sig=.*", "&sig=")), "sig");
        assertThat(rig.gateway.get(url.replaceAll("&sig=.*", "")).statusCode()).isEqualTo(401);
        assertThat(rig.gateway.get(url).statusCode()).isEqualTo(200);
    }

    @Test
    void secondUrlDoesNotSlipThroughWithTheFirst() {
        String url = signed(rig, rig.origin.url("/a.png"));

        HttpResponse<byte[]> answer = rig.gateway.get(url + "&url=https%3A%2F%2Fexample.com%2F");

        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(problem(answer).path("member").asString()).isEqualTo("url");
    }

    private static List<JsonNode> signedWidths(ProxyRig by, String url, Object... widths) {
        HttpResponse<byte[]> answer = by.signUrls(
                JsonMapper.shared().writeValueAsString(Map.of("urls", List.of(url), "widths", List.of(widths))));
        assertThat(answer.statusCode()).isEqualTo(200);
        return JsonMapper.shared()
                .readTree(answer.body())
                .path("urls")
                .path(0)
                .path("widths")
                .valueStream()
                .toList();
    }

    @Test
    void widthsAreSignedBesideTheOriginal() {
        String image = rig.origin.url("/wide.png");

        List<JsonNode> widths = signedWidths(rig, image, 640, 160);

        assertThat(widths.stream().map(each -> each.path("width").asInt())).containsExactly(640, 160);
        HttpResponse<byte[]> small =
                rig.gateway.get(widths.getLast().path("proxyUrl").asString());
        assertThat(small.statusCode()).isEqualTo(200);
        assertThat(DrawnPictures.read(small.body()).getWidth()).isEqualTo(160);
        assertThat(header(small, "Cross-Origin-Resource-Policy")).isEqualTo("cross-origin");
        assertThat(signed(rig, List.of(image)).getFirst().has("widths")).isFalse();
    }

    @Test
    void signatureOfAWidthIsForThisWidthAlone() {
        String image = rig.origin.url("/wide.png");
        String url = signedWidths(rig, image, 160).getFirst().path("proxyUrl").asString();

        assertRefused(rig.gateway.get(url.replace("&w=160", "&w=320")), "sig");
        assertRefused(rig.gateway.get(url.replace("&w=160", "&w=0160")), "sig");
        assertRefused(rig.gateway.get(url.replace("&w=160", "&w=")), "sig");
        assertRefused(rig.gateway.get(url.replace("&w=160", "")), "sig");
        assertRefused(rig.gateway.get(signed(rig, image) + "&w=160"), "sig");
        assertRefused(rig.gateway.get(signed(rig, image) + "&w="), "sig");
        assertRefused(rig.gateway.get("/api/image-proxy?w=320&" + url.substring(url.indexOf('?') + 1)), "sig");
        HttpResponse<byte[]> twice = rig.gateway.get(url + "&w=320");
        assertThat(twice.statusCode()).isEqualTo(400);
        assertThat(problem(twice).path("member").asString()).isEqualTo("w");
    }

    private static List<JsonNode> previews(ProxyRig by, String... urls) {
        HttpResponse<byte[]> answer = by.gateway.post(
                "/api/image-proxy/previews", JsonMapper.shared().writeValueAsString(Map.of("urls", List.of(urls))));
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(header(answer, "Cache-Control")).isEqualTo("no-store");
        return JsonMapper.shared()
                .readTree(answer.body())
                .required("previews")
                .valueStream()
                .toList();
    }

    @Test
    void whoIsNotSignedInSeesSmallPicturesOnPagesOfThisGateway() {
        String image = rig.origin.url("/wide.png");

        JsonNode preview = previews(rig, image).getFirst();

        assertThat(preview.path("url").asString()).isEqualTo(image);
        assertThat(Instant.parse(preview.path("expiresAt").asString()))
                .isBetween(
                        rig.clock.instant().plus(Duration.ofMinutes(10)),
                        rig.clock.instant().plus(Duration.ofMinutes(70)));
        assertThat(preview.path("widths")
                        .valueStream()
                        .map(each -> each.path("width").asInt()))
                .containsExactly(160, 320);
        String url = preview.at("/widths/0/proxyUrl").asString();
        HttpResponse<byte[]> small = rig.gateway.get(url);
        assertThat(small.statusCode()).isEqualTo(200);
        assertThat(DrawnPictures.read(small.body()).getWidth()).isEqualTo(160);
        assertThat(header(small, "Cross-Origin-Resource-Policy")).isEqualTo("same-site");
    }

    @Test
    void previewIsNeitherTheOriginalNorForOtherSites() {
        String url = previews(rig, rig.origin.url("/wide.png"))
                .getFirst()
                .at("/widths/0/proxyUrl")
                .asString();

        assertRefused(rig.gateway.get(url.replace("&w=160", "")), "sig");
        assertRefused(rig.gateway.get(url.replace("&w=160", "&w=640")), "sig");
        assertRefused(rig.gateway.get(url.replace("&for=page", "")), "sig");
        assertRefused(rig.gateway.get(url.replace("&for=page", "&for=all")), "sig");
        // The same text under the signature, read in another way.
        assertThat(url).contains("&w=160&for=page&");
        assertRefused(rig.gateway.get(url.replace("&w=160&for=page&", "&for=page%0Aw%3D160&")), "sig");
        assertRefused(rig.gateway.get(signed(rig, rig.origin.url("/wide.png")) + "&for=page"), "sig");
        assertThat(rig.gateway.get(url).statusCode()).isEqualTo(200);
    }

    @Test
    void whatTheGatewayWouldNotFetchHasNoPreview() {
        String image = rig.origin.url("/wide.png");

        List<JsonNode> previews = previews(rig, "http://10.0.0.1/secret.png", "nonsense", "ftp://example.com/a", image);

        assertThat(previews.stream().map(each -> each.path("url").asString())).containsExactly(image);
        assertThat(rig.gateway
                        .post("/api/image-proxy/previews", "{\"urls\":[]}")
                        .statusCode())
                .isEqualTo(400);
    }

    @Test
    void whereAnonymousCallersAreNotAdmittedNobodyElseSeesPreviews() {
        try (ProxyRig closed = ProxyRig.decodingIn(directory.resolve("closed"), "sluice.access.anonymous", "false")) {
            HttpResponse<byte[]> answer =
                    closed.gateway.post("/api/image-proxy/previews", "{\"urls\":[\"https://example.com/a.png\"]}");

            assertThat(answer.statusCode()).isEqualTo(401);
            assertThat(header(answer, "WWW-Authenticate")).isEqualTo("Bearer");
        }
    }

    /** Made before there were widths. */
    @Test
    void signatureCoversUrlAndEndAlone() {
        String image = rig.origin.url("/a.png");
        String expires = signed(rig, image).replaceAll(".*&exp=(\\d+)&.*", "$1");
        String before = new SigningSecret(SECRET.getBytes(StandardCharsets.UTF_8))
                .keyFor("image-proxy-url")
                .sign(expires + "\n" + image);

        assertThat(rig.gateway
                        .get(proxied(image) + "&exp=" + expires + "&sig=" + before)
                        .statusCode())
                .isEqualTo(200);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "[] | widths",
                "[160,320,640,1280,160] | widths",
                "[161] | widths[0]",
                "[160,160] | widths[1]",
                "[320.0] | widths[0]",
                "[320,null] | widths[1]",
                "[4294967456] | widths[0]"
            })
    void widthThatCannotBeSignedIsNamed(String widths, String member) {
        HttpResponse<byte[]> answer = rig.signUrls("{\"urls\":[\"https://e.com/\"],\"widths\":" + widths + "}");

        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(problem(answer).path("member").asString()).isEqualTo(member);
    }

    @Test
    void urlEndsWhenItSays() {
        JsonNode answer = signed(rig, List.of(rig.origin.url("/a.png"))).getFirst();
        String url = answer.path("proxyUrl").asString();
        Duration left = Duration.between(
                rig.clock.instant(), Instant.parse(answer.path("expiresAt").asString()));

        rig.clock.move(left.minusSeconds(1));
        assertThat(rig.gateway.get(url).statusCode()).isEqualTo(200);
        rig.clock.move(Duration.ofSeconds(1));
        assertRefused(rig.gateway.get(url), "exp");
    }

    @Test
    void sameUrlIsSignedTheSameWithinAnHour() {
        // From one full hour to the next.
        rig.clock.move(Duration.ofSeconds(3600 - rig.clock.instant().getEpochSecond() % 3600 + 1));
        String first = signed(rig, "https://example.com/");

        rig.clock.move(Duration.ofMinutes(59));
        assertThat(signed(rig, "https://example.com/")).isEqualTo(first);
        rig.clock.move(Duration.ofMinutes(1));
        assertThat(signed(rig, "https://example.com/")).isNotEqualTo(first);
    }

    @Test
    void otherGatewaysUrlsAreRefusedAndThoseOfThePreviousSecretAreNot() {
        String image = rig.origin.url("/a.png");
        try (ProxyRig other = knowing("another-secret-0123456789-0123456789");
                ProxyRig older = knowing(OLDER)) {
            assertRefused(rig.gateway.get(signedNow(other, image)), "sig");
            assertThat(rig.gateway.get(signedNow(older, image)).statusCode()).isEqualTo(200);
            assertRefused(older.gateway.get(signed(rig, image)), "sig");
        }
    }

    /** A gateway that may reach the same origin. */
    private static ProxyRig knowing(String secret) {
        return ProxyRig.withoutCache(
                "sluice.signing-secret", secret, "sluice.fetch.allow-networks", rig.origin.addressAndPort());
    }

    /** By a gateway whose clock shows what this one's does. */
    private static String signedNow(ProxyRig by, String url) {
        by.clock.move(Duration.between(by.clock.instant(), rig.clock.instant()));
        return signed(by, url);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"/q.png?a=1&b=2", "/plus+plus.png", "/percent%2Fed.png", "/b\u00e4r \u732b.png", "/100%.png"})
    void urlsOfAllKindsSurviveTheirSigning(String path) {
        String asked = path.replace("b\u00e4r \u732b", "b%C3%A4r%20%E7%8C%AB").replace("100%.", "100%25.");
        rig.origin.on(asked, Behaviours.image(PICTURE));

        HttpResponse<byte[]> answer = rig.gateway.get(signed(rig, rig.origin.url(path)));

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(rig.origin.requests(asked)).isEqualTo(1);
    }

    @Test
    void makingAnImageSmallerCountsAsThreeAndSendingItAsOne() {
        try (ProxyRig limited = ProxyRig.decodingIn(
                directory.resolve("transforms"),
                "sluice.limits.enabled",
                "true",
                "sluice.limits.definitions.image-proxy.units",
                "6",
                "sluice.limits.definitions.image-proxy.period",
                "1h")) {
            limited.origin.on("/a.png", Behaviours.image(DrawnPictures.png(400, 200, 1)));

            assertThat(limited.get("/a.png", 160).statusCode()).isEqualTo(200);
            // The rest is counted when the exchange ends, which is after the client has its last byte.
            Await.until(SOON, "the picture made smaller is counted", () -> left(limited) == 3);
            assertThat(header(limited.get("/a.png", 160), "X-RateLimit-Remaining"))
                    .isEqualTo("2");
            HttpResponse<byte[]> malformed = limited.get("/a.png", 161);
            assertThat(malformed.statusCode()).isEqualTo(400);
            assertThat(header(malformed, "X-RateLimit-Remaining")).isEqualTo("1");
            assertThat(limited.get("/a.png", 320).statusCode()).isEqualTo(200);

            // What is refused counts nothing, so that it can be asked again and again.
            Await.until(SOON, "the second picture made smaller is counted too", () -> {
                HttpResponse<byte[]> refused = limited.get("/a.png", 160);
                assertThat(refused.statusCode()).isEqualTo(429);
                return Long.parseLong(header(refused, "Retry-After")) > 1200;
            });
        }
    }

    private static long left(ProxyRig by) {
        HttpResponse<byte[]> session = by.gateway.send(HttpRequest.newBuilder(by.gateway.uri("/api/session"))
                .header("Authorization", "Bearer " + by.gateway.signIn("alice", "user")));
        return JsonMapper.shared()
                .readTree(session.body())
                .path("limits")
                .valueStream()
                .filter(limit -> limit.path("limit").asString().equals("image-proxy"))
                .mapToLong(limit -> limit.path("remaining").asLong())
                .findFirst()
                .orElseThrow();
    }

    @Test
    void signedUrlsCountForTheAddressAndNotForUsers() {
        try (ProxyRig limited = ProxyRig.in(
                directory.resolve("limited"),
                "sluice.limits.enabled",
                "true",
                "sluice.limits.definitions.image-proxy.units",
                "2",
                "sluice.limits.definitions.image-proxy.period",
                "1h")) {
            limited.origin.on("/a.png", Behaviours.image(PICTURE));
            String url = signed(limited, limited.origin.url("/a.png"));

            assertThat(limited.gateway.get(url).statusCode()).isEqualTo(200);
            assertThat(limited.gateway.get(url).statusCode()).isEqualTo(200);
            assertThat(limited.gateway.get(url).statusCode()).isEqualTo(429);

            assertThat(limited.get("/a.png").statusCode()).isEqualTo(200);
        }
    }
}
