package dev.sluice.gateway.feature.zip;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Archives;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.Pictures;
import dev.sluice.gateway.testing.RunningGateway;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The archive behind a link, its progress, and the archive as base64. */
@ExtendWith(NoLeaks.class)
class ZipLinksTest {
    private static final JsonMapper JSON = new JsonMapper();
    private static final byte[] PICTURE = Pictures.png(50_000);

    private static HostileOrigin origin;
    private static RunningGateway gateway;

    @BeforeAll
    static void start() {
        origin = HostileOrigin.start()
                .on("/a.png", Behaviours.image(PICTURE))
                .on("/b.png", Behaviours.image(PICTURE))
                .on("/gone.png", Behaviours.status(410));
        gateway = RunningGateway.start(origin, Map.of("sluice.zip.link-store", "64KB", "sluice.zip.max-body", "64KB"));
    }

    @AfterAll
    static void stop() {
        gateway.close();
        origin.close();
    }

    @Test
    void linkServesTheArchiveAndTellsItsProgress() {
        HttpResponse<byte[]> created = gateway.post("/api/zip/links", request());
        assertThat(created.statusCode()).isEqualTo(201);
        JsonNode link = JSON.readTree(created.body());
        assertThat(created.headers().firstValue("Location"))
                .hasValue(link.path("url").asString());

        HttpResponse<byte[]> archive = gateway.get(link.path("url").asString());
        assertThat(archive.statusCode()).isEqualTo(200);
        assertThat(archive.headers().firstValue("Content-Type")).hasValue("application/zip");
        assertThat(archive.headers().firstValue("Content-Disposition").orElseThrow())
                .startsWith("attachment; filename=")
                .contains("trip.zip");
        assertThat(Archives.read(archive.body())).containsOnlyKeys("a.png", "b.png", "manifest.json");

        HttpResponse<byte[]> events = gateway.get(link.path("eventsUrl").asString());
        assertThat(events.headers().firstValue("Content-Type").orElseThrow()).startsWith("text/event-stream");
        assertThat(events.headers().firstValue("X-Accel-Buffering")).hasValue("no");
        assertThat(events.headers().firstValue("Cache-Control")).hasValue("no-cache, no-transform");
        String told = new String(events.body(), StandardCharsets.UTF_8);
        assertThat(told)
                .contains("\"index\":0", "\"state\":\"done\",\"bytes\":50000")
                .contains("\"state\":\"skipped\",\"bytes\":0,\"code\":\"upstream_status\"")
                .contains("event:end", "{\"images\":3,\"done\":2,\"skipped\":1,\"bytes\":100000}");
    }

    @Test
    void linkCanBeUsedAgain() {
        String url = JSON.readTree(gateway.post("/api/zip/links", request()).body())
                .path("url")
                .asString();

        assertThat(gateway.get(url).body()).isEqualTo(gateway.get(url).body());
    }

    @Test
    void unknownLinkIsNotFound() {
        for (String path : List.of("/api/zip/links/nothing", "/api/zip/links/nothing/events")) {
            HttpResponse<byte[]> answer = gateway.get(path);
            assertThat(answer.statusCode()).isEqualTo(404);
            assertThat(JSON.readTree(answer.body()).path("code").asString()).isEqualTo("not_found");
        }
    }

    @Test
    void linksThatWouldNotFitAreRefused() {
        // What cannot be packed: each takes more than half of the room.
        String large = "{\"images\":[{\"url\":\"http://example.com/" + LinkSharesTest.random(50_000) + "\"}]}";
        assertThat(gateway.post("/api/zip/links", large).statusCode()).isEqualTo(201);

        HttpResponse<byte[]> refused = gateway.post("/api/zip/links", large);

        assertThat(refused.statusCode()).isEqualTo(503);
        assertThat(JSON.readTree(refused.body()).path("code").asString()).isEqualTo("overloaded");
        assertThat(refused.headers().firstValue("Retry-After")).isPresent();
        assertThat(gateway.post("/api/zip/links", request()).statusCode()).isEqualTo(201);
    }

    @Test
    void base64HoldsTheVerySameArchive() {
        byte[] archive = gateway.post("/api/zip", request()).body();

        HttpResponse<byte[]> answer = gateway.post("/api/zip/base64", request());

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.headers().firstValue("Content-Type").orElseThrow()).startsWith("application/json");
        JsonNode json = JSON.readTree(answer.body());
        assertThat(Base64.getDecoder().decode(json.path("base64").asString())).isEqualTo(archive);
        assertThat(json.path("size").asInt()).isEqualTo(archive.length);
        assertThat(json.path("filename").asString()).isEqualTo("trip.zip");
        assertThat(json.path("contentType").asString()).isEqualTo("application/zip");
        assertThat(json.path("skipped").path(0).path("code").asString()).isEqualTo("upstream_status");
    }

    @Test
    void base64OfNothingIsAProblem() {
        HttpResponse<byte[]> answer =
                gateway.post("/api/zip/base64", "{\"images\":[{\"url\":\"" + origin.url("/gone.png") + "\"}]}");

        assertThat(answer.statusCode()).isEqualTo(502);
        assertThat(JSON.readTree(answer.body()).path("code").asString()).isEqualTo("no_image_available");
    }

    private static String request() {
        return "{\"filename\":\"trip\",\"images\":[{\"url\":\"" + origin.url("/a.png") + "\"},{\"url\":\""
                + origin.url("/gone.png") + "\"},{\"url\":\"" + origin.url("/b.png") + "\"}]}";
    }
}
