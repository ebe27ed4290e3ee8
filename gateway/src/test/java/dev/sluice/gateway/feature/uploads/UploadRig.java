package dev.sluice.gateway.feature.uploads;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.RawPut;
import dev.sluice.gateway.testing.RunningGateway;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import javax.imageio.ImageIO;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A host's client: announces, sends, completes. */
final class UploadRig {
    static final JsonMapper JSON = JsonMapper.shared();

    private final RunningGateway gateway;
    private final Map<String, String> tokens = new LinkedHashMap<>();

    UploadRig(RunningGateway gateway) {
        this.gateway = gateway;
    }

    /** One signed upload. */
    record Put(
            String imageId, String listingId, String method, URI url, Map<String, String> headers, String expiresAt) {

        int send(byte[] body) {
            return RawPut.send(method, url, headers, body);
        }

        int send(Map<String, String> other, byte[] body) {
            return RawPut.send(method, url, other, body);
        }
    }

    static byte[] picture(String format, int width, int height) {
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        Random noise = new Random(width);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                image.setRGB(x, y, noise.nextInt());
            }
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            assertThat(ImageIO.write(image, format, bytes)).isTrue();
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
        return bytes.toByteArray();
    }

    static Map<String, Object> image(String id, String type, Object size) {
        Map<String, Object> image = new LinkedHashMap<>();
        image.put("imageId", id);
        image.put("contentType", type);
        image.put("fileSize", size);
        return image;
    }

    String token(String user) {
        return tokens.computeIfAbsent(
                user,
                name -> json(gateway.post(
                                "/api/session",
                                JSON.writeValueAsString(
                                        Map.of("user", name, "roles", List.of("user"), "projects", List.of("p1")))))
                        .required("token")
                        .stringValue());
    }

    HttpResponse<byte[]> post(String user, String path, String body) {
        return gateway.send(HttpRequest.newBuilder(gateway.uri(path))
                .header("Authorization", "Bearer " + token(user))
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(body)));
    }

    HttpResponse<byte[]> get(String user, String path) {
        return gateway.send(HttpRequest.newBuilder(gateway.uri(path)).header("Authorization", "Bearer " + token(user)));
    }

    HttpResponse<byte[]> submit(String user, String host, String body) {
        return post(user, "/api/v1/hosts/" + host + "/listings/submit-intent", body);
    }

    HttpResponse<byte[]> submit(Object... images) {
        return submit("alice", "alice", JSON.writeValueAsString(Map.of("images", images)));
    }

    /** Announces one image of alice's, in a new listing. */
    Put announced(String type, long size) {
        return puts(submit(image("front", type, size))).getFirst();
    }

    static List<Put> puts(HttpResponse<byte[]> answer) {
        assertThat(answer.statusCode())
                .as(new String(answer.body(), StandardCharsets.UTF_8))
                .isEqualTo(200);
        JsonNode accepted = json(answer);
        return accepted.required("imageUploadUrls")
                .valueStream()
                .map(put -> new Put(
                        put.required("imageId").stringValue(),
                        accepted.required("listingId").stringValue(),
                        put.required("method").stringValue(),
                        URI.create(put.required("uploadUrl").stringValue()),
                        headers(put.required("headers")),
                        put.required("expiresAt").stringValue()))
                .toList();
    }

    private static Map<String, String> headers(JsonNode headers) {
        Map<String, String> all = new LinkedHashMap<>();
        headers.properties()
                .forEach(header -> all.put(header.getKey(), header.getValue().stringValue()));
        return all;
    }

    HttpResponse<byte[]> complete(Put put) {
        return complete("alice", "alice", put.listingId(), put.imageId());
    }

    HttpResponse<byte[]> complete(String user, String host, String listing, String image) {
        return gateway.send(HttpRequest.newBuilder(gateway.uri(completion(host, listing, image)))
                .header("Authorization", "Bearer " + token(user))
                .POST(BodyPublishers.noBody()));
    }

    static String completion(String host, String listing, String image) {
        return "/api/v1/hosts/" + host + "/listings/" + listing + "/images/" + image + "/complete";
    }

    long galleryOf(String user) {
        return json(get(user, "/api/images")).required("total").longValue();
    }

    static JsonNode json(HttpResponse<byte[]> answer) {
        return JSON.readTree(answer.body());
    }

    static String text(HttpResponse<byte[]> answer, String member) {
        return json(answer).path(member).asString("none");
    }
}
