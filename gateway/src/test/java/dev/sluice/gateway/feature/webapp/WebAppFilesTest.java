package dev.sluice.gateway.feature.webapp;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.RunningGateway;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The files over HTTP, and what holds between them. */
class WebAppFilesTest {
    private static final Pattern IMPORT = Pattern.compile("(?<![\\w/'])(?:from|import)\\s*\\(?\\s*'([^']+)'");
    private static final Pattern ASSET = Pattern.compile("(?:src|href)=\"(assets/[^\"]+)\"");

    private static RunningGateway gateway;

    @BeforeAll
    static void start() {
        gateway = RunningGateway.start(Map.of("sluice.web-app.connect-to", "https://bucket.example"));
    }

    @AfterAll
    static void stop() {
        gateway.close();
    }

    @Test
    void thePageIsAskedForAnewEachTimeAndSentOnceOnly() {
        HttpResponse<byte[]> page = gateway.get("/");

        assertThat(page.statusCode()).isEqualTo(200);
        assertThat(page.headers().firstValue("Content-Type")).hasValue("text/html;charset=UTF-8");
        assertThat(page.headers().firstValue("Cache-Control")).hasValue("no-cache");
        String etag = page.headers().firstValue("ETag").orElseThrow();
        HttpResponse<byte[]> again =
                gateway.send(HttpRequest.newBuilder(gateway.uri("/")).header("If-None-Match", etag));
        assertThat(again.statusCode()).isEqualTo(304);
        assertThat(again.body()).isEmpty();
    }

    @Test
    void everyViewIsAPageForWhoReadsHtmlAndNoneForOthers() {
        for (String path : List.of(
                "/gallery",
                "/gallery/",
                "/gallery?q=boat",
                "/gallery/5b0c6c1e-0000-0000-0000-000000000000",
                "/generate",
                "/upload",
                "/import",
                "/admin",
                "/sign-in")) {
            HttpResponse<byte[]> page = asked(path, "text/html,application/xhtml+xml,*/*;q=0.8");
            assertThat(page.statusCode()).as(path).isEqualTo(200);
            assertThat(page.headers().firstValue("Content-Type")).hasValue("text/html;charset=UTF-8");
            assertThat(asked(path, "application/json").statusCode()).as(path).isEqualTo(406);
        }
    }

    @Test
    void problemIsAPageForWhoGoesToItsUrlAndJsonForOthers() {
        String path = "/gallery/<b>/two";
        HttpResponse<byte[]> page = asked(path.replace("<", "%3C").replace(">", "%3E"), "text/html,*/*;q=0.8");
        assertThat(page.statusCode()).isEqualTo(404);
        assertThat(page.headers().firstValue("Content-Type")).hasValue("text/html;charset=UTF-8");
        assertThat(page.headers().firstValue("Content-Security-Policy").orElseThrow())
                .startsWith("default-src 'none'; style-src 'sha256-");
        assertThat(text(page))
                .contains("<h1>Not found</h1>", "<a href=\"./../../\">")
                .doesNotContain("<b>");

        for (String accept : List.of("*/*", "text/html, application/json", "text/html, application/problem+json")) {
            assertThat(asked("/gallery/one/two", accept).headers().firstValue("Content-Type"))
                    .as(accept)
                    .hasValue("application/problem+json");
        }
    }

    @Test
    void everyPageFindsItsFilesFromWhereItIsAndAdmitsItsImportMap() throws Exception {
        for (String path : List.of("/", "/gallery", "/gallery/", "/gallery/an-image")) {
            HttpResponse<byte[]> page = asked(path, "text/html");
            Matcher names = Pattern.compile("(?:src|href)=\"([^\":]+)\"").matcher(text(page));
            int files = 0;
            while (names.find()) {
                URI file = gateway.uri(path).resolve(names.group(1));
                if (file.getPath().startsWith("/assets/")) {
                    files++;
                    assertThat(gateway.send(HttpRequest.newBuilder(file)).statusCode())
                            .as(path + " " + file)
                            .isEqualTo(200);
                }
            }
            assertThat(files).as(path).isGreaterThan(6);
            Matcher map =
                    Pattern.compile("<script type=\"importmap\">(.*?)</script>").matcher(text(page));
            assertThat(map.find()).isTrue();
            byte[] hash =
                    MessageDigest.getInstance("SHA-256").digest(map.group(1).getBytes(StandardCharsets.UTF_8));
            assertThat(page.headers().firstValue("Content-Security-Policy").orElseThrow())
                    .contains("'sha256-" + Base64.getEncoder().encodeToString(hash) + "'");
        }
    }

    private static HttpResponse<byte[]> asked(String path, String accept) {
        return gateway.send(HttpRequest.newBuilder(gateway.uri(path)).header("Accept", accept));
    }

    @Test
    void everyFileThatThePageNamesIsThereAndKeptForGood() {
        Matcher names = ASSET.matcher(text(gateway.get("/")));
        List<String> named = new ArrayList<>();
        while (names.find()) {
            named.add(names.group(1));
        }

        assertThat(named).hasSizeGreaterThan(6);
        for (String name : named) {
            HttpResponse<byte[]> file = gateway.get("/" + name);
            assertThat(file.statusCode()).as(name).isEqualTo(200);
            assertThat(file.headers().firstValue("Cache-Control")).hasValue("public, max-age=31536000, immutable");
        }
    }

    @Test
    void aFileOfAnotherReleaseIsNotKept() {
        HttpResponse<byte[]> file = gateway.get("/assets/0123456789abcdef/main.js");

        assertThat(file.statusCode()).isEqualTo(200);
        assertThat(file.headers().firstValue("Cache-Control")).hasValue("no-cache");
    }

    @Test
    void filesAreGzippedForWhoReadsThat() throws IOException {
        URI style = gateway.uri("/assets/any/style.css");
        HttpResponse<byte[]> plain = gateway.send(HttpRequest.newBuilder(style));
        HttpResponse<byte[]> packed =
                gateway.send(HttpRequest.newBuilder(style).header("Accept-Encoding", "br;q=1, gzip;q=0.8"));
        HttpResponse<byte[]> refused =
                gateway.send(HttpRequest.newBuilder(style).header("Accept-Encoding", "gzip;q=0"));

        assertThat(plain.headers().firstValue("Content-Encoding")).isEmpty();
        assertThat(refused.headers().firstValue("Content-Encoding")).isEmpty();
        assertThat(packed.headers().firstValue("Content-Encoding")).hasValue("gzip");
        assertThat(packed.headers().allValues("Vary")).contains("Accept-Encoding");
        assertThat(packed.headers().firstValue("ETag"))
                .isNotEqualTo(plain.headers().firstValue("ETag"));
        assertThat(packed.body().length).isLessThan(plain.body().length / 2);
        assertThat(new GZIPInputStream(new ByteArrayInputStream(packed.body())).readAllBytes())
                .isEqualTo(plain.body());
    }

    @Test
    void headTellsWhatGetWouldSend() {
        HttpResponse<byte[]> head =
                gateway.send(HttpRequest.newBuilder(gateway.uri("/")).method("HEAD", BodyPublishers.noBody()));

        assertThat(head.statusCode()).isEqualTo(200);
        assertThat(head.body()).isEmpty();
        assertThat(head.headers().firstValueAsLong("Content-Length"))
                .hasValue(gateway.get("/").body().length);
    }

    @Test
    void theContentPolicyAdmitsThisGatewayAndTheConfiguredBucket() {
        HttpResponse<byte[]> page = gateway.get("/");

        String policy = page.headers().firstValue("Content-Security-Policy").orElseThrow();
        assertThat(policy)
                .startsWith("default-src 'none'; script-src 'self' 'sha256-")
                .contains(
                        "connect-src 'self' https://bucket.example",
                        "frame-ancestors 'none'",
                        "base-uri 'none'",
                        "require-trusted-types-for 'script'")
                .doesNotContain("unsafe", "*", "data:");
        assertThat(page.headers().firstValue("X-Content-Type-Options")).hasValue("nosniff");
        assertThat(page.headers().firstValue("Referrer-Policy")).hasValue("no-referrer");
        assertThat(page.headers().firstValue("Permissions-Policy").orElseThrow())
                .contains("camera=()");
    }

    @Test
    void aFileByItselfMayLoadNothing() {
        HttpResponse<byte[]> file = gateway.get("/assets/any/compress-worker.js");

        assertThat(file.headers().firstValue("Content-Security-Policy")).hasValue("default-src 'none'");
        assertThat(file.headers().firstValue("X-Content-Type-Options")).hasValue("nosniff");
        assertThat(file.headers().firstValue("Cross-Origin-Resource-Policy")).hasValue("same-origin");
        assertThat(file.headers().firstValue("Referrer-Policy")).hasValue("no-referrer");
    }

    @Test
    void thePageSaysWhetherItsRequestBroughtASession() {
        HttpRequest.Builder signIn = HttpRequest.newBuilder(gateway.uri("/api/session"))
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString("{\"user\":\"alice\"}"));
        String cookie = gateway.send(signIn)
                .headers()
                .firstValue("Set-Cookie")
                .orElseThrow()
                .replaceFirst(";.*", "");
        HttpResponse<byte[]> without = asked("/gallery", "text/html");
        HttpResponse<byte[]> with = gateway.send(HttpRequest.newBuilder(gateway.uri("/gallery"))
                .header("Accept", "text/html")
                .header("Cookie", cookie));

        assertThat(text(without)).contains("data-session=\"none\"");
        assertThat(text(with)).contains("data-session=\"sent\"");
        assertThat(with.headers().firstValue("ETag"))
                .isNotEqualTo(without.headers().firstValue("ETag"));
        assertThat(with.headers().allValues("Vary")).anyMatch(vary -> vary.contains("Cookie"));
    }

    @Test
    void whatIsNotThereIsAProblemAsEverywhereElse() {
        for (String path : List.of(
                "/assets/any/nothing.js", "/assets/any/index.html", "/index.html", "/static/main.js", "/api/nothing")) {
            HttpResponse<byte[]> none = gateway.get(path);

            assertThat(none.statusCode()).as(path).isEqualTo(404);
            assertThat(none.headers().firstValue("Content-Type")).hasValue("application/problem+json");
        }
        assertThat(gateway.get("/assets/any/../index.html").statusCode()).isEqualTo(400);
        HttpResponse<byte[]> posted = gateway.post("/", "{}");
        assertThat(posted.statusCode()).isEqualTo(405);
        assertThat(text(posted)).contains("method_not_allowed");
    }

    @Test
    void aSessionThatIsNoMoreStandsNotInThePagesWay() {
        HttpRequest.Builder page =
                HttpRequest.newBuilder(gateway.uri("/")).header("Cookie", "sluice_session=not.a.token");
        HttpRequest.Builder session =
                HttpRequest.newBuilder(gateway.uri("/api/session")).header("Cookie", "sluice_session=not.a.token");

        assertThat(gateway.send(page).statusCode()).isEqualTo(200);
        assertThat(gateway.send(session).statusCode()).isEqualTo(401);
    }

    @Test
    void everyImportOfEveryModuleIsAFile() {
        Assets assets = Assets.load();
        Set<String> mapped = Set.of("preact", "preact/hooks", "blurhash");

        assertThat(assets.files()).hasSizeGreaterThan(20);
        assets.files().forEach((name, asset) -> {
            if (name.endsWith(".js") && !name.startsWith("lib/")) {
                Matcher imports = IMPORT.matcher(plain(asset));
                while (imports.find()) {
                    String wanted = imports.group(1);
                    if (!mapped.contains(wanted)) {
                        String file =
                                URI.create("/" + name).resolve(wanted).getPath().substring(1);
                        assertThat(assets.file(file))
                                .as("%s imports %s", name, wanted)
                                .isNotNull();
                    }
                }
            }
        });
    }

    @Test
    void noModuleTurnsTextIntoMarkup() {
        Assets.load().files().forEach((name, asset) -> {
            if (name.endsWith(".js") && !name.startsWith("lib/")) {
                assertThat(plain(asset))
                        .as(name)
                        .doesNotContain("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(");
            }
        });
    }

    private static String plain(Asset asset) {
        return StandardCharsets.UTF_8.decode(asset.plain().bytes().duplicate()).toString();
    }

    private static String text(HttpResponse<byte[]> response) {
        return new String(response.body(), StandardCharsets.UTF_8);
    }
}
