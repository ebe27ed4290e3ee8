package dev.sluice.gateway.feature.gallery;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.feature.gallery.KillableGateway.Step;
import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.GatewayProcess;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.RunningGateway;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Kills a gateway (SIGKILL) at every step of a change, and looks at what the next one makes of what is left. */
class GalleryKillTest {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final List<String> FLAGS = List.of("-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC");
    private static final JsonMapper JSON = JsonMapper.shared();

    @TempDir
    private Path directory;

    private final HttpClient client = HttpClient.newHttpClient();

    @ParameterizedTest
    @EnumSource
    void everyObjectHasItsRowAndEveryRowItsObjectAfterAKill(Step step) throws Exception {
        boolean isStored = step.isOfAGeneration() || step.isOfThumbnails() || step == Step.BEFORE_THE_ANSWER;
        boolean isGenerated = step != Step.WHILE_ASKED;
        try (HostileOrigin origin = HostileOrigin.start()) {
            origin.on("/picture.png", Behaviours.image(png()));
            List<String> told = changeUntilKilled(origin, step);
            if (step != Step.BEFORE_THE_ANSWER) {
                assertThat(leftBehind()).as("the kill came in between").isTrue();
            }
            theTimeOfAPutPasses();

            try (RunningGateway gateway = RunningGateway.start(origin, restarted())) {
                String token = gateway.signIn("alice", "user");
                Await.until(SOON, "what is left of " + step + " is repaired", () -> !leftBehind());

                assertThat(status(gateway, told.get(0), token)).as("kept").isEqualTo(200);
                assertThat(status(gateway, told.get(1), token)).as("deleted").isEqualTo(404);
                // To ask the provider once more might be paid for twice, and is left to the caller.
                assertThat(status(gateway, told.get(2), token)).as("generated").isEqualTo(isGenerated ? 200 : 409);
                JsonNode images = list(gateway, token).required("images");
                assertThat(images.size()).as(images.toString()).isEqualTo(isStored ? 3 : 2);
                for (JsonNode image : images) {
                    boolean isFailed =
                            !isGenerated && image.required("id").stringValue().equals(told.get(2));
                    assertThat(image.required("status").stringValue()).isEqualTo(isFailed ? "failed" : "completed");
                    assertThat(image.at("/error/code").asString("none")).isEqualTo(isFailed ? "uncertain" : "none");
                    assertThat(status(gateway, image.required("id").stringValue(), token))
                            .isEqualTo(isFailed ? 409 : 200);
                }
            }
            assertThat(objects()).isEqualTo(named());
            Set<String> stored = column("SELECT id FROM images WHERE object_key IS NOT NULL");
            assertThat(stored).hasSize(1 + (isStored ? 1 : 0) + (isGenerated ? 1 : 0));
            assertThat(column("SELECT DISTINCT image_id FROM thumbnails")).isEqualTo(stored);
            assertThat(files(data().resolve("work"))).as("files of checks").allMatch(file -> file.endsWith("lock"));
        }
    }

    /** The ids of an image that is kept, of one whose deletion has begun, and of one that is being generated. */
    private List<String> changeUntilKilled(HostileOrigin origin, Step step) throws IOException, InterruptedException {
        Path file = directory.resolve("step");
        Map<String, String> settings = Map.of(
                "sluice.fetch.allow-networks", origin.addressAndPort(),
                "sluice.limits.enabled", "false",
                "sluice.image-proxy.cache.enabled", "false",
                "sluice.gallery.generation.poll", "50ms");
        List<String> flags = Stream.concat(
                        FLAGS.stream(),
                        Stream.of(
                                "-D" + KillableGateway.FILE + "=" + file,
                                "-D" + KillableGateway.DATABASE + "=" + url()))
                .toList();
        String order = "{\"url\":\"" + origin.url("/picture.png") + "\"}";
        try (GatewayProcess gateway = GatewayProcess.start(KillableGateway.class, flags, settings, log())) {
            HttpResponse<String> session = client.send(
                    post(gateway.uri("/api/session"), "{\"user\":\"alice\",\"roles\":[\"user\"]}")
                            .build(),
                    BodyHandlers.ofString());
            String token = text(session, "token");
            URI imports = gateway.uri("/api/images/imports");
            String kept = text(signed(post(imports, order), token), "id");
            String deleted = text(signed(post(imports, order), token), "id");
            HttpRequest.Builder deletion = HttpRequest.newBuilder(gateway.uri("/api/images/" + deleted))
                    .DELETE();

            if (step.isOfAGeneration()) { // The other changes end first: what is held might hold them up.
                text(signed(post(imports, order), token), "id");
                assertThat(signed(deletion, token).statusCode()).isEqualTo(204);
            }
            Files.writeString(file, step.name());
            String generated =
                    text(signed(post(gateway.uri("/api/images/generations"), "{\"prompt\":\"a\"}"), token), "id");
            if (step == Step.BEFORE_THE_ANSWER) { // a generation is answered long before: here it has ended
                awaitCompleted(gateway.uri("/api/images/" + generated), token);
            }
            long changes;
            if (step.isOfAGeneration()) {
                changes = 1;
            } else if (step.isOfThumbnails()) {
                unanswered(post(imports, order), token);
                assertThat(signed(deletion, token).statusCode()).isEqualTo(204);
                changes = 2;
            } else {
                unanswered(post(imports, order), token);
                unanswered(deletion, token);
                // An order was answered long before its image is made, and waits at no answer.
                changes = step == Step.BEFORE_THE_ANSWER ? 2 : 3;
            }
            Await.until(SOON, changes + " changes are at " + step, () -> held(gateway) == changes);
            assertThat(gateway.isAlive()).isTrue();
            return List.of(kept, deleted, generated);
        } // Closing it is a kill.
    }

    private void awaitCompleted(URI image, String token) {
        Await.until(SOON, image + " is completed", () -> {
            try {
                return text(signed(HttpRequest.newBuilder(image), token), "status")
                        .equals("completed");
            } catch (IOException failed) {
                throw new UncheckedIOException(failed);
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException(interrupted);
            }
        });
    }

    private static long held(GatewayProcess gateway) {
        return gateway.log()
                .lines()
                .filter(line -> line.startsWith(KillableGateway.HELD))
                .count();
    }

    private static HttpRequest.Builder post(URI uri, String json) {
        return HttpRequest.newBuilder(uri)
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(json));
    }

    private HttpResponse<String> signed(HttpRequest.Builder request, String token)
            throws IOException, InterruptedException {
        return client.send(
                request.header("Authorization", "Bearer " + token).timeout(SOON).build(), BodyHandlers.ofString());
    }

    private void unanswered(HttpRequest.Builder request, String token) {
        var _ = client.sendAsync(
                request.header("Authorization", "Bearer " + token).build(), BodyHandlers.discarding());
    }

    private static String text(HttpResponse<String> answer, String member) {
        assertThat(answer.statusCode()).as(answer.body()).isBetween(200, 202);
        return JSON.readTree(answer.body()).required(member).stringValue();
    }

    private static int status(RunningGateway gateway, String id, String token) {
        return gateway.send(HttpRequest.newBuilder(gateway.uri("/api/images/" + id + "/file"))
                        .header("Authorization", "Bearer " + token))
                .statusCode();
    }

    private static JsonNode list(RunningGateway gateway, String token) {
        return JSON.readTree(gateway.send(
                        HttpRequest.newBuilder(gateway.uri("/api/images")).header("Authorization", "Bearer " + token))
                .body());
    }

    private Path log() {
        return directory.resolve("gateway.log");
    }

    /** Where a process keeps what outlives it. */
    private Path data() {
        return directory.resolve("gateway.log.data");
    }

    private Map<String, String> restarted() {
        return Map.of(
                "sluice.database.directory", data().resolve("db").toString(),
                "sluice.storage.directory", data().resolve("store").toString(),
                "sluice.pictures.work-directory", data().resolve("work").toString(),
                "sluice.gallery.generation.poll", "50ms",
                "sluice.gallery.reconcile-period", "1s",
                "sluice.gallery.reconcile-grace", "1s",
                "sluice.thumbnails.poll", "100ms");
    }

    /** Whether there is an intent, a job, a begun deletion, an image without thumbnails, or half of anything. */
    private boolean leftBehind() {
        return !column("SELECT object_key FROM object_intents").isEmpty()
                || !column("SELECT image_id FROM generation_jobs").isEmpty()
                || !column("SELECT id FROM images WHERE deleting_since IS NOT NULL")
                        .isEmpty()
                || !column("SELECT id FROM images WHERE picture_due IS NOT NULL")
                        .isEmpty()
                || !objects().equals(named());
    }

    /** The keys that rows name. */
    private Set<String> named() {
        return column("SELECT object_key FROM images WHERE object_key IS NOT NULL"
                + " UNION ALL SELECT object_key FROM thumbnails");
    }

    /** That of a lease, too. Nobody needs to wait for them, and a gateway that is slow loses no job to itself. */
    private void theTimeOfAPutPasses() throws SQLException {
        try (Connection database = database();
                Statement statement = database.createStatement()) {
            statement.execute("UPDATE object_intents SET expires_at = created_at");
            statement.execute("UPDATE generation_jobs SET due_at = created_at");
            statement.execute("UPDATE images SET picture_due = created_at WHERE picture_due IS NOT NULL");
        }
    }

    private Set<String> column(String query) {
        try (Connection database = database();
                Statement statement = database.createStatement();
                ResultSet rows = statement.executeQuery(query)) {
            Set<String> values = new TreeSet<>();
            while (rows.next()) {
                values.add(String.valueOf(rows.getString(1)));
            }
            return values;
        } catch (SQLException failed) {
            throw new IllegalStateException(query, failed);
        }
    }

    /** The file, or in this JVM the gateway's own database while it is open. */
    private Connection database() throws SQLException {
        return DriverManager.getConnection(url(), "sluice", "");
    }

    private String url() {
        return "jdbc:h2:file:" + data().resolve("db/sluice").toAbsolutePath()
                + ";DATABASE_TO_LOWER=TRUE;MODE=PostgreSQL;DEFAULT_NULL_ORDERING=HIGH";
    }

    /** The keys in the store: directories that end with an {@code @}. */
    private Set<String> objects() {
        Path objects = data().resolve("store/objects");
        Set<String> keys = new TreeSet<>();
        for (Path content : files(objects)) {
            String name = objects.relativize(content).toString();
            keys.add(name.substring(0, name.indexOf('@')));
        }
        return keys;
    }

    private static List<Path> files(Path directory) {
        if (!Files.exists(directory)) {
            return List.of();
        }
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(Files::isRegularFile).toList();
        } catch (IOException | UncheckedIOException changing) {
            // Looked at while it is repaired: look again.
            return files(directory);
        }
    }

    private static byte[] png() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ImageIO.write(new BufferedImage(200, 100, BufferedImage.TYPE_INT_RGB), "png", bytes);
        return bytes.toByteArray();
    }
}
