package dev.sluice.gateway.feature.zip;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.Pictures;
import dev.sluice.gateway.testing.RunningGateway;
import java.io.ByteArrayInputStream;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What a caller typed wrong is told to it by name, and nothing is fetched. */
@ExtendWith(NoLeaks.class)
class ZipRequestTest {
    private static final JsonMapper JSON = new JsonMapper();

    private static HostileOrigin origin;
    private static RunningGateway gateway;

    @BeforeAll
    static void start() {
        origin = HostileOrigin.start().on("/a.png", Behaviours.image(Pictures.png(100)));
        gateway = RunningGateway.start(origin, Map.of());
    }

    @AfterAll
    static void stop() {
        gateway.close();
        origin.close();
    }

    @AfterEach
    void nothingWasFetched() {
        assertThat(origin.requests()).isEmpty();
    }

    static Stream<Arguments> mistakes() {
        String url = "{\"url\":\"" + "http://example.com/a.png" + "\"}";
        return Stream.of(
                Arguments.of("no images", "{\"images\":[]}", "malformed_request", "images"),
                Arguments.of("no list", "{}", "malformed_request", "images"),
                Arguments.of("a null list", "{\"images\":null}", "malformed_request", "images"),
                Arguments.of(
                        "21 images",
                        "{\"images\":[" + String.join(",", Collections.nCopies(21, url)) + "]}",
                        "too_many_images",
                        "images"),
                Arguments.of("a list that is an object", "{\"images\":{}}", "malformed_request", "images"),
                Arguments.of("a list that is text", "{\"images\":\"x\"}", "malformed_request", "images"),
                Arguments.of("a null image", "{\"images\":[null]}", "malformed_request", "images[0]"),
                Arguments.of("an image that is text", "{\"images\":[\"x\"]}", "malformed_request", "images[0]"),
                Arguments.of("no url", "{\"images\":[" + url + ",{}]}", "malformed_request", "images[1].url"),
                Arguments.of("a blank url", "{\"images\":[{\"url\":\" \"}]}", "malformed_request", "images[0].url"),
                Arguments.of("a url of 5", "{\"images\":[{\"url\":5}]}", "malformed_request", "images[0].url"),
                Arguments.of("a true url", "{\"images\":[{\"url\":true}]}", "malformed_request", "images[0].url"),
                Arguments.of(
                        "a name that is a list",
                        "{\"images\":[{\"url\":\"http://e.com\",\"name\":[]}]}",
                        "malformed_request",
                        "images[0].name"),
                Arguments.of(
                        "a filename of 7",
                        "{\"images\":[" + url + "],\"filename\":7}",
                        "malformed_request",
                        "filename"),
                Arguments.of(
                        "another onError",
                        "{\"images\":[" + url + "],\"onError\":\"retry\"}",
                        "malformed_request",
                        "onError"),
                Arguments.of(
                        "an onError of 1", "{\"images\":[" + url + "],\"onError\":1}", "malformed_request", "onError"),
                Arguments.of("a list", "[]", "malformed_request", "body"),
                Arguments.of("half an object", "{\"images\":[", "malformed_request", "images"),
                Arguments.of("no JSON", "hello", "malformed_request", "body"),
                Arguments.of("nothing", "", "malformed_request", "body"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("mistakes")
    void mistakeIsNamed(String what, String body, String code, String member) {
        HttpResponse<byte[]> answer = gateway.post("/api/zip", body);

        assertThat(answer.statusCode()).isEqualTo(400);
        JsonNode problem = problem(answer);
        assertThat(problem.path("code").asString()).isEqualTo(code);
        assertThat(problem.path("error").asString()).isEqualTo(code);
        assertThat(problem.path("member").asString()).startsWith(member);
        assertThat(problem.path("expected").asString()).isNotBlank();
        assertThat(problem.path("detail").asString()).startsWith(member).contains("(expected: ");
        assertThat(problem.path("instance").asString()).isEqualTo("/api/zip");
        assertThat(answer.headers().firstValue("X-Request-Id"))
                .hasValue(problem.path("requestId").asString());
    }

    @Test
    void bodyThatSaysItIsTooLargeIsRefused() {
        HttpResponse<byte[]> answer = gateway.post("/api/zip", " ".repeat(256 * 1024 + 1));

        assertThat(answer.statusCode()).isEqualTo(413);
        assertThat(problem(answer).path("code").asString()).isEqualTo("payload_too_large");
    }

    @Test
    void bodyThatTurnsOutTooLargeIsRefused() {
        byte[] body = " ".repeat(256 * 1024 + 1).getBytes(StandardCharsets.US_ASCII);
        HttpResponse<byte[]> answer = gateway.send(HttpRequest.newBuilder(gateway.uri("/api/zip"))
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(body))));

        assertThat(answer.statusCode()).isEqualTo(413);
        assertThat(problem(answer).path("code").asString()).isEqualTo("payload_too_large");
    }

    @Test
    void otherMethodsAreRefusedWithTheOnesThatExist() {
        HttpResponse<byte[]> answer = gateway.get("/api/zip");

        assertThat(answer.statusCode()).isEqualTo(405);
        assertThat(answer.headers().firstValue("Allow")).hasValue("POST");
        assertThat(problem(answer).path("code").asString()).isEqualTo("method_not_allowed");
    }

    @Test
    void otherBodyTypesAreRefused() {
        HttpResponse<byte[]> answer = gateway.send(HttpRequest.newBuilder(gateway.uri("/api/zip"))
                .header("Content-Type", "text/plain")
                .POST(BodyPublishers.ofString("{}")));

        assertThat(answer.statusCode()).isEqualTo(415);
        assertThat(problem(answer).path("code").asString()).isEqualTo("unsupported_media_type");
    }

    @Test
    void callerThatAcceptsNoArchiveGetsNone() {
        HttpResponse<byte[]> answer = gateway.send(HttpRequest.newBuilder(gateway.uri("/api/zip"))
                .header("Content-Type", "application/json")
                .header("Accept", "text/html")
                .POST(BodyPublishers.ofString("{}")));

        assertThat(answer.statusCode()).isEqualTo(406);
        assertThat(problem(answer).path("code").asString()).isEqualTo("not_acceptable");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "application/octet-stream",
                "application/x-zip-compressed",
                "application/x-zip",
                "application/force-download",
                "application/problem+json",
                "application/zip, application/problem+json",
                "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
                "*/*",
            })
    void archiveIsNotRefusedToWhoDownloads(String accept) {
        for (String path : List.of("/api/zip", "/api/zip/links/" + "A".repeat(32))) {
            boolean create = path.equals("/api/zip");
            HttpResponse<byte[]> answer = gateway.send(HttpRequest.newBuilder(gateway.uri(path))
                    .header("Content-Type", "application/json")
                    .header("Accept", accept)
                    .method(create ? "POST" : "GET", BodyPublishers.ofString(create ? "{}" : "")));

            assertThat(answer.statusCode()).as(path).isEqualTo(create ? 400 : 404);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/api/session", "/api/zip/links/nothing/events", "/v3/api-docs"})
    void typeOfProblemsIsEnoughToAsk(String path) {
        HttpResponse<byte[]> answer =
                gateway.send(HttpRequest.newBuilder(gateway.uri(path)).header("Accept", "application/problem+json"));

        assertThat(answer.statusCode()).isIn(200, 404);
    }

    @Test
    void unknownPathIsAProblemToo() {
        HttpResponse<byte[]> answer = gateway.get("/api/nothing");

        assertThat(answer.statusCode()).isEqualTo(404);
        assertThat(problem(answer).path("code").asString()).isEqualTo("not_found");
    }

    @Test
    void callersRequestIdIsKept() {
        HttpResponse<byte[]> answer =
                gateway.send(HttpRequest.newBuilder(gateway.uri("/api/nothing")).header("X-Request-Id", "trace-12345"));

        assertThat(answer.headers().firstValue("X-Request-Id")).hasValue("trace-12345");
        assertThat(problem(answer).path("requestId").asString()).isEqualTo("trace-12345");
    }

    private static JsonNode problem(HttpResponse<byte[]> answer) {
        assertThat(answer.headers().firstValue("Content-Type")).hasValue("application/problem+json");
        JsonNode problem = JSON.readTree(answer.body());
        assertThat(problem.path("status").asInt()).isEqualTo(answer.statusCode());
        assertThat(problem.path("title").asString()).isNotBlank();
        return problem;
    }
}
