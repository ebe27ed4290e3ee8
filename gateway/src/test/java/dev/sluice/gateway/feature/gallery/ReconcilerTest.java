package dev.sluice.gateway.feature.gallery;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.outbound.database.image.ObjectIntents;
import dev.sluice.gateway.outbound.storage.NewObject;
import dev.sluice.gateway.outbound.storage.ObjectKey;
import dev.sluice.gateway.outbound.storage.ObjectStore;
import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.RunningGateway;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;
import reactor.core.publisher.Flux;
import tools.jackson.databind.json.JsonMapper;

/** What a pass over store and database mends, and what it leaves alone. */
@ExtendWith(NoLeaks.class)
class ReconcilerTest {
    private static final Duration SOON = Duration.ofSeconds(30);

    @TempDir
    private Path data;

    private HostileOrigin origin;

    @BeforeEach
    void startOrigin() throws IOException {
        ByteArrayOutputStream png = new ByteArrayOutputStream();
        ImageIO.write(new BufferedImage(20, 20, BufferedImage.TYPE_INT_RGB), "png", png);
        origin = HostileOrigin.start();
        origin.on("/picture.png", Behaviours.image(png.toByteArray()));
    }

    @AfterEach
    void stopOrigin() {
        origin.close();
    }

    private RunningGateway gateway(String database, String store) {
        return gateway(database, store, "1s", "1s");
    }

    /**
     * @param period between two passes; the first is at once
     * @param grace how old an object has to be before it is touched
     */
    private RunningGateway gateway(String database, String store, String period, String grace) {
        return RunningGateway.start(
                origin,
                Map.of(
                        "sluice.database.directory",
                        data.resolve(database).toString(),
                        "sluice.storage.directory",
                        data.resolve(store).toString(),
                        "sluice.gallery.reconcile-period",
                        period,
                        "sluice.gallery.reconcile-grace",
                        grace));
    }

    private List<String> imported(RunningGateway gateway, String token, int images) {
        List<String> ids = new ArrayList<>();
        for (int i = 0; i < images; i++) {
            var answer = gateway.send(HttpRequest.newBuilder(gateway.uri("/api/images/imports"))
                    .header("Authorization", "Bearer " + token)
                    .header("Content-Type", "application/json")
                    .POST(BodyPublishers.ofString("{\"url\":\"" + origin.url("/picture.png") + "\"}")));
            assertThat(answer.statusCode()).isEqualTo(201);
            ids.add(JsonMapper.shared().readTree(answer.body()).required("id").stringValue());
        }
        return ids;
    }

    private static int status(RunningGateway gateway, String token, String path) {
        return gateway.send(HttpRequest.newBuilder(gateway.uri(path)).header("Authorization", "Bearer " + token))
                .statusCode();
    }

    private static String state(RunningGateway gateway, String token, String id) {
        var answer = gateway.send(
                HttpRequest.newBuilder(gateway.uri("/api/images/" + id)).header("Authorization", "Bearer " + token));
        return JsonMapper.shared().readTree(answer.body()).path("status").asString("none");
    }

    private static List<ObjectKey> stored(RunningGateway gateway) {
        return gateway.bean(ObjectStore.class)
                .list("")
                .map(ObjectStore.Summary::key)
                .collectList()
                .blockOptional(SOON)
                .orElseThrow();
    }

    private static double meter(RunningGateway gateway, String line) {
        return new String(gateway.get("/actuator/prometheus").body(), StandardCharsets.UTF_8)
                .lines()
                .filter(each -> each.startsWith(line + " "))
                .mapToDouble(each -> Double.parseDouble(each.substring(line.length() + 1)))
                .sum();
    }

    @Test
    void objectThatNothingNamesGoesAndImageWhoseObjectIsGoneFails() {
        try (RunningGateway gateway = gateway("db", "store")) {
            String alice = gateway.signIn("alice", "user");
            List<String> ids = new ArrayList<>(imported(gateway, alice, 1));
            List<ObjectKey> older = stored(gateway);
            ids.addAll(imported(gateway, alice, 1));
            ObjectKey lost = stored(gateway).stream()
                    .filter(key -> !older.contains(key))
                    .findFirst()
                    .orElseThrow();
            ObjectStore store = gateway.bean(ObjectStore.class);
            ObjectKey stray = ObjectKey.image("alice", Instant.EPOCH, UUID.randomUUID(), "png");
            byte[] bytes = "nobody's".getBytes(StandardCharsets.UTF_8);
            store.put(
                            stray,
                            new NewObject("image/png", bytes.length),
                            Flux.just(DefaultDataBufferFactory.sharedInstance.wrap(bytes)))
                    .block(SOON);
            store.delete(lost).block(SOON);

            Await.until(
                    SOON,
                    "both are mended",
                    () -> meter(gateway, "sluice_gallery_repairs_total{kind=\"unnamed\"}") == 1
                            && meter(gateway, "sluice_gallery_repairs_total{kind=\"lost\"}") == 1);
            assertThat(stored(gateway)).hasSize(1).doesNotContain(stray);
            assertThat(ids)
                    .extracting(id -> state(gateway, alice, id))
                    .containsExactlyInAnyOrder("completed", "failed");
            assertThat(ids)
                    .filteredOn(id -> state(gateway, alice, id).equals("completed"))
                    .allMatch(id -> status(gateway, alice, "/api/images/" + id + "/file") == 200);
        }
    }

    @Test
    void whatOneOwnerLeftBehindKeepsNobodyFromRepair() throws IOException {
        ObjectKey stray = ObjectKey.image("user:alice", Instant.EPOCH, UUID.randomUUID(), "png");
        // No pass may see some of them alone: so few would be believed.
        try (RunningGateway gateway = gateway("db", "store", "1s", "1d")) {
            imported(gateway, gateway.signIn("alice", "user"), 2);
            for (int i = 0; i < 30; i++) {
                put(gateway, ObjectKey.image("user:mallory", Instant.EPOCH, UUID.randomUUID(), "png"));
            }
            put(gateway, stray);
        }
        becomeOld(data.resolve("store"));
        try (RunningGateway gateway = gateway("db", "store")) {
            Await.until(
                    SOON,
                    "hers is mended",
                    () -> meter(gateway, "sluice_gallery_repairs_total{kind=\"unnamed\"}") == 1
                            && meter(gateway, "sluice_gallery_repairs_doubted_total") >= 1);
            assertThat(stored(gateway)).hasSize(32).doesNotContain(stray);
            assertThat(meter(gateway, "sluice_gallery_repairs_refused_total")).isZero();
        }
    }

    @Test
    void whatIsAnnouncedIsNotTakenForLeftOver() {
        try (RunningGateway gateway = gateway("db", "store")) {
            imported(gateway, gateway.signIn("alice", "user"), 2);
            List<ObjectIntents.Announced> announced = Stream.generate(
                            () -> ObjectKey.image("user:alice", Instant.EPOCH, UUID.randomUUID(), "png"))
                    .limit(30)
                    .map(key -> new ObjectIntents.Announced(key.value(), 1))
                    .toList();
            gateway.bean(ObjectIntents.class)
                    .announce(
                            "user:alice",
                            announced,
                            UUID.randomUUID(),
                            Duration.ofHours(1),
                            ObjectIntents.QuotaMode.ENFORCED)
                    .block(SOON);
            announced.forEach(object -> put(gateway, new ObjectKey(object.key())));
            ObjectKey stray = ObjectKey.image("user:alice", Instant.EPOCH, UUID.randomUUID(), "png");
            put(gateway, stray);

            Await.until(
                    SOON,
                    "the one that nothing names is gone",
                    () -> meter(gateway, "sluice_gallery_repairs_total{kind=\"unnamed\"}") == 1);
            assertThat(stored(gateway)).hasSize(32).doesNotContain(stray);
        }
    }

    private static void becomeOld(Path directory) throws IOException {
        FileTime yesterday = FileTime.from(Instant.now().minus(Duration.ofDays(1)));
        try (Stream<Path> all = Files.walk(directory)) {
            for (Path file : all.filter(Files::isRegularFile).toList()) {
                Files.setLastModifiedTime(file, yesterday);
            }
        }
    }

    private static void put(RunningGateway gateway, ObjectKey key) {
        byte[] bytes = "x".getBytes(StandardCharsets.UTF_8);
        gateway.bean(ObjectStore.class)
                .put(
                        key,
                        new NewObject("image/png", bytes.length),
                        Flux.just(DefaultDataBufferFactory.sharedInstance.wrap(bytes)))
                .block(SOON);
    }

    @Test
    void emptyDatabaseBesideAFullStoreCostsNoObject() {
        List<ObjectKey> before;
        try (RunningGateway gateway = gateway("db", "store")) {
            imported(gateway, gateway.signIn("alice", "user"), 3);
            before = stored(gateway);
        }
        try (RunningGateway gateway = gateway("another-db", "store")) {
            Await.until(
                    SOON,
                    "a pass refuses to touch anything",
                    () -> meter(gateway, "sluice_gallery_repairs_refused_total") >= 1);
            assertThat(before).hasSize(3);
            assertThat(stored(gateway)).isEqualTo(before);
        }
    }

    @Test
    void storeThatIsNotThereFailsNoImage() {
        List<String> ids;
        try (RunningGateway gateway = gateway("db", "store")) {
            ids = imported(gateway, gateway.signIn("alice", "user"), 3);
        }
        try (RunningGateway gateway = gateway("db", "another-store")) {
            String alice = gateway.signIn("alice", "user");
            Await.until(
                    SOON,
                    "a pass refuses to touch anything",
                    () -> meter(gateway, "sluice_gallery_repairs_refused_total") >= 1);
            assertThat(ids).allMatch(id -> state(gateway, alice, id).equals("completed"));
        }
    }

    /** The few images that it has taken since agree, and would make the loss of all others look like an accident. */
    @Test
    void storeThatWasEmptiedAndHasTakenImagesSinceFailsNoImage() {
        List<String> ids = new ArrayList<>();
        // No pass may come while they go: one that misses some and finds others would believe it.
        try (RunningGateway gateway = gateway("db", "store", "1d", "1s")) {
            String alice = gateway.signIn("alice", "user");
            ids.addAll(imported(gateway, alice, 3));
            ObjectStore store = gateway.bean(ObjectStore.class);
            stored(gateway).forEach(key -> store.delete(key).block(SOON));
            ids.addAll(imported(gateway, alice, 1));
        }
        try (RunningGateway gateway = gateway("db", "store")) {
            String alice = gateway.signIn("alice", "user");
            Await.until(
                    SOON,
                    "two whole passes do not believe it",
                    () -> meter(gateway, "sluice_gallery_repairs_doubted_total") >= 2);

            assertThat(ids).allMatch(id -> state(gateway, alice, id).equals("completed"));
            assertThat(meter(gateway, "sluice_gallery_repairs_total{kind=\"lost\"}"))
                    .isZero();
        }
    }
}
