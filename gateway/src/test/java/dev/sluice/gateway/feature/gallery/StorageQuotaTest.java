package dev.sluice.gateway.feature.gallery;

import static dev.sluice.gateway.feature.gallery.GalleryClient.code;
import static dev.sluice.gateway.feature.gallery.GalleryClient.json;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.RunningGateway;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import tools.jackson.databind.JsonNode;

/** Nobody's images take more of the store than they may. */
@ExtendWith(NoLeaks.class)
class StorageQuotaTest {
    private static final long QUOTA = 1024 * 1024;
    private static final int IMAGES = 8;
    private static final byte[] PICTURE = noise();

    private static HostileOrigin origin;
    private static RunningGateway gateway;

    @BeforeAll
    static void start() {
        origin = HostileOrigin.start()
                .on("/noise.png", Behaviours.image(PICTURE))
                .on("/tiny.png", Behaviours.image(Drawn.noise(2, 2)));
        gateway = RunningGateway.start(
                origin,
                Map.of(
                        "sluice.quota.storage", "1MB",
                        "sluice.quota.images", "" + IMAGES,
                        "sluice.gallery.max-image-size", "400KB",
                        "sluice.gallery.generation.poll", "100ms"));
    }

    @AfterAll
    static void stop() {
        gateway.close();
        origin.close();
    }

    /** A little less than a third of the quota, and no wider than the narrowest thumbnail. */
    private static byte[] noise() {
        BufferedImage image = new BufferedImage(150, 700, BufferedImage.TYPE_INT_RGB);
        Random random = new Random(7);
        for (int y = 0; y < image.getHeight(); y++) {
            for (int x = 0; x < image.getWidth(); x++) {
                image.setRGB(x, y, random.nextInt());
            }
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            ImageIO.write(image, "png", bytes);
        } catch (IOException failed) {
            throw new IllegalStateException(failed);
        }
        return bytes.toByteArray();
    }

    private static GalleryClient client(String user) {
        return GalleryClient.signIn(gateway::uri, user, List.of("user"), List.of());
    }

    private static long used(GalleryClient client) {
        JsonNode storage = json(client.get("/api/images/storage"));
        assertThat(storage.required("quota").longValue()).isEqualTo(QUOTA);
        return storage.required("used").longValue();
    }

    @Test
    void importBeyondTheQuotaIsRefusedUntilSomethingIsDeleted() {
        GalleryClient alice = client("alice");
        String first = alice.imported(origin.url("/noise.png"));
        alice.imported(origin.url("/noise.png"));
        alice.imported(origin.url("/noise.png"));
        assertThat(used(alice)).isEqualTo(3L * PICTURE.length);

        HttpResponse<byte[]> refused = alice.importing(origin.url("/noise.png"));

        assertThat(refused.statusCode()).isEqualTo(507);
        assertThat(code(refused)).isEqualTo("storage_quota_exceeded");
        assertThat(json(refused).required("used").longValue()).isEqualTo(3L * PICTURE.length);
        assertThat(json(refused).required("wanted").longValue()).isEqualTo(PICTURE.length);
        assertThat(json(refused).required("quota").longValue()).isEqualTo(QUOTA);
        assertThat(used(alice)).isEqualTo(3L * PICTURE.length);
        assertThat(client("bob").importing(origin.url("/noise.png")).statusCode())
                .isEqualTo(201);
        assertThat(alice.delete(first).statusCode()).isEqualTo(204);
        assertThat(used(alice)).isEqualTo(2L * PICTURE.length);
        alice.imported(origin.url("/noise.png"));
    }

    @Test
    void imageBeyondTheNumberIsRefusedHoweverSmallItIs() {
        GalleryClient frida = client("frida");
        for (int image = 0; image < IMAGES; image++) {
            frida.imported(origin.url("/tiny.png"));
        }

        HttpResponse<byte[]> importing = frida.importing(origin.url("/tiny.png"));
        HttpResponse<byte[]> ordering = frida.ordering("a lighthouse");

        assertThat(importing.statusCode()).isEqualTo(409);
        assertThat(code(importing)).isEqualTo("conflict");
        assertThat(json(importing).required("quota").longValue()).isEqualTo(IMAGES);
        assertThat(ordering.statusCode()).isEqualTo(409);
        assertThat(code(ordering)).isEqualTo("conflict");
        assertThat(client("bob").importing(origin.url("/tiny.png")).statusCode())
                .isEqualTo(201);
    }

    @Test
    void importsAtOnceTakeNoMoreThanThereIs() throws Exception {
        GalleryClient carol = client("carol");
        try (ExecutorService clients = Executors.newFixedThreadPool(6)) {
            List<Future<HttpResponse<byte[]>>> answers = Stream.generate(
                            () -> clients.submit(() -> carol.importing(origin.url("/noise.png"))))
                    .limit(6)
                    .toList();
            int stored = 0;
            for (Future<HttpResponse<byte[]>> answer : answers) {
                stored += answer.get().statusCode() == 201 ? 1 : 0;
            }
            assertThat(stored).isEqualTo(3);
        }
        assertThat(used(carol)).isEqualTo(3L * PICTURE.length);
    }

    @Test
    void announcedUploadsTakeTheirRoomBeforeTheyAreSent() {
        GalleryClient dora = client("dora");
        String path = "/api/v1/hosts/dora/listings/submit-intent";
        String body = "{\"images\":[{\"imageId\":\"%s\",\"contentType\":\"image/png\",\"fileSize\":700000}]}";
        assertThat(dora.send("POST", path, body.formatted("front")).statusCode())
                .isEqualTo(200);
        assertThat(used(dora)).isEqualTo(700_000);

        HttpResponse<byte[]> refused = dora.send("POST", path, body.formatted("back"));

        assertThat(refused.statusCode()).isEqualTo(507);
        assertThat(code(refused)).isEqualTo("storage_quota_exceeded");
        assertThat(used(dora)).isEqualTo(700_000);
    }

    @Test
    void orderForWhichThereIsNoRoomIsRefusedBeforeAnythingIsSpent() {
        GalleryClient erik = client("erik");
        erik.imported(origin.url("/noise.png"));
        erik.imported(origin.url("/noise.png"));
        // There are 400 KB left, and no 400 KB beside one that is under way.
        String path = erik.ordered("a lighthouse");
        erik.ended(path);
        assertThat(used(erik)).isLessThan(QUOTA);
        erik.importing(origin.url("/noise.png"));

        HttpResponse<byte[]> refused = erik.ordering("another lighthouse");

        assertThat(refused.statusCode()).isEqualTo(507);
        assertThat(code(refused)).isEqualTo("storage_quota_exceeded");
    }
}
