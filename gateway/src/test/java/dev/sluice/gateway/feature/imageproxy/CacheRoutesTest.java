package dev.sluice.gateway.feature.imageproxy;

import static dev.sluice.gateway.feature.imageproxy.ProxyRig.SOON;
import static dev.sluice.gateway.feature.imageproxy.ProxyRig.TTL;
import static dev.sluice.gateway.feature.imageproxy.ProxyRig.cacheStatus;
import static dev.sluice.gateway.feature.imageproxy.ProxyRig.code;
import static dev.sluice.gateway.feature.imageproxy.ProxyRig.header;
import static dev.sluice.gateway.feature.imageproxy.ProxyRig.problem;
import static dev.sluice.gateway.feature.imageproxy.ProxyRig.proxied;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.Pictures;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What admins see of the cache, and how they clear it of one image. */
@ExtendWith({NoLeaks.class, OutputCaptureExtension.class})
class CacheRoutesTest {
    private static final byte[] PICTURE = Pictures.png(20_000);

    @TempDir
    private static Path directory;

    private static ProxyRig rig;
    private static String admin;

    @BeforeAll
    static void start() {
        rig = ProxyRig.decodingIn(
                directory.resolve("cache"), "logging.level.dev.sluice.gateway.feature.imageproxy.CacheRoutes", "info");
        admin = rig.gateway.signIn("root", "admin");
    }

    @AfterAll
    static void stop() {
        rig.close();
    }

    private static String path(String path) {
        return proxied(rig.origin.url(path)).replace("/api/", "/api/admin/");
    }

    private static HttpResponse<byte[]> show(String path) {
        return rig.gateway.send(rig.as(admin, path(path)));
    }

    private static JsonNode shown(String path) {
        HttpResponse<byte[]> answer = show(path);
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(header(answer, "Cache-Control")).isEqualTo("no-store");
        return JsonMapper.shared().readTree(answer.body());
    }

    private static HttpResponse<byte[]> purge(String path) {
        return rig.gateway.send(rig.as(admin, path(path)).DELETE());
    }

    @Test
    void onlyAdminsMayLookAndPurge() {
        for (String method : new String[] {"GET", "DELETE"}) {
            HttpResponse<byte[]> user =
                    rig.gateway.send(rig.asAlice(path("/a.png")).method(method, HttpRequest.BodyPublishers.noBody()));
            assertThat(user.statusCode()).isEqualTo(403);
            assertThat(code(user)).isEqualTo("forbidden");

            HttpResponse<byte[]> nobody = rig.gateway.send(HttpRequest.newBuilder(rig.gateway.uri(path("/a.png")))
                    .method(method, HttpRequest.BodyPublishers.noBody()));
            assertThat(nobody.statusCode()).isEqualTo(401);
        }
    }

    @Test
    void freshImageIsShownWithAllThatIsKnownOfIt() {
        rig.origin.on(
                "/fresh.png",
                Behaviours.answer(
                        PICTURE,
                        "Content-Type: image/png",
                        "Content-Length: 20000",
                        "ETag: \"v1\"",
                        "Last-Modified: Fri, 20 Nov 2026 08:00:00 GMT"));
        HttpResponse<byte[]> image = rig.get("/fresh.png");
        Instant stored = rig.clock.instant();

        JsonNode entry = shown("/fresh.png");

        assertThat(entry.path("url").asString()).isEqualTo(rig.origin.url("/fresh.png"));
        assertThat(entry.path("state").asString()).isEqualTo("fresh");
        assertThat(entry.has("failure")).isFalse();
        JsonNode kept = entry.path("image");
        assertThat(kept.path("contentType").asString()).isEqualTo("image/png");
        assertThat(kept.path("size").asLong()).isEqualTo(20_000);
        assertThat(kept.path("etag").asString()).isEqualTo(header(image, "ETag"));
        assertThat(kept.path("storedAt").asString()).isEqualTo(stored.toString());
        assertThat(kept.path("expiresAt").asString()).isEqualTo(stored.plus(TTL).toString());
        assertThat(kept.path("originEtag").asString()).isEqualTo("\"v1\"");
        assertThat(kept.path("originLastModified").asString()).isEqualTo("Fri, 20 Nov 2026 08:00:00 GMT");
    }

    @Test
    void imagePastItsTimeIsStaleAndItsOriginsFailureIsShown() {
        rig.origin.on("/stale.png", Behaviours.image(PICTURE));
        rig.get("/stale.png");
        rig.clock.move(TTL);
        assertThat(shown("/stale.png").path("state").asString()).isEqualTo("stale");

        rig.origin.on("/stale.png", Behaviours.status(500));
        rig.get("/stale.png");

        JsonNode entry = shown("/stale.png");
        assertThat(entry.path("state").asString()).isEqualTo("stale");
        assertThat(entry.path("failure").path("code").asString()).isEqualTo("upstream_status");
    }

    @Test
    void failureIsShownUntilItIsForgotten() {
        rig.get("/missing.png");

        JsonNode entry = shown("/missing.png");
        assertThat(entry.path("state").asString()).isEqualTo("failed");
        assertThat(entry.has("image")).isFalse();
        assertThat(entry.path("failure").path("code").asString()).isEqualTo("upstream_status");
        assertThat(entry.path("failure").path("until").asString())
                .isEqualTo(rig.clock.instant().plusSeconds(60).toString());

        assertThat(purge("/missing.png").statusCode()).isEqualTo(204);
        rig.origin.on("/missing.png", Behaviours.image(PICTURE));
        assertThat(rig.get("/missing.png").statusCode()).isEqualTo(200);
    }

    @Test
    void imageThatIsOnItsWayWhenItIsPurgedIsNotKept() {
        CountDownLatch purged = new CountDownLatch(1);
        rig.origin.on("/on-its-way.png", exchange -> {
            exchange.head(200, "Content-Type: image/png", "Content-Length: " + PICTURE.length);
            exchange.write(Arrays.copyOf(PICTURE, 100));
            purged.await();
            exchange.write(Arrays.copyOfRange(PICTURE, 100, PICTURE.length));
        });
        CompletableFuture<HttpResponse<byte[]>> first =
                CompletableFuture.supplyAsync(() -> rig.get("/on-its-way.png"), Thread::startVirtualThread);
        rig.origin.await(
                Duration.ofSeconds(30), "the origin is asked", () -> rig.origin.requests("/on-its-way.png") == 1);

        purge("/on-its-way.png");
        purged.countDown();

        assertThat(first.join().body()).isEqualTo(PICTURE);
        rig.origin.on("/on-its-way.png", Behaviours.image(PICTURE));
        assertThat(cacheStatus(rig.get("/on-its-way.png"))).isEqualTo("sluice; fwd=uri-miss; fwd-status=200; stored");
    }

    @Test
    void purgedImageIsFetchedAnewAndThePurgeIsLogged(CapturedOutput output) {
        rig.origin.on("/purged.png", Behaviours.image(PICTURE));
        rig.get("/purged.png");
        int files = rig.files().size();

        HttpResponse<byte[]> purged = purge("/purged.png");

        assertThat(purged.statusCode()).isEqualTo(204);
        assertThat(purged.body()).isEmpty();
        assertThat(output.getOut())
                .contains("user:root purged " + rig.origin.url("/purged.png") + " from the image cache: done");
        Await.until(SOON, "its file is deleted", () -> rig.files().size() == files - 1);
        assertThat(cacheStatus(rig.get("/purged.png"))).isEqualTo("sluice; fwd=uri-miss; fwd-status=200; stored");
        assertThat(rig.origin.requests("/purged.png")).isEqualTo(2);
    }

    @Test
    void smallerCopiesAreShownAndPurgedWithTheirOriginal() {
        rig.origin.on("/wide.png", Behaviours.image(DrawnPictures.png(400, 200, 1)));
        HttpResponse<byte[]> small = rig.get("/wide.png", 160);
        rig.get("/wide.png", 320);
        rig.get("/wide.png", 640); // the original itself
        int files = rig.files().size();

        JsonNode thumbnails = shown("/wide.png").path("thumbnails");
        assertThat(thumbnails.size()).isEqualTo(2);
        assertThat(thumbnails.path(0).path("width").asInt()).isEqualTo(160);
        assertThat(thumbnails.path(0).path("contentType").asString()).isEqualTo("image/jpeg");
        assertThat(thumbnails.path(0).path("size").asLong()).isEqualTo(small.body().length);
        assertThat(thumbnails.path(0).path("etag").asString()).isEqualTo(header(small, "ETag"));
        assertThat(thumbnails.path(1).path("width").asInt()).isEqualTo(320);

        assertThat(purge("/wide.png").statusCode()).isEqualTo(204);

        assertThat(show("/wide.png").statusCode()).isEqualTo(404);
        Await.until(SOON, "all files are deleted", () -> rig.files().size() == files - 4);
        assertThat(cacheStatus(rig.get("/wide.png", 160)))
                .isEqualTo("sluice; fwd=uri-miss; fwd-status=200; stored; detail=transformed");
        assertThat(rig.origin.requests("/wide.png")).isEqualTo(2);
    }

    @Test
    void imageThatCannotBeMadeSmallerIsShownAsThatUntilItIsForgotten() {
        byte[] damaged = Arrays.copyOf(DrawnPictures.noise(400, 400, 1), 200_000);
        rig.origin.on("/damaged.png", Behaviours.image(damaged));
        rig.get("/damaged.png", 160);

        JsonNode entry = shown("/damaged.png");
        assertThat(entry.path("state").asString()).isEqualTo("fresh");
        assertThat(entry.path("thumbnailFailure").path("code").asString()).isEqualTo("damaged");
        assertThat(entry.path("thumbnailFailure").path("until").asString())
                .isEqualTo(rig.clock.instant().plusSeconds(60).toString());

        purge("/damaged.png");
        rig.origin.on("/damaged.png", Behaviours.image(DrawnPictures.png(400, 200, 1)));
        assertThat(rig.get("/damaged.png", 160).statusCode()).isEqualTo(200);
    }

    @Test
    void whatIsNotThereIsNotFound(CapturedOutput output) {
        assertThat(show("/unknown.png").statusCode()).isEqualTo(404);
        HttpResponse<byte[]> purged = purge("/unknown.png");

        assertThat(purged.statusCode()).isEqualTo(404);
        assertThat(code(purged)).isEqualTo("not_found");
        assertThat(output.getOut()).contains("from the image cache: not there");
    }

    @Test
    void whatIsNoUrlIsNamed() {
        for (String query :
                new String[] {"", "?url=nonsense", "?url=http%3A%2F%2F10.0.0.1%2F", "?url=ftp%3A%2F%2Fe.com"}) {
            HttpResponse<byte[]> answer = rig.gateway.send(rig.as(admin, "/api/admin/image-proxy" + query));
            assertThat(answer.statusCode()).as(query).isEqualTo(400);
            assertThat(problem(answer).path("member").asString()).isEqualTo("url");
        }
    }
}
