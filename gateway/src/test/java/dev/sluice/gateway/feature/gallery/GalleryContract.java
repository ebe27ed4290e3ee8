package dev.sluice.gateway.feature.gallery;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Archives;
import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.RunningGateway;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The gallery as its clients meet it, on whatever its objects and rows are kept in, with drawn pictures. */
@ExtendWith(NoLeaks.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class GalleryContract {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final JsonMapper JSON = JsonMapper.shared();

    private HostileOrigin origin;
    private RunningGateway gateway;
    private String alice;
    private String bob;

    /** Where objects and rows are. */
    abstract Map<String, String> backend();

    @BeforeAll
    void start() {
        origin = HostileOrigin.start();
        Map<String, String> settings = new HashMap<>(backend());
        settings.put("sluice.gallery.generation.poll", "100ms");
        settings.put("sluice.gallery.generation.forbidden-terms", "nude, blood bath");
        gateway = RunningGateway.start(origin, settings);
        alice = token("alice", List.of("user"), List.of("p1"));
        bob = token("bob", List.of("user"), List.of());
    }

    @AfterAll
    void stop() {
        Holdings.settled(gateway);
        gateway.close();
        origin.close();
    }

    private String token(String user, List<String> roles, List<String> projects) {
        String body = JSON.writeValueAsString(Map.of("user", user, "roles", roles, "projects", projects));
        return json(gateway.post("/api/session", body)).required("token").stringValue();
    }

    private HttpResponse<byte[]> send(String method, String path, String token, String body, String... headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(gateway.uri(path))
                .header("Authorization", "Bearer " + token)
                .method(method, body.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(body));
        if (!body.isEmpty()) {
            request.header("Content-Type", "application/json");
        }
        if (headers.length > 0) {
            request.headers(headers);
        }
        return gateway.send(request);
    }

    private HttpResponse<byte[]> get(String path, String token, String... headers) {
        return send("GET", path, token, "", headers);
    }

    private static JsonNode json(HttpResponse<byte[]> answer) {
        return JSON.readTree(answer.body());
    }

    private static String code(HttpResponse<byte[]> answer) {
        return json(answer).path("code").asString("none");
    }

    /** The id of a generated image, once it is complete. */
    private String generated(String prompt) {
        HttpResponse<byte[]> answer =
                send("POST", "/api/images/generations", alice, JSON.writeValueAsString(Map.of("prompt", prompt)));
        assertThat(answer.statusCode()).isEqualTo(202);
        String path = answer.headers().firstValue("Location").orElseThrow();
        Await.until(
                SOON,
                path + " is complete",
                () -> "completed".equals(json(get(path, alice)).path("status").asString("")));
        return path.substring(path.lastIndexOf('/') + 1);
    }

    private static byte[] picture(String format, int width) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ImageIO.write(new BufferedImage(width, 10, BufferedImage.TYPE_INT_RGB), format, bytes);
        return bytes.toByteArray();
    }

    private String imported(String path, byte[] png) {
        origin.on(path, Behaviours.image(png));
        HttpResponse<byte[]> answer = send(
                "POST",
                "/api/images/imports",
                alice,
                JSON.writeValueAsString(Map.of("url", origin.url(path), "altText", "from " + path)));
        assertThat(answer.statusCode()).isEqualTo(201);
        return json(answer).required("id").stringValue();
    }

    @Test
    void orderIsTakenAtOnceAndItsImageCanBeHadWhenItIsComplete() throws IOException {
        HttpResponse<byte[]> order = send(
                "POST",
                "/api/images/generations",
                alice,
                "{\"prompt\":\"a lighthouse\",\"aspectRatio\":\"16:9\",\"projectId\":\"p1\"}");
        String path = order.headers().firstValue("Location").orElseThrow();

        assertThat(order.statusCode()).isEqualTo(202);
        assertThat(json(order).required("status").stringValue()).isEqualTo("generating");
        Await.until(
                SOON,
                "complete",
                () -> "completed".equals(json(get(path, alice)).path("status").asString("")));
        JsonNode image = json(get(path, alice));
        assertThat(image.required("altText").stringValue()).isEqualTo("a lighthouse");
        assertThat(image.required("contentType").stringValue()).isEqualTo("image/png");
        HttpResponse<byte[]> file = get(image.required("url").stringValue(), alice);
        assertThat(file.statusCode()).isEqualTo(200);
        assertThat(file.headers().firstValue("Cache-Control")).hasValue("private, max-age=31536000, immutable");
        BufferedImage decoded = ImageIO.read(new java.io.ByteArrayInputStream(file.body()));
        assertThat(decoded.getWidth()).isEqualTo(image.required("width").intValue());
        assertThat(file.body()).hasSize(image.required("size").intValue());
    }

    @Test
    void anotherUsersImageIsNotThereOnAnyRoute() throws IOException {
        String id = imported("/theirs.png", picture("png", 30));
        String one = "/api/images/" + id;

        for (String path : List.of(one, one + "/file", one + "/download", "/api/images/zip?ids=" + id)) {
            assertThat(get(path, bob).statusCode()).as(path).isEqualTo(404);
        }
        assertThat(send("PATCH", one, bob, "{\"altText\":\"mine\"}").statusCode())
                .isEqualTo(404);
        assertThat(send("PUT", one + "/usages/article/1", bob, "{\"role\":\"featured\"}")
                        .statusCode())
                .isEqualTo(404);
        assertThat(send("DELETE", one + "/usages/article/1", bob, "").statusCode())
                .isEqualTo(404);
        assertThat(send("DELETE", one, bob, "").statusCode()).isEqualTo(404);
        String admin = token("ann", List.of("admin"), List.of("p1"));
        assertThat(send("DELETE", "/api/admin/images/" + id, admin, "").statusCode())
                .as("it is of no project")
                .isEqualTo(404);
        assertThat(json(send("POST", "/api/images/bulk-delete", bob, "{\"ids\":[\"" + id + "\"]}"))
                        .at("/results/0/code")
                        .stringValue())
                .isEqualTo("not_found");
        assertThat(get(one, alice).statusCode()).isEqualTo(200);
        assertThat(gateway.get(one).statusCode()).isEqualTo(401);
    }

    @Test
    void nameIsTheUrlsUntilItsOwnerWritesAnother() throws IOException {
        String id = imported("/IMG_0042.png", picture("png", 40));
        String one = "/api/images/" + id;
        assertThat(json(get(one, alice)).required("name").stringValue()).isEqualTo("IMG_0042");

        assertThat(send("PATCH", one, alice, "{\"name\":\"Harbour/at night\"}").statusCode())
                .isEqualTo(200);

        JsonNode renamed = json(get(one, alice));
        assertThat(renamed.required("name").stringValue()).isEqualTo("Harbour/at night");
        assertThat(renamed.required("altText").stringValue()).isEqualTo("from /IMG_0042.png");
        assertThat(json(get("/api/images?q=harbour", alice)).required("total").intValue())
                .isOne();
        assertThat(new String(get("/api/images/zip?ids=" + id, alice).body(), StandardCharsets.ISO_8859_1))
                .contains("Harbour at night.png");
        assertThat(send("PATCH", one, alice, "{\"name\":\"\"}").statusCode()).isEqualTo(200);
        assertThat(json(get(one, alice)).path("name").isMissingNode()).isTrue();
        assertThat(send("PATCH", one, alice, "{\"name\":\"" + "x".repeat(256) + "\"}")
                        .statusCode())
                .isEqualTo(400);
    }

    @Test
    void fileIsConditionalRangedAndSavedUnderItsName() throws IOException {
        byte[] png = picture("png", 200);
        String one = "/api/images/" + imported("/ranged.png", png);
        HttpResponse<byte[]> whole = get(one + "/download", alice);
        String etag = whole.headers().firstValue("ETag").orElseThrow();

        assertThat(whole.body()).isEqualTo(png);
        assertThat(whole.headers().firstValue("Content-Disposition").orElseThrow())
                .contains("filename=\"ranged.png\"");
        assertThat(get(one + "/file", alice, "If-None-Match", etag).statusCode())
                .isEqualTo(304);
        HttpResponse<byte[]> part = get(one + "/file", alice, "Range", "bytes=10-19");
        assertThat(part.statusCode()).isEqualTo(206);
        assertThat(part.body()).isEqualTo(Arrays.copyOfRange(png, 10, 20));
        assertThat(send("HEAD", one + "/file", alice, "").headers().firstValue("Content-Length"))
                .hasValue(String.valueOf(png.length));
    }

    @Test
    void archiveIsKnownBeforehandAndResumesAnywhere() throws IOException {
        String ids = Stream.of(imported("/a.png", picture("png", 100)), imported("/b.png", picture("png", 300)))
                .reduce((a, b) -> a + "," + b)
                .orElseThrow();
        String path = "/api/images/zip?ids=" + ids;
        HttpResponse<byte[]> whole = get(path, alice);
        String etag = whole.headers().firstValue("ETag").orElseThrow();
        int length = whole.body().length;

        assertThat(whole.headers().firstValue("Content-Length")).hasValue(String.valueOf(length));
        assertThat(whole.headers().firstValue("Accept-Ranges")).hasValue("bytes");
        assertThat(Archives.read(whole.body())).hasSize(2);
        assertThat(send("HEAD", path, alice, "").headers().firstValue("Content-Length"))
                .hasValue(String.valueOf(length));
        for (int cut = 1; cut < length; cut += Math.max(1, length / 23)) {
            HttpResponse<byte[]> rest = get(path, alice, "Range", "bytes=" + cut + "-", "If-Range", etag);
            assertThat(rest.statusCode()).isEqualTo(206);
            assertThat(rest.body()).isEqualTo(Arrays.copyOfRange(whole.body(), cut, length));
        }
        HttpResponse<byte[]> two = get(path, alice, "Range", "bytes=0-9,-5");
        assertThat(two.headers().firstValue("Content-Type").orElseThrow()).startsWith("multipart/byteranges");
        assertThat(new String(two.body(), StandardCharsets.ISO_8859_1))
                .contains(new String(Arrays.copyOf(whole.body(), 10), StandardCharsets.ISO_8859_1));
        assertThat(get(path, alice, "Range", "bytes=3-", "If-Range", "\"another\"")
                        .statusCode())
                .isEqualTo(200);
    }

    @Test
    void imageInUseIsNotDeletedAndSaysWhatUsesIt() throws IOException {
        String one = "/api/images/" + imported("/used.png", picture("png", 31));
        String service = token("cms", List.of("service"), List.of());
        for (int article = 1; article <= 3; article++) {
            assertThat(send("PUT", one + "/usages/article/" + article, service, "{\"role\":\"featured\"}")
                            .statusCode())
                    .isEqualTo(204);
        }

        HttpResponse<byte[]> refused = send("DELETE", one, alice, "");

        assertThat(refused.statusCode()).isEqualTo(409);
        assertThat(code(refused)).isEqualTo("image_in_use");
        assertThat(json(refused).required("detail").stringValue())
                .isEqualTo("Image is used as featured image for 3 articles");
        for (int article = 1; article <= 3; article++) {
            send("DELETE", one + "/usages/article/" + article, service, "");
        }
        assertThat(send("DELETE", one, alice, "").statusCode()).isEqualTo(204);
        assertThat(get(one, alice).statusCode()).isEqualTo(404);
    }

    @Test
    void deletedImageLeavesNoFile() throws IOException {
        String id = imported("/gone.png", picture("png", 32));
        // What other tests have generated is completed before its smaller copies are stored.
        Holdings.awaitWorkers(gateway);
        int before = Holdings.settled(gateway).objects().size();

        assertThat(send("DELETE", "/api/images/" + id, alice, "").statusCode()).isEqualTo(204);

        assertThat(Holdings.settled(gateway).objects()).hasSize(before - 1);
        assertThat(send("DELETE", "/api/images/" + id, alice, "").statusCode()).isEqualTo(404);
    }

    @Test
    void listIsPagedFilteredAndNewestFirst() {
        generated("a zebra on a bicycle");
        String newest = generated("another zebra, 100% striped");

        JsonNode page = json(get("/api/images?q=ZEBRA&size=1&status=completed", alice));

        assertThat(page.required("total").intValue()).isEqualTo(2);
        assertThat(page.required("pages").intValue()).isEqualTo(2);
        assertThat(page.at("/images/0/id").stringValue()).isEqualTo(newest);
        assertThat(json(get("/api/images?q=100%25", alice)).required("total").intValue())
                .isEqualTo(1);
        assertThat(json(get("/api/images?q=zebra", bob)).required("total").intValue())
                .isZero();
    }

    @Test
    void listGoesOnAfterACursorThoughWhatWasBeforeItIsDeleted() {
        String oldest = generated("a heron at a weir");
        String middle = generated("a heron on a gate");
        String newest = generated("a heron in flight");

        JsonNode first = json(get("/api/images?q=heron&size=2", alice));
        assertThat(first.required("images").findValuesAsString("id")).containsExactly(newest, middle);
        String next = first.required("next").stringValue();
        send("DELETE", "/api/images/" + newest, alice, "");
        send("DELETE", "/api/images/" + middle, alice, "");
        JsonNode rest = json(get("/api/images?q=heron&size=2&after=" + next, alice));

        assertThat(rest.required("images").findValuesAsString("id")).containsExactly(oldest);
        assertThat(rest.required("total").intValue()).isOne();
        assertThat(rest.has("page")).isFalse();
        assertThat(rest.has("next")).as("more to come").isFalse();
        assertThat(json(get("/api/images?q=heron&after=" + next, bob)).required("images"))
                .isEmpty();
        String chief = token("eve", List.of("super-admin"), List.of());
        assertThat(json(get("/api/admin/images?q=heron&after=" + next, chief))
                        .required("images")
                        .findValuesAsString("id"))
                .containsExactly(oldest);
    }

    @Test
    void longListIsGzippedForWhoReadsThat() throws IOException {
        String prompt = "a lock gate, " + "very old, ".repeat(60);
        generated(prompt + "in the morning");
        generated(prompt + "in the evening");

        HttpResponse<byte[]> plain = get("/api/images?q=very%20old", alice);
        HttpResponse<byte[]> packed = get("/api/images?q=very%20old", alice, "Accept-Encoding", "gzip");
        HttpResponse<byte[]> empty = get("/api/images?q=nothing-is-like-this", alice, "Accept-Encoding", "gzip");

        assertThat(plain.headers().firstValue("Content-Encoding")).isEmpty();
        assertThat(empty.headers().firstValue("Content-Encoding")).isEmpty();
        assertThat(packed.headers().firstValue("Content-Encoding")).hasValue("gzip");
        assertThat(packed.headers().firstValue("Content-Type")).hasValue("application/json");
        assertThat(packed.headers().firstValueAsLong("Content-Length")).hasValue(packed.body().length);
        assertThat(packed.headers().allValues("Vary")).contains("Accept-Encoding");
        assertThat(packed.body().length).isLessThan(plain.body().length / 2);
        byte[] unpacked = new GZIPInputStream(new ByteArrayInputStream(packed.body())).readAllBytes();
        // Their smaller copies may have come between the two answers.
        assertThat(JSON.readTree(unpacked).findValues("prompt"))
                .hasSize(2)
                .isEqualTo(json(plain).findValues("prompt"));
        assertThat(JSON.readTree(unpacked).findValues("id"))
                .isEqualTo(json(plain).findValues("id"));
    }

    @ParameterizedTest
    @CsvSource({
        "/api/images?page=0, page",
        "/api/images?size=101, size",
        "/api/images?size=x, size",
        "/api/images?status=lost, status",
        "/api/images?colour=red, colour",
        "/api/images?after=, after",
        "/api/images?after=2, after",
        "/api/images?after=________________________________, after",
        "/api/images?after=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA&after=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA, after",
        "/api/images?page=2&after=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA, page",
        "/api/images/42, id",
        "/api/images/zip, ids",
        "/api/images/zip?ids=42, ids[0]",
    })
    void badRequestNamesItsMember(String path, String member) {
        HttpResponse<byte[]> answer = get(path, alice);

        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(json(answer).required("member").stringValue()).isEqualTo(member);
    }

    @Test
    void forbiddenTermsAndForeignProjectsAreRefusedBeforeAnythingIsSpent() {
        HttpResponse<byte[]> forbidden =
                send("POST", "/api/images/generations", alice, "{\"prompt\":\"a Bl\u00f3od-Bath at noon\"}");
        HttpResponse<byte[]> foreign =
                send("POST", "/api/images/generations", alice, "{\"prompt\":\"a cat\",\"projectId\":\"p2\"}");

        assertThat(code(forbidden)).isEqualTo("prompt_rejected");
        assertThat(foreign.statusCode()).isEqualTo(403);
        assertThat(json(get("/api/images?q=bath", alice)).required("total").intValue())
                .isZero();
    }

    @Test
    void importIsRefusedForWhatIsNoPicture() {
        origin.on("/html.png", Behaviours.body("image/png", "<html></html>".getBytes(StandardCharsets.UTF_8)));
        origin.on("/broken.png", Behaviours.image(dev.sluice.gateway.testing.Pictures.png(500)));

        HttpResponse<byte[]> html =
                send("POST", "/api/images/imports", alice, "{\"url\":\"" + origin.url("/html.png") + "\"}");
        HttpResponse<byte[]> broken =
                send("POST", "/api/images/imports", alice, "{\"url\":\"" + origin.url("/broken.png") + "\"}");

        assertThat(html.statusCode()).isEqualTo(422);
        assertThat(broken.statusCode()).isEqualTo(422);
        assertThat(json(broken).required("reason").stringValue()).isEqualTo("damaged");
    }

    @Test
    void adminsSeeAndDeleteWithinTheirProjectsAndSuperAdminsEverywhere() {
        HttpResponse<byte[]> order =
                send("POST", "/api/images/generations", alice, "{\"prompt\":\"for p1\",\"projectId\":\"p1\"}");
        String id = json(order).required("id").stringValue();
        String ofP1 = token("ann", List.of("admin"), List.of("p1"));
        String ofP2 = token("ben", List.of("admin"), List.of("p2"));
        String chief = token("eve", List.of("super-admin"), List.of());

        assertThat(json(get("/api/admin/images?projectId=p1", ofP1))
                        .required("images")
                        .toString())
                .contains(id)
                .contains("user:alice");
        assertThat(json(get("/api/admin/images?projectId=p1", ofP2))
                        .required("total")
                        .intValue())
                .isZero();
        assertThat(send("DELETE", "/api/admin/images/" + id, ofP2, "").statusCode())
                .isEqualTo(404);
        assertThat(json(get("/api/admin/images?projectId=p1", chief))
                        .required("images")
                        .toString())
                .contains(id);
        assertThat(get("/api/admin/images", alice).statusCode()).isEqualTo(403);
        assertThat(send("DELETE", "/api/admin/images/" + id, ofP1, "").statusCode())
                .isEqualTo(204);
    }

    @Test
    void bulkDeleteTellsOfEachImageByItself() throws IOException {
        String mine = imported("/bulk.png", picture("png", 33));
        String nobodys = UUID.randomUUID().toString();

        JsonNode results = json(
                send("POST", "/api/images/bulk-delete", alice, "{\"ids\":[\"" + mine + "\",\"" + nobodys + "\"]}"));

        assertThat(results.at("/results/0/status").stringValue()).isEqualTo("deleted");
        assertThat(results.at("/results/1/status").stringValue()).isEqualTo("failed");
        assertThat(results.at("/results/1/code").stringValue()).isEqualTo("not_found");
    }

    @Test
    void imageThatSeveralDeleteAtOnceIsDeletedOnceAndNobodyFails() throws IOException {
        String one = "/api/images/" + imported("/twice.png", picture("png", 34));

        List<Integer> answers = Stream.generate(() -> one)
                .limit(8)
                .map(path -> CompletableFuture.supplyAsync(
                        () -> send("DELETE", path, alice, "").statusCode(), Thread::startVirtualThread))
                .toList()
                .stream()
                .map(CompletableFuture::join)
                .toList();

        assertThat(answers).contains(204).isSubsetOf(204, 404);
        assertThat(get(one, alice).statusCode()).isEqualTo(404);
        Holdings.settled(gateway);
    }

    @Test
    void downloadDuringWhichItsImageIsDeletedIsWholeOrVisiblyCut() throws IOException, InterruptedException {
        byte[] png = Drawn.noise(2000, 1500);
        String one = "/api/images/" + imported("/large.png", png);
        ByteArrayOutputStream received = new ByteArrayOutputStream();
        boolean cut = false;
        try (HttpClient slow = HttpClient.newHttpClient()) {
            HttpResponse<InputStream> answer = slow.send(
                    HttpRequest.newBuilder(gateway.uri(one + "/file"))
                            .header("Authorization", "Bearer " + alice)
                            .timeout(SOON)
                            .build(),
                    HttpResponse.BodyHandlers.ofInputStream());
            try (InputStream body = answer.body()) {
                received.writeBytes(body.readNBytes(1000));

                assertThat(send("DELETE", one, alice, "").statusCode()).isEqualTo(204);

                body.transferTo(received);
            } catch (IOException broken) {
                cut = true;
            }
            assertThat(answer.headers().firstValue("Content-Length")).hasValue(String.valueOf(png.length));
        }

        byte[] came = received.toByteArray();
        assertThat(came).isEqualTo(Arrays.copyOf(png, came.length));
        assertThat(cut).isEqualTo(came.length < png.length);
        assertThat(get(one + "/file", alice).statusCode()).isEqualTo(404);
    }
}
