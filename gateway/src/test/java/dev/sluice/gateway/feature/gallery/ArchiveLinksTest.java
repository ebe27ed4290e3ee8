package dev.sluice.gateway.feature.gallery;

import static dev.sluice.gateway.feature.gallery.GalleryClient.code;
import static dev.sluice.gateway.feature.gallery.GalleryClient.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.gateway.testing.Archives;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.RunningGateway;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.util.unit.DataSize;
import tools.jackson.databind.JsonNode;

/** Archives of more images than a URL has room for on its way. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ArchiveLinksTest {
    private static final String UUID_OF_NOTHING = "0b6d1c1e-6f1e-4a39-9d0e-5f5f3f0f8a11";

    private HostileOrigin origin;
    private RunningGateway gateway;
    private GalleryClient alice;
    private GalleryClient bob;

    @BeforeAll
    void start() {
        origin = HostileOrigin.start();
        gateway = RunningGateway.start(origin, Map.of());
        alice = GalleryClient.alice(gateway::uri);
        bob = GalleryClient.signIn(gateway::uri, "bob", List.of("user"), List.of("p1"));
    }

    @AfterAll
    void stop() {
        gateway.close();
        origin.close();
    }

    private String imported(String path, int width) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ImageIO.write(new BufferedImage(width, 10, BufferedImage.TYPE_INT_RGB), "png", bytes);
        origin.on(path, Behaviours.image(bytes.toByteArray()));
        String image = alice.imported(origin.url(path));
        return image.substring(image.lastIndexOf('/') + 1);
    }

    private static String wish(List<String> ids) {
        return "{\"ids\":[\"" + String.join("\",\"", ids) + "\"]}";
    }

    @Test
    void fiveHundredIdsFitInAQuery() throws IOException {
        String ids = String.join(",", Collections.nCopies(500, imported("/many.png", 20)));

        HttpResponse<byte[]> answer = alice.get("/api/images/zip?ids=" + ids);

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(Archives.read(answer.body())).hasSize(1);
    }

    @Test
    void linkServesTheArchiveToItsMakerAlone() throws IOException {
        List<String> ids = List.of(imported("/one.png", 30), imported("/two.png", 40));

        HttpResponse<byte[]> created = alice.send(
                "POST",
                "/api/images/zip",
                "{\"filename\":\"Ferien 日本\",\"ids\":[\"" + String.join("\",\"", ids) + "\"]}");

        assertThat(created.statusCode()).isEqualTo(201);
        JsonNode link = json(created);
        String url = link.required("url").stringValue();
        assertThat(created.headers().firstValue("Location")).hasValue(url);
        assertThat(link.required("expiresAt").stringValue()).isNotBlank();
        HttpResponse<byte[]> whole = alice.get(url);
        assertThat(whole.statusCode()).isEqualTo(200);
        assertThat(whole.body())
                .isEqualTo(alice.get("/api/images/zip?ids=" + String.join(",", ids))
                        .body());
        assertThat(whole.headers().firstValue("Content-Disposition").orElseThrow())
                .contains("filename*=UTF-8''Ferien%20%E6%97%A5%E6%9C%AC.zip");
        HttpResponse<byte[]> head = alice.send("HEAD", url, "");
        assertThat(head.headers().firstValue("Content-Length")).hasValue(String.valueOf(whole.body().length));
        HttpResponse<byte[]> part = alice.get(url, "Range", "bytes=7-");
        assertThat(part.statusCode()).isEqualTo(206);
        assertThat(part.body()).isEqualTo(Arrays.copyOfRange(whole.body(), 7, whole.body().length));
        assertThat(bob.get(url).statusCode()).isEqualTo(404);
        assertThat(gateway.get(url).statusCode()).isEqualTo(401);
    }

    @Test
    void linkServesNothingThatIsGoneMeanwhile() throws IOException {
        String id = imported("/gone.png", 50);
        String url = json(alice.send("POST", "/api/images/zip", wish(List.of(id))))
                .required("url")
                .stringValue();

        assertThat(alice.delete("/api/images/" + id).statusCode()).isEqualTo(204);

        assertThat(alice.get(url).statusCode()).isEqualTo(404);
        assertThat(json(alice.get(url)).at("/ids/0").stringValue()).isEqualTo(id);
    }

    @Test
    void linkToWhatIsNotTheMakersIsNotMade() throws IOException {
        String id = imported("/theirs.png", 60);

        HttpResponse<byte[]> refused = bob.send("POST", "/api/images/zip", wish(List.of(id)));

        assertThat(refused.statusCode()).isEqualTo(404);
        assertThat(json(refused).at("/ids/0").stringValue()).isEqualTo(id);
    }

    @Test
    void unknownLinkIsNotFound() {
        assertThat(code(alice.get("/api/images/zip/links/nothing"))).isEqualTo("not_found");
        assertThat(code(alice.get("/api/images/zip/links/" + "A".repeat(32)))).isEqualTo("not_found");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{} | ids",
                "{\"ids\":null} | ids",
                "{\"ids\":[]} | ids",
                "{\"ids\":[null]} | ids[0]",
                "{\"ids\":[\"42\"]} | ids[0]",
                "{\"ids\":[\"" + UUID_OF_NOTHING + "\",\"\"]} | ids[1]",
                "{\"ids\":[\"" + UUID_OF_NOTHING + "\"],\"filename\":7} | filename",
                "[] | body",
            })
    void mistakeIsNamed(String body, String member) {
        HttpResponse<byte[]> answer = alice.send("POST", "/api/images/zip", body);

        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(json(answer).required("member").stringValue()).isEqualTo(member);
    }

    @Test
    void moreThanFiveHundredAreRefused() {
        HttpResponse<byte[]> answer =
                alice.send("POST", "/api/images/zip", wish(Collections.nCopies(501, UUID_OF_NOTHING)));

        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(json(answer).required("detail").stringValue()).isEqualTo("ids: 501 ids (expected: 1 to 500)");
    }

    @Test
    void archiveComesBackFromItsBytesOrNotAtAll() {
        LinkedArchive.Format format = new LinkedArchive.Format();
        LinkedArchive archive = new LinkedArchive("user:älice", List.of(UUID.fromString(UUID_OF_NOTHING)), "日本.zip");

        assertThat(Objects.requireNonNull(format.read(format.write(archive)))).isEqualTo(archive);
        for (String text : List.of("", "a", "a\nb", "a\nb\nc", "a\nb\n" + UUID_OF_NOTHING + "\n")) {
            assertThat(format.read(text.getBytes(StandardCharsets.UTF_8))).isNull();
        }
        byte[] whole = format.write(archive);
        assertThat(format.read(Arrays.copyOf(whole, whole.length - 1))).isNull();
    }

    @Test
    void manyIdsTakeSixteenBytesEach() {
        List<UUID> ids = Stream.generate(UUID::randomUUID).limit(500).toList();

        byte[] bytes = new LinkedArchive.Format().write(new LinkedArchive("user:alice", ids, "images.zip"));

        assertThat(bytes).hasSizeLessThan(500 * 16 + 30);
    }

    @Test
    void boundsAreChecked() {
        assertThatThrownBy(() -> new ArchiveLinkProperties(Duration.ZERO, DataSize.ofMegabytes(1)))
                .hasMessage("sluice.gallery.archive-links.ttl: PT0S (expected: PT1S to PT24H)");
        assertThatThrownBy(() -> new ArchiveLinkProperties(Duration.ofMinutes(1), DataSize.ofBytes(1)))
                .hasMessage("sluice.gallery.archive-links.store: 1B (expected: 65536B to 1073741824B)");
    }
}
