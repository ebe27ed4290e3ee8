package dev.sluice.gateway.feature.gallery;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Await;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Somebody who is signed in and uses the gallery. */
final class GalleryClient {
    static final Duration SOON = Duration.ofSeconds(30);
    private static final Set<String> ENDED = Set.of("completed", "failed");
    private static final JsonMapper JSON = JsonMapper.shared();
    private static final HttpClient HTTP = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(5))
            .build();

    private final Function<String, URI> gateway;
    private final String token;

    private GalleryClient(Function<String, URI> gateway, String token) {
        this.gateway = gateway;
        this.token = token;
    }

    String token() {
        return token;
    }

    static GalleryClient signIn(Function<String, URI> gateway, String user, List<String> roles, List<String> projects) {
        HttpRequest.Builder request = HttpRequest.newBuilder(gateway.apply("/api/session"))
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(
                        JSON.writeValueAsString(Map.of("user", user, "roles", roles, "projects", projects))));
        return new GalleryClient(gateway, json(send(request)).required("token").stringValue());
    }

    /** Who sees all images. */
    static GalleryClient chief(Function<String, URI> gateway) {
        return signIn(gateway, "chief", List.of("super-admin"), List.of());
    }

    /** A user of the project p1. */
    static GalleryClient alice(Function<String, URI> gateway) {
        return signIn(gateway, "alice", List.of("user"), List.of("p1"));
    }

    HttpRequest.Builder request(String method, String path, String body, String... headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(gateway.apply(path))
                .header("Authorization", "Bearer " + token)
                .method(method, body.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(body));
        if (!body.isEmpty()) {
            request.header("Content-Type", "application/json");
        }
        return headers.length > 0 ? request.headers(headers) : request;
    }

    HttpResponse<byte[]> send(String method, String path, String body, String... headers) {
        return send(request(method, path, body, headers));
    }

    HttpResponse<byte[]> get(String path, String... headers) {
        return send("GET", path, "", headers);
    }

    HttpResponse<byte[]> delete(String path) {
        return send("DELETE", path, "");
    }

    private static HttpResponse<byte[]> send(HttpRequest.Builder request) {
        try {
            return HTTP.send(request.timeout(SOON).build(), BodyHandlers.ofByteArray());
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(interrupted);
        }
    }

    static JsonNode json(HttpResponse<byte[]> answer) {
        return JSON.readTree(answer.body());
    }

    static String code(HttpResponse<byte[]> answer) {
        return json(answer).path("code").asString("none");
    }

    HttpResponse<byte[]> ordering(String prompt, String... headers) {
        return send("POST", "/api/images/generations", JSON.writeValueAsString(Map.of("prompt", prompt)), headers);
    }

    /** The path of an image that was ordered. */
    String ordered(String prompt) {
        HttpResponse<byte[]> answer = ordering(prompt);
        assertThat(answer.statusCode()).isEqualTo(202);
        return answer.headers().firstValue("Location").orElseThrow();
    }

    /** An image, once nothing will happen to it any more. */
    JsonNode ended(String path) {
        // Not "no longer generating": an answer without a status, of a database that is away, says neither.
        Await.until(SOON, path + " is generated or has failed", () -> ENDED.contains(status(path)));
        return json(get(path));
    }

    String status(String path) {
        return json(get(path)).path("status").asString("none");
    }

    HttpResponse<byte[]> importing(String url, String... headers) {
        return send("POST", "/api/images/imports", JSON.writeValueAsString(Map.of("url", url)), headers);
    }

    /** The path of an image that was imported. */
    String imported(String url) {
        HttpResponse<byte[]> answer = importing(url);
        assertThat(answer.statusCode())
                .as("%s", new String(answer.body(), StandardCharsets.UTF_8))
                .isEqualTo(201);
        return answer.headers().firstValue("Location").orElseThrow();
    }

    /** All images of everybody, for a {@link #chief}. */
    List<JsonNode> allImages() {
        List<JsonNode> images = new ArrayList<>();
        json(get("/api/admin/images?size=100")).required("images").forEach(images::add);
        return images;
    }
}
