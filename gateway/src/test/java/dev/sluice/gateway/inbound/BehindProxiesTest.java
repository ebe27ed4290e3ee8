package dev.sluice.gateway.inbound;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.sluice.gateway.testing.Archives;
import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.Certificate;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.PictureFiles;
import dev.sluice.gateway.testing.ReverseProxy;
import dev.sluice.gateway.testing.ReverseProxy.Kind;
import dev.sluice.gateway.testing.RunningGateway;
import dev.sluice.zipstream.BufferBudget;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpClient.Version;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What the gateway promises, behind each of the proxies whose configuration {@code docker/proxies} shows, over TLS. One
 * that is not installed is skipped.
 */
class BehindProxiesTest {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final byte[] PICTURE = PictureFiles.encoded("png", 300, 300);
    private static final Certificate CERTIFICATE = Certificate.forNames("localhost");
    private static final Map<Kind, ReverseProxy> PROXIES = new EnumMap<>(Kind.class);

    @TempDir
    private static Path directory;

    private static HostileOrigin origin;
    private static RunningGateway gateway;
    private static HttpClient client;

    @BeforeAll
    static void start() throws GeneralSecurityException {
        origin = HostileOrigin.start()
                .on("/a.png", Behaviours.image(PICTURE))
                .on("/gone.png", Behaviours.status(410))
                .on("/silent.png", Behaviours.silent());
        gateway = RunningGateway.start(origin, Map.of("sluice.trusted-proxies", "127.0.0.1"));
        client = trusting(CERTIFICATE);
    }

    private static HttpClient trusting(Certificate certificate) throws GeneralSecurityException {
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(certificate.trusted());
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        return HttpClient.newBuilder().sslContext(context).build();
    }

    @AfterAll
    static void stop() {
        client.shutdownNow();
        PROXIES.values().forEach(ReverseProxy::close);
        gateway.close();
        origin.close();
    }

    private static ReverseProxy proxy(Kind kind) {
        return PROXIES.computeIfAbsent(kind, wanted -> ReverseProxy.start(wanted, gateway, CERTIFICATE, directory));
    }

    private static HttpRequest.Builder request(ReverseProxy proxy, String path) {
        return HttpRequest.newBuilder(URI.create(proxy.url()).resolve(path)).timeout(SOON);
    }

    private static HttpRequest.Builder post(ReverseProxy proxy, String path, Object body) {
        return request(proxy, path)
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(JsonMapper.shared().writeValueAsString(body)));
    }

    private static HttpResponse<byte[]> answer(HttpRequest.Builder request) throws IOException {
        return sent(request.build(), BodyHandlers.ofByteArray());
    }

    private static <T> HttpResponse<T> sent(HttpRequest request, HttpResponse.BodyHandler<T> body) throws IOException {
        try {
            return client.send(request, body);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(interrupted);
        }
    }

    private static JsonNode json(HttpResponse<byte[]> answer) {
        return JsonMapper.shared().readTree(answer.body());
    }

    private static Map<String, Object> archive(String onError, int pictures, String... more) {
        List<Map<String, String>> images = Stream.concat(
                        Collections.nCopies(pictures, "/a.png").stream(), Stream.of(more))
                .map(path -> Map.of("url", origin.url(path)))
                .toList();
        return Map.of("images", images, "onError", onError);
    }

    private static boolean isFree() {
        return Stream.of("imageMemory", "imageDisk")
                .map(name -> gateway.bean(name, BufferBudget.class))
                .allMatch(budget -> budget.available() == budget.capacity());
    }

    @ParameterizedTest
    @EnumSource
    void wholeArchiveArrives(Kind kind) throws IOException {
        for (Version version : Version.values()) {
            for (String onError : List.of("skip", "fail")) {
                HttpResponse<byte[]> answer = answer(
                        post(proxy(kind), "/api/zip", archive(onError, 5)).version(version));
                assertThat(answer.statusCode()).isEqualTo(200);
                assertThat(Archives.read(answer.body()).values())
                        .hasSize(5)
                        .allSatisfy(bytes -> assertThat(bytes).isEqualTo(PICTURE));
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void archiveThatIsCutIsAFailure(Kind kind) {
        assumeThat(proxy(kind).tellsCuts()).as("a Caddy after 2.6").isTrue();
        for (Version version : Version.values()) {
            assertThatThrownBy(() -> answer(post(proxy(kind), "/api/zip", archive("cut", 14, "/gone.png"))
                            .version(version)))
                    .as("over %s", version)
                    .isInstanceOf(IOException.class);
        }
    }

    @ParameterizedTest
    @EnumSource
    void archiveThatFailsHasAStatusThatSaysSo(Kind kind) throws IOException {
        HttpResponse<byte[]> answer = answer(post(proxy(kind), "/api/zip", archive("fail", 14, "/gone.png")));
        assertThat(answer.statusCode()).isEqualTo(502);
        assertThat(json(answer).path("code").asString()).isEqualTo("upstream_failed");
    }

    @ParameterizedTest
    @EnumSource
    void eventsComeAtOnce(Kind kind) throws IOException {
        JsonNode link = json(answer(post(proxy(kind), "/api/zip/links", archive("skip", 1))));
        HttpRequest events = request(proxy(kind), link.path("eventsUrl").asString())
                .header("Accept", "text/event-stream")
                .header("Accept-Encoding", "gzip")
                .build();

        // The archive is not asked for, so nothing follows the first event for 15 s.
        HttpResponse<InputStream> answer = sent(events, BodyHandlers.ofInputStream());
        try (InputStream body = answer.body()) {
            boolean packed = answer.headers().firstValue("Content-Encoding").isPresent();
            InputStream plain = packed ? new GZIPInputStream(body) : body;
            // One byte each: readers of lines wait for more of what is packed.
            for (char expected : "event:image\n".toCharArray()) {
                assertThat(plain.read()).isEqualTo(expected);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "NGINX_AS_IT_COMES")
    void pageSignsInUploadsAndIsKnownAgain(Kind kind) throws IOException {
        ReverseProxy proxy = proxy(kind);
        HttpResponse<byte[]> signedIn =
                answer(post(proxy, "/api/session", Map.of("user", "alice", "roles", List.of("user")))
                        .header("Origin", proxy.url()));
        assertThat(signedIn.statusCode()).isEqualTo(200);
        String cookie = signedIn.headers().firstValue("Set-Cookie").orElseThrow();
        assertThat(cookie).contains("; Secure");
        String session = cookie.substring(0, cookie.indexOf(';'));
        Map<String, Object> image = Map.of("imageId", "front", "contentType", "image/png", "fileSize", PICTURE.length);

        HttpRequest.Builder intent = post(
                        proxy, "/api/v1/hosts/alice/listings/submit-intent", Map.of("images", List.of(image)))
                .header("Cookie", session)
                .header("Origin", proxy.url());
        JsonNode accepted = json(answer(intent));
        JsonNode upload = accepted.at("/imageUploadUrls/0");
        assertThat(upload.path("uploadUrl").asString()).startsWith(proxy.url() + "/api/uploads/");
        HttpRequest.Builder put =
                request(proxy, upload.path("uploadUrl").asString()).PUT(BodyPublishers.ofByteArray(PICTURE));
        upload.path("headers").properties().stream()
                .filter(header -> !header.getKey().equals("content-length"))
                .forEach(header -> put.header(header.getKey(), header.getValue().asString()));
        assertThat(answer(put).statusCode()).isEqualTo(200);
        HttpResponse<byte[]> complete = answer(request(
                        proxy,
                        "/api/v1/hosts/alice/listings/"
                                + accepted.path("listingId").asString() + "/images/front/complete")
                .header("Cookie", session)
                .header("Origin", proxy.url())
                .POST(BodyPublishers.noBody()));

        assertThat(complete.statusCode()).isEqualTo(200);
        String file = json(complete).path("url").asString();
        assertThat(answer(request(proxy, file).header("Cookie", session)).body())
                .isEqualTo(PICTURE);
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "NGINX_AS_IT_COMES")
    void clientCannotMakeUpTheAddressThatItCameTo(Kind kind) throws IOException {
        HttpRequest.Builder forged = post(proxy(kind), "/api/zip", archive("skip", 1))
                .header("Origin", "http://evil.example:81")
                .header("X-Forwarded-Proto", "http")
                .header("X-Forwarded-Host", "evil.example")
                .header("X-Forwarded-Port", "81")
                .header("Forwarded", "proto=http;host=\"evil.example:81\"");
        HttpResponse<byte[]> answer = answer(forged);
        assertThat(answer.statusCode()).isEqualTo(403);
        assertThat(json(answer).path("expected").asString())
                .startsWith(proxy(kind).url() + ", or");
    }

    @ParameterizedTest
    @EnumSource
    void signedUrlShowsItsImage(Kind kind) throws IOException {
        HttpRequest.Builder signing = post(
                        proxy(kind), "/api/image-proxy/urls", Map.of("urls", List.of(origin.url("/a.png"))))
                .header("Authorization", "Bearer " + gateway.signIn("alice", "user"));
        String path = json(answer(signing)).at("/urls/0/proxyUrl").asString();
        HttpResponse<byte[]> image = answer(request(proxy(kind), path));
        assertThat(image.statusCode()).isEqualTo(200);
        assertThat(image.body()).isEqualTo(PICTURE);
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "NGINX_AS_IT_COMES")
    void lineOfFiveHundredIdsGetsThrough(Kind kind) throws IOException {
        String ids =
                Stream.generate(UUID::randomUUID).limit(500).map(UUID::toString).collect(Collectors.joining(","));
        HttpResponse<byte[]> answer = answer(request(proxy(kind), "/api/images/zip?ids=" + ids)
                .header("Authorization", "Bearer " + gateway.signIn("alice", "user")));
        assertThat(answer.statusCode()).isEqualTo(404);
        assertThat(json(answer).path("code").asString()).isEqualTo("not_found");
    }

    @ParameterizedTest
    @EnumSource
    void proxyThatIsKilledLeavesNothingBehind(Kind kind) throws IOException {
        try (ReverseProxy proxy = ReverseProxy.start(kind, gateway, CERTIFICATE, directory.resolve("killed"))) {
            HttpResponse<InputStream> answer = sent(
                    post(proxy, "/api/zip", archive("skip", 1, "/a.png", "/silent.png"))
                            .build(),
                    BodyHandlers.ofInputStream());
            try (InputStream body = answer.body()) {
                assertThat(body.read()).isEqualTo('P');
                assertThat(isFree()).isFalse();
                proxy.kill();
                Await.until(SOON, "everything is free", BehindProxiesTest::isFree);
            }
        }
    }
}
