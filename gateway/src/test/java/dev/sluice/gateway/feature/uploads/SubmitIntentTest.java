package dev.sluice.gateway.feature.uploads;

import static dev.sluice.gateway.feature.uploads.UploadRig.image;
import static dev.sluice.gateway.feature.uploads.UploadRig.json;
import static dev.sluice.gateway.feature.uploads.UploadRig.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.sluice.gateway.feature.uploads.UploadRig.Put;
import dev.sluice.gateway.testing.RunningGateway;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What may be announced, and what is said of the rest. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SubmitIntentTest {
    private static final long LARGEST = 10 * 1024 * 1024;

    private RunningGateway gateway;
    private UploadRig rig;

    @BeforeAll
    void start() {
        gateway = RunningGateway.start(Map.of("sluice.uploads.max-pending", "60"));
        rig = new UploadRig(gateway);
    }

    @AfterAll
    void stop() {
        gateway.close();
    }

    private HttpResponse<byte[]> submitJson(String images) {
        return rig.submit("alice", "alice", "{\"images\":[" + images + "]}");
    }

    private static void assertRefused(HttpResponse<byte[]> answer, String code, String detail) {
        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(answer.headers().firstValue("Content-Type")).hasValue("application/problem+json");
        assertThat(text(answer, "detail")).isEqualTo(detail);
        assertThat(text(answer, "error")).isEqualTo(detail);
        assertThat(text(answer, "code")).isEqualTo(code);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"image/jpeg", "image/jpg", "image/png", "image/webp", "image/gif", "image/heic", "image/heif"})
    void eachAllowedTypeIsAnsweredWithASignedPut(String type) {
        assumeThat(allowed()).as("what the decoder that is installed reads").contains(type);
        Instant before = Instant.now();

        Put put = rig.announced(type, 5_242_880);

        assertThat(put.imageId()).isEqualTo("front");
        assertThat(put.method()).isEqualTo("PUT");
        assertThat(put.url().toString()).startsWith(gateway.uri("/api/uploads/").toString());
        assertThat(put.headers()).containsOnly(Map.entry("content-length", "5242880"), Map.entry("content-type", type));
        assertThat(Instant.parse(put.expiresAt()))
                .isBetween(before.plusSeconds(598), Instant.now().plusSeconds(600));
        assertThat(UUID.fromString(put.listingId())).isNotNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"image/bmp", "image/x-icon", "IMAGE/PNG", "image/png; q=1", "text/html", ""})
    void otherTypeIsRefusedWithTheAllowedOnes(String type) {
        assertRefused(
                rig.submit(image("abc-123", type, 1000)),
                "unsupported_image_type",
                "Invalid image content type: " + type + ". Allowed types: " + String.join(", ", allowed()));
    }

    @Test
    void allowedTypesAreThoseThatTheDecoderReadsInTheDocumentsOrder() {
        assertThat(allowed())
                .startsWith("image/jpeg", "image/jpg", "image/png", "image/webp")
                .contains("image/gif");
    }

    /** As a refusal lists them. */
    private List<String> allowed() {
        String detail = text(rig.submit(image("abc-123", "none", 1000)), "detail");
        return List.of(detail.substring(detail.indexOf(": ", 30) + 2).split(", "));
    }

    @ParameterizedTest
    @CsvSource({
        "16252928, 15.50",
        "10485761, 10.00",
        "10491003, 10.01",
        "11010049, 10.50",
        "1099511627776, 1048576.00",
    })
    void imageOverTenMegabytesIsRefusedWithItsSize(long size, String megabytes) {
        assertRefused(
                rig.submit(image("abc-123", "image/jpeg", size)),
                "image_too_large",
                "Image abc-123: file size " + megabytes + "MB exceeds maximum allowed size of 10MB");
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"\"", "7", "true", "[]", "\"a\\u0000.png\""})
    void badFileNameIsRefused(String name) {
        HttpResponse<byte[]> answer = submitJson(
                "{\"imageId\":\"abc\",\"contentType\":\"image/png\",\"fileSize\":10,\"fileName\":" + name + "}");

        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(text(answer, "member")).isEqualTo("images[0].fileName");
        assertThat(text(answer, "detail")).endsWith("(expected: 1 to 255 characters, none of them NUL)");
    }

    @Test
    void fileNameMayHave255Characters() {
        Map<String, Object> wanted = image("abc", "image/png", 10);
        wanted.put("fileName", "\ud83d\ude00".repeat(255));
        assertThat(rig.submit(wanted).statusCode()).isEqualTo(200);

        wanted.put("fileName", "n".repeat(256));
        assertThat(text(rig.submit(wanted), "member")).isEqualTo("images[0].fileName");
    }

    @Test
    void exactlyTenMegabytesAreTaken() {
        assertThat(rig.submit(image("abc-123", "image/jpeg", LARGEST)).statusCode())
                .isEqualTo(200);
    }

    @Test
    void typesAreJudgedBeforeSizes() {
        HttpResponse<byte[]> answer =
                rig.submit(image("large", "image/png", LARGEST + 1), image("odd", "image/bmp", 1));

        assertThat(text(answer, "code")).isEqualTo("unsupported_image_type");
        assertThat(text(answer, "imageId")).isEqualTo("odd");
        assertThat(text(answer, "member")).isEqualTo("images[1].contentType");
    }

    @ParameterizedTest
    @ValueSource(strings = {"-1", "0", "1.5", "1.0", "1e3", "\"1000\"", "null", "true", "99999999999999999999"})
    void sizeThatIsNoWholePositiveNumberIsRefusedNamingTheImage(String size) {
        HttpResponse<byte[]> answer =
                submitJson("{\"imageId\":\"abc-123\",\"contentType\":\"image/png\",\"fileSize\":" + size + "}");

        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(text(answer, "code")).isEqualTo("malformed_request");
        assertThat(text(answer, "error"))
                .startsWith("Image abc-123: fileSize: ")
                .endsWith(" (expected: a whole number of bytes, at least 1)");
        assertThat(text(answer, "member")).isEqualTo("images[0].fileSize");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"fileSize\":1,\"colour\":\"red\" | Image a: colour: an unknown member (expected: one of [contentType,"
                        + " displayOrder, fileName, fileSize, imageId, isPrimary])",
                "\"isPrimary\":\"yes\",\"fileSize\":1 | Image a: isPrimary: yes (expected: true or false)",
                "\"displayOrder\":-1,\"fileSize\":1 | Image a: displayOrder: -1 (expected: 0 to 1000000)",
                "\"displayOrder\":1.5,\"fileSize\":1 | Image a: displayOrder: 1.5 (expected: 0 to 1000000)",
                "\"displayOrder\":5000000000,\"fileSize\":1 | Image a: displayOrder: 5000000000 (expected: 0 to"
                        + " 1000000)",
            })
    void memberThatIsNotUnderstoodIsRefusedNamingTheImage(String members, String detail) {
        assertRefused(
                submitJson("{\"imageId\":\"a\",\"contentType\":\"image/png\"," + members + "}"),
                "malformed_request",
                detail);
    }

    @Test
    void imageIdThatIsThereTwiceIsRefused() {
        assertRefused(
                rig.submit(image("a", "image/png", 1), image("b", "image/png", 1), image("a", "image/png", 2)),
                "malformed_request",
                "Image a: imageId: a, as of image a (expected: another for each image)");
    }

    @Test
    void secondPrimaryImageIsRefused() {
        Map<String, Object> first = image("a", "image/png", 1);
        Map<String, Object> second = image("b", "image/png", 1);
        first.put("isPrimary", true);
        second.put("isPrimary", true);

        assertRefused(
                rig.submit(first, second),
                "malformed_request",
                "Image b: isPrimary: true, as of image a (expected: true for one image)");
    }

    @Test
    void secondImageInTheSamePlaceIsRefused() {
        Map<String, Object> first = image("a", "image/png", 1);
        Map<String, Object> second = image("b", "image/png", 1);
        first.put("displayOrder", 3);
        second.put("displayOrder", 3);

        assertRefused(
                rig.submit(first, image("c", "image/png", 1), second),
                "malformed_request",
                "Image b: displayOrder: 3, as of image a (expected: another for each image)");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{} | malformed_request | images",
                "{\"images\":[]} | malformed_request | images",
                "{\"images\":{}} | malformed_request | images",
                "{\"images\":[3]} | malformed_request | images[0]",
                "{\"images\":[{}]} | malformed_request | images[0].imageId",
                "{\"images\":[{\"imageId\":\"../x\"}]} | malformed_request | images[0].imageId",
                "{\"images\":[{\"imageId\":\"a\"}]} | malformed_request | images[0].contentType",
                "{\"images\":[],\"listingId\":\"a b\"} | malformed_request | listingId",
                "[] | malformed_request | images",
                "{\"images\" | malformed_request | body",
                "{\"images\":[{\"imageId\":\"a\",\"imageId\":\"b\"}]} | malformed_request | images[0].imageId",
            })
    void requestThatCannotBeReadNamesItsMemberAndRepeatsItsDetail(String body, String code, String member) {
        HttpResponse<byte[]> answer = rig.submit("alice", "alice", body);

        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(text(answer, "code")).isEqualTo(code);
        assertThat(text(answer, "error")).isEqualTo(text(answer, "detail")).isNotEqualTo(code);
        if (!member.equals("images[0].imageId") || !body.contains("\"b\"")) {
            assertThat(text(answer, "member")).isEqualTo(member);
        }
    }

    @Test
    void twentyImagesAreTakenAndTwentyOneAreNot() {
        List<Object> images = new ArrayList<>();
        for (int i = 0; i < 21; i++) {
            images.add(image("image-" + i, "image/png", 100 + i));
        }

        HttpResponse<byte[]> tooMany = rig.submit(images.toArray());
        assertThat(tooMany.statusCode()).isEqualTo(400);
        assertThat(text(tooMany, "code")).isEqualTo("too_many_images");
        List<Put> puts = UploadRig.puts(rig.submit(images.subList(0, 20).toArray()));
        assertThat(puts).extracting(Put::imageId).hasSize(20).startsWith("image-0", "image-1");
        assertThat(puts).extracting(Put::url).doesNotHaveDuplicates();
    }

    @Test
    void membersOutsideOfTheImagesAreTheCallersOwnAffair() {
        String body = UploadRig.JSON.writeValueAsString(
                Map.of("title", "A house", "listingId", "house-7", "images", List.of(image("a", "image/png", 1))));

        assertThat(UploadRig.puts(rig.submit("alice", "alice", body)))
                .extracting(Put::listingId)
                .containsExactly("house-7");
    }

    @Test
    void hostIsTheCallerOrOneOfItsProjects() {
        String body = UploadRig.JSON.writeValueAsString(Map.of("images", List.of(image("a", "image/png", 1))));

        assertThat(rig.submit("alice", "p1", body).statusCode()).isEqualTo(200);
        for (String host : List.of("bob", "p2", "user:alice", "Alice")) {
            HttpResponse<byte[]> answer = rig.submit("alice", host, body);
            assertThat(answer.statusCode()).as(host).isEqualTo(404);
            assertThat(text(answer, "error")).isEqualTo("There is no such host.");
        }
    }

    @Test
    void strangerIsNotSignedInAndIsToldSoInTheSameForm() {
        HttpResponse<byte[]> answer =
                gateway.send(HttpRequest.newBuilder(gateway.uri("/api/v1/hosts/alice/listings/submit-intent"))
                        .header("Content-Type", "application/json")
                        .POST(BodyPublishers.ofString("{}")));

        assertThat(answer.statusCode()).isEqualTo(401);
        assertThat(text(answer, "code")).isEqualTo("unauthenticated");
        assertThat(text(answer, "error")).isEqualTo(text(answer, "detail"));
    }

    @Test
    void bodyThatIsTooLargeIsRefusedInTheSameForm() {
        HttpResponse<byte[]> answer = rig.submit("alice", "alice", "{\"a\":\"" + "x".repeat(70_000) + "\"}");

        assertThat(answer.statusCode()).isEqualTo(413);
        assertThat(text(answer, "error")).isEqualTo(text(answer, "detail"));
    }

    @Test
    void otherEndpointsTellTheirCodeAsBefore() {
        assertThat(text(rig.complete("alice", "alice", "none", "none"), "error"))
                .isEqualTo("not_found");
    }

    @Test
    void uploadsUnderWayAreBoundedForEachCaller() {
        Object[] twenty = new Object[20];
        for (int i = 0; i < 20; i++) {
            twenty[i] = image("image-" + i, "image/png", 100);
        }
        String body = UploadRig.JSON.writeValueAsString(Map.of("images", twenty));
        for (int listing = 0; listing < 3; listing++) {
            assertThat(rig.submit("greedy", "greedy", body).statusCode()).isEqualTo(200);
        }

        HttpResponse<byte[]> answer = rig.submit("greedy", "greedy", body);

        assertThat(answer.statusCode()).isEqualTo(429);
        assertThat(text(answer, "code")).isEqualTo("quota_exceeded");
        assertThat(text(answer, "error"))
                .isEqualTo("60 uploads are under way (expected: at most 60 with those of this request)");
        assertThat(answer.headers().firstValue("Retry-After")).hasValue("600");
        assertThat(rig.submit("modest", "modest", body).statusCode()).isEqualTo(200);
    }

    @Test
    void announcingTheSameImagesAgainMakesNoMoreUrlsThanMayBe() {
        Object[] twenty = new Object[20];
        for (int i = 0; i < 20; i++) {
            twenty[i] = image("image-" + i, "image/png", 100);
        }
        String body = UploadRig.JSON.writeValueAsString(Map.of("listingId", "same", "images", twenty));

        long live = 0;
        for (int i = 0; i < 15; i++) {
            HttpResponse<byte[]> answer = rig.submit("mallory", "mallory", body);
            live += answer.statusCode() == 200 ? 20 : 0;
        }

        assertThat(live).isEqualTo(60);
    }

    @Test
    void imageThatWasNeverUploadedMayBeAnnouncedAgain() {
        String body = UploadRig.JSON.writeValueAsString(
                Map.of("listingId", "again", "images", List.of(image("a", "image/png", 10))));

        Put first = UploadRig.puts(rig.submit("carol", "carol", body)).getFirst();
        Put second = UploadRig.puts(rig.submit("carol", "carol", body)).getFirst();

        assertThat(second.url()).isNotEqualTo(first.url());
        assertThat(json(rig.complete("carol", "carol", "again", "a"))
                        .required("code")
                        .stringValue())
                .isEqualTo("conflict");
    }
}
