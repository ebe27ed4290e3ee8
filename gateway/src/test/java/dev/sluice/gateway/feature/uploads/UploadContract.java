package dev.sluice.gateway.feature.uploads;

import static dev.sluice.gateway.feature.uploads.UploadRig.image;
import static dev.sluice.gateway.feature.uploads.UploadRig.json;
import static dev.sluice.gateway.feature.uploads.UploadRig.picture;
import static dev.sluice.gateway.feature.uploads.UploadRig.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.sluice.gateway.feature.uploads.UploadRig.Put;
import dev.sluice.gateway.testing.Heif;
import dev.sluice.gateway.testing.PictureFiles;
import dev.sluice.gateway.testing.Pictures;
import dev.sluice.gateway.testing.RunningGateway;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/** From the announcement to the gallery, on whichever store and database a subclass has. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class UploadContract {
    static final Duration SOON = Duration.ofSeconds(30);
    private static final String WEBP = "UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==";

    RunningGateway gateway;
    UploadRig rig;

    /** Of the store and the database. */
    abstract Map<String, String> settings();

    /** Those of a database that nobody else has. */
    abstract Map<String, String> newDatabase();

    /** How many objects the store has. */
    abstract long objects();

    @BeforeAll
    void start() {
        gateway = RunningGateway.start(settings());
        rig = new UploadRig(gateway);
    }

    @AfterAll
    void stop() {
        gateway.close();
    }

    static Stream<Arguments> good() {
        byte[] jpeg = picture("jpeg", 120, 80);
        return Stream.of(
                Arguments.of("image/jpeg", jpeg, "image/jpeg", 120, 80),
                Arguments.of("image/jpg", jpeg, "image/jpeg", 120, 80),
                Arguments.of("image/png", picture("png", 60, 40), "image/png", 60, 40),
                Arguments.of("image/webp", Base64.getDecoder().decode(WEBP), "image/webp", 1, 1),
                Arguments.of("image/gif", picture("gif", 60, 40), "image/gif", 60, 40),
                Arguments.of("image/heic", resource("small.heic"), "image/heic", 64, 48),
                Arguments.of("image/heif", ofNoOtherBrand(resource("small.heic")), "image/heic", 64, 48),
                Arguments.of("image/svg+xml", PictureFiles.svg("width=\"90\" height=\"60\""), "image/svg+xml", 90, 60));
    }

    /** An HEIC whose brands do not say that it is an HEIF, too. */
    private static byte[] ofNoOtherBrand(byte[] heic) {
        byte[] plain = heic.clone();
        System.arraycopy("heic".getBytes(StandardCharsets.US_ASCII), 0, plain, 16, 4);
        return plain;
    }

    private static byte[] resource(String name) {
        try (InputStream bytes = UploadContract.class.getResourceAsStream("/" + name)) {
            return Objects.requireNonNull(bytes, name).readAllBytes();
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** Not every machine has a decoder for everything. */
    private void assumeTaken(String type) {
        assumeThat(rig.submit(image("any", type, 100)).statusCode())
                .as(type + " is taken here")
                .isEqualTo(200);
    }

    @ParameterizedTest
    @MethodSource("good")
    void uploadedImageIsInTheGallery(String type, byte[] bytes, String found, int width, int height) {
        assumeTaken(type);
        long before = rig.galleryOf("alice");
        Map<String, Object> wanted = image("front", type, bytes.length);
        wanted.put("isPrimary", true);
        wanted.put("displayOrder", 4);
        wanted.put("fileName", "C:\\pictures\\front door.jpg");
        Put put = UploadRig.puts(rig.submit(wanted)).getFirst();
        assertThat(put.send(bytes)).isEqualTo(200);
        assertThat(rig.galleryOf("alice")).isEqualTo(before);

        HttpResponse<byte[]> complete = rig.complete(put);

        assertThat(complete.statusCode())
                .as(new String(complete.body(), StandardCharsets.UTF_8))
                .isEqualTo(200);
        JsonNode image = json(complete);
        assertThat(image.required("imageId").stringValue()).isEqualTo("front");
        assertThat(image.required("hostId").stringValue()).isEqualTo("alice");
        assertThat(image.required("listingId").stringValue()).isEqualTo(put.listingId());
        assertThat(image.required("isPrimary").booleanValue()).isTrue();
        assertThat(image.required("displayOrder").intValue()).isEqualTo(4);
        assertThat(image.required("contentType").stringValue()).isEqualTo(found);
        assertThat(image.required("size").intValue()).isEqualTo(bytes.length);
        assertThat(image.required("width").intValue()).isEqualTo(width);
        assertThat(image.required("height").intValue()).isEqualTo(height);
        JsonNode shown = json(rig.get("alice", "/api/images")).at("/images/0");
        assertThat(shown.required("id")).isEqualTo(image.required("id"));
        assertThat(shown.required("source").stringValue()).isEqualTo("uploaded");
        assertThat(shown.required("name").stringValue()).isEqualTo("front door");
        assertThat(shown.required("listingId").stringValue()).isEqualTo(put.listingId());
        assertThat(shown.required("hostId").stringValue()).isEqualTo("alice");
        HttpResponse<byte[]> file = rig.get("alice", image.required("url").stringValue());
        assertThat(file.statusCode()).isEqualTo(200);
        assertThat(file.headers().firstValue("Content-Type")).hasValue(found);
        assertThat(file.headers().firstValue("Content-Security-Policy"))
                .hasValue("default-src 'none'; style-src 'unsafe-inline'; sandbox");
        assertThat(file.body()).isEqualTo(bytes);
        assertThat(rig.get("bob", image.required("url").stringValue()).statusCode())
                .isEqualTo(404);
    }

    @Test
    void completionTellsOfTheThumbnailsAndSoDoesItsRepetition() {
        byte[] png = picture("png", 400, 200);
        Put put = rig.announced("image/png", png.length);
        put.send(png);

        JsonNode image = json(rig.complete(put));

        assertThat(image.required("thumbnails").valueStream())
                .extracting(each -> each.required("width").intValue())
                .containsExactly(160, 320);
        assertThat(image.required("blurhash").stringValue()).isNotBlank();
        assertThat(json(rig.complete(put)).required("thumbnails")).isEqualTo(image.required("thumbnails"));
        for (JsonNode thumbnail : image.required("thumbnails")) {
            HttpResponse<byte[]> file =
                    rig.get("alice", thumbnail.required("url").stringValue());
            assertThat(file.statusCode()).isEqualTo(200);
            assertThat(file.body()).hasSize(thumbnail.required("size").intValue());
        }
    }

    static Stream<Arguments> bad() throws IOException {
        byte[] png = picture("png", 60, 40);
        byte[] jpeg = picture("jpeg", 60, 40);
        return Stream.of(
                Arguments.of(
                        "image/jpeg", png, "other_type", "The bytes are those of image/png (expected: image/jpeg)"),
                Arguments.of(
                        "image/png", jpeg, "other_type", "The bytes are those of image/jpeg (expected: image/png)"),
                Arguments.of(
                        "image/webp",
                        picture("gif", 5, 5),
                        "other_type",
                        "The bytes are those of image/gif (expected: image/webp)"),
                Arguments.of(
                        "image/heif",
                        Heif.file(10, 10, "mif1", "avif"),
                        "other_type",
                        "The bytes are those of image/avif (expected: image/heif)"),
                Arguments.of(
                        "image/jpeg",
                        "<html><script>alert(1)</script></html>".getBytes(StandardCharsets.US_ASCII),
                        "not_an_image",
                        "The bytes are not those of an image"),
                Arguments.of("image/png", Pictures.png(500), "damaged", "The PNG is damaged: "),
                Arguments.of("image/jpeg", Arrays.copyOf(jpeg, jpeg.length / 2), "damaged", "The JPEG is damaged: "),
                Arguments.of(
                        "image/png", hugePng(), "too_many_pixels", "10000 x 5001 pixels (expected: at most 50000000)"),
                Arguments.of(
                        "image/heic",
                        Heif.file(10_000, 5_001, "heic"),
                        "too_many_pixels",
                        "10000 x 5001 pixels (expected: at most 50000000)"));
    }

    private static byte[] hugePng() throws IOException {
        ByteArrayOutputStream header = new ByteArrayOutputStream();
        DataOutputStream fields = new DataOutputStream(header);
        fields.writeBytes("IHDR");
        fields.writeInt(10_000);
        fields.writeInt(5_001);
        fields.write(new byte[] {8, 6, 0, 0, 0});
        CRC32 crc = new CRC32();
        crc.update(header.toByteArray());
        return Heif.join(Heif.ints(0x89504e47, 0x0d0a1a0a, 13), header.toByteArray(), Heif.ints((int) crc.getValue()));
    }

    @ParameterizedTest
    @MethodSource("bad")
    void objectThatIsNotWhatItWasAnnouncedAsIsRemovedAndTheAnswerSaysWhy(
            String type, byte[] bytes, String reason, String detail) {
        assumeTaken(type);
        long before = objects();
        long images = rig.galleryOf("alice");
        Put put = rig.announced(type, bytes.length);
        assertThat(put.send(bytes)).isEqualTo(200);
        assertThat(objects()).isEqualTo(before + 1);

        HttpResponse<byte[]> refused = rig.complete(put);

        assertThat(refused.statusCode()).isEqualTo(422);
        assertThat(text(refused, "code")).isEqualTo("invalid_image");
        assertThat(text(refused, "reason")).isEqualTo(reason);
        assertThat(text(refused, "detail")).startsWith("Image front: " + detail);
        assertThat(text(refused, "imageId")).isEqualTo("front");
        assertThat(objects()).isEqualTo(before);
        assertThat(rig.galleryOf("alice")).isEqualTo(images);
        assertThat(rig.complete(put).statusCode()).isEqualTo(404);
        // Another try begins with another announcement.
        assertThat(rig.submit("alice", "alice", again(put)).statusCode()).isEqualTo(200);
    }

    private static String again(Put put) {
        return UploadRig.JSON.writeValueAsString(
                Map.of("listingId", put.listingId(), "images", List.of(image(put.imageId(), "image/png", 100))));
    }

    @Test
    void completionMayBeRepeatedAndAnnouncingAgainIsAConflict() {
        byte[] png = picture("png", 31, 30);
        Put put = rig.announced("image/png", png.length);
        assertThat(put.send(png)).isEqualTo(200);

        byte[] first = rig.complete(put).body();
        HttpResponse<byte[]> second = rig.complete(put);

        assertThat(second.statusCode()).isEqualTo(200);
        assertThat(second.body()).isEqualTo(first);
        HttpResponse<byte[]> again = rig.submit("alice", "alice", again(put));
        assertThat(again.statusCode()).isEqualTo(409);
        assertThat(text(again, "error")).isEqualTo("Image front: complete already");
    }

    @Test
    void completionsAtOnceGiveOneImage() throws Exception {
        byte[] png = picture("png", 32, 30);
        for (int round = 0; round < 5; round++) {
            long images = rig.galleryOf("alice");
            long before = objects();
            Put put = rig.announced("image/png", png.length);
            assertThat(put.send(png)).isEqualTo(200);
            rig.token("alice");
            Set<String> ids = new HashSet<>();
            try (ExecutorService clients = Executors.newFixedThreadPool(4)) {
                List<Future<HttpResponse<byte[]>>> answers = new ArrayList<>();
                for (int client = 0; client < 4; client++) {
                    answers.add(clients.submit(() -> rig.complete(put)));
                }
                for (Future<HttpResponse<byte[]>> answer : answers) {
                    assertThat(answer.get().statusCode()).isEqualTo(200);
                    ids.add(text(answer.get(), "id"));
                }
            }

            assertThat(ids).hasSize(1);
            assertThat(rig.galleryOf("alice")).isEqualTo(images + 1);
            assertThat(objects()).isEqualTo(before + 1);
        }
    }

    @Test
    void whatIsNotUploadedYetIsAConflictAndCanBeCompletedLater() {
        byte[] png = picture("png", 33, 30);
        Put put = rig.announced("image/png", png.length);

        HttpResponse<byte[]> early = rig.complete(put);

        assertThat(early.statusCode()).isEqualTo(409);
        assertThat(text(early, "detail")).isEqualTo("Image front: not uploaded yet");
        assertThat(put.send(png)).isEqualTo(200);
        assertThat(rig.complete(put).statusCode()).isEqualTo(200);
    }

    @Test
    void nobodyElseCompletesIt() {
        byte[] png = picture("png", 34, 30);
        Put put = rig.announced("image/png", png.length);
        assertThat(put.send(png)).isEqualTo(200);

        assertThat(rig.complete("bob", "alice", put.listingId(), "front").statusCode())
                .isEqualTo(404);
        assertThat(rig.complete("bob", "bob", put.listingId(), "front").statusCode())
                .isEqualTo(404);
        assertThat(rig.complete("alice", "p1", put.listingId(), "front").statusCode())
                .isEqualTo(404);
        assertThat(rig.complete("alice", "alice", "another", "front").statusCode())
                .isEqualTo(404);
        assertThat(rig.complete("alice", "alice", put.listingId(), "back").statusCode())
                .isEqualTo(404);
        assertThat(rig.complete("alice", "alice", put.listingId(), "%20").statusCode())
                .isEqualTo(404);
        assertThat(rig.complete(put).statusCode()).isEqualTo(200);
    }

    @Test
    void imageOfAProjectsListingBelongsToTheProjectToo() {
        byte[] png = picture("png", 35, 30);
        Put put = UploadRig.puts(rig.submit(
                        "alice",
                        "p1",
                        UploadRig.JSON.writeValueAsString(
                                Map.of("images", List.of(image("front", "image/png", png.length))))))
                .getFirst();
        assertThat(put.send(png)).isEqualTo(200);

        String id = text(rig.complete("alice", "p1", put.listingId(), "front"), "id");

        assertThat(text(rig.get("alice", "/api/images/" + id), "projectId")).isEqualTo("p1");
    }

    @Test
    void deletedImageMayBeUploadedAgainUnderItsName() {
        byte[] png = picture("png", 36, 30);
        Put put = rig.announced("image/png", png.length);
        put.send(png);
        String id = text(rig.complete(put), "id");
        assertThat(gateway.send(HttpRequest.newBuilder(gateway.uri("/api/images/" + id))
                                .header("Authorization", "Bearer " + rig.token("alice"))
                                .DELETE())
                        .statusCode())
                .isEqualTo(204);

        assertThat(rig.complete(put).statusCode()).isIn(404, 409);
        Put again = UploadRig.puts(rig.submit(
                        "alice",
                        "alice",
                        UploadRig.JSON.writeValueAsString(Map.of(
                                "listingId",
                                put.listingId(),
                                "images",
                                List.of(image("front", "image/png", png.length))))))
                .getFirst();
        assertThat(again.send(png)).isEqualTo(200);
        assertThat(text(rig.complete(again), "id")).isNotEqualTo(id);
    }

    @Test
    void whatWasCheckedIsServedWhateverIsPutLater() {
        byte[] png = picture("png", 37, 30);
        Put put = rig.announced("image/png", png.length);
        byte[] other = png.clone();
        other[png.length / 2]++;
        Map<String, String> own = Map.of("content-type", "image/png", "content-length", "" + png.length);
        assertThat(put.send(own, png)).as("with what a browser sends by itself").isEqualTo(200);
        JsonNode image = json(rig.complete(put));
        String url = image.required("url").stringValue();

        put.send(other);

        assertThat(json(rig.complete(put)).required("id")).isEqualTo(image.required("id"));
        assertThat(rig.get("alice", url).body()).isEqualTo(png);
        assertThat(gateway.send(HttpRequest.newBuilder(gateway.uri(
                                        "/api/images/" + image.required("id").stringValue()))
                                .header("Authorization", "Bearer " + rig.token("alice"))
                                .DELETE())
                        .statusCode())
                .isEqualTo(204);
        put.send(other);
        assertThat(rig.complete(put).statusCode())
                .as("an image comes of it once")
                .isIn(404, 409);
    }

    @Test
    void whatIsPutAfterwardsIsSweptWhenItsTimeIsOver() {
        Map<String, String> own = new HashMap<>(settings());
        own.putAll(newDatabase());
        LaterClock clock = new LaterClock();
        try (RunningGateway other = RunningGateway.start(own, clock)) {
            UploadRig client = new UploadRig(other);
            byte[] png = picture("png", 41, 30);
            long before = objects();
            Put completed = client.announced("image/png", png.length);
            Put refused = client.announced("image/png", png.length);
            assertThat(completed.send(png)).isEqualTo(200);
            assertThat(client.complete(completed).statusCode()).isEqualTo(200);
            assertThat(refused.send(new byte[png.length])).isEqualTo(200);
            assertThat(client.complete(refused).statusCode()).isEqualTo(422);
            assertThat(objects()).isEqualTo(before + 1);
            completed.send(png);
            refused.send(png);
            assertThat(client.complete(refused).statusCode()).isEqualTo(404);

            clock.go(Duration.ofHours(1));
            assertThat(other.bean(UploadSweep.class).pass().block(SOON)).isZero();

            assertThat(objects()).isEqualTo(before + 1);
            assertThat(client.complete(completed).statusCode()).isEqualTo(200);
        }
    }

    @Test
    void bodyOfAnotherLengthNeverBecomesAnImage() {
        byte[] png = picture("png", 38, 30);
        Put put = rig.announced("image/png", png.length);
        for (int difference : new int[] {1, -1, 1_000_000}) {
            byte[] body = Arrays.copyOf(png, png.length + difference);
            Map<String, String> headers = new HashMap<>(put.headers());
            headers.put("content-length", Integer.toString(body.length));

            assertThat(put.send(headers, body)).isBetween(400, 499);
            assertThat(rig.complete(put).statusCode()).isEqualTo(409);
        }
    }

    @Test
    void uploadThatIsNotCompletedWithinAnHourIsSweptWithItsObject() {
        Map<String, String> own = new HashMap<>(settings());
        own.putAll(newDatabase());
        LaterClock clock = new LaterClock();
        try (RunningGateway other = RunningGateway.start(own, clock)) {
            UploadRig client = new UploadRig(other);
            UploadSweep sweep = other.bean(UploadSweep.class);
            byte[] png = picture("png", 39, 30);
            Put completed = client.announced("image/png", png.length);
            assertThat(completed.send(png)).isEqualTo(200);
            assertThat(client.complete(completed).statusCode()).isEqualTo(200);
            long before = objects();
            Put left = client.announced("image/png", png.length);
            Put neverSent = client.announced("image/png", png.length);
            assertThat(left.send(png)).isEqualTo(200);

            clock.go(Duration.ofMinutes(59));
            assertThat(sweep.pass().block(SOON)).isZero();
            assertThat(objects()).isEqualTo(before + 1);
            clock.go(Duration.ofMinutes(1));
            assertThat(sweep.pass().block(SOON)).isEqualTo(2);

            assertThat(objects()).isEqualTo(before);
            assertThat(client.complete(left).statusCode()).isEqualTo(404);
            assertThat(client.complete(neverSent).statusCode()).isEqualTo(404);
            assertThat(client.complete(completed).statusCode()).isEqualTo(200);
            assertThat(client.galleryOf("alice")).isOne();
        }
    }

    /** The time of day, and as much later as it was told to be. */
    static final class LaterClock extends Clock {
        private final AtomicReference<Duration> ahead = new AtomicReference<>(Duration.ZERO);

        void go(Duration further) {
            ahead.updateAndGet(before -> before.plus(further));
        }

        @Override
        public Instant instant() {
            return Instant.now().plus(ahead.get());
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }
    }
}
