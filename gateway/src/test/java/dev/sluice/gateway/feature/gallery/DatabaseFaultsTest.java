package dev.sluice.gateway.feature.gallery;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.feature.gallery.FaultyStore.Moment;
import dev.sluice.gateway.outbound.storage.ObjectStore;
import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.Cable;
import dev.sluice.gateway.testing.Cable.Cut;
import dev.sluice.gateway.testing.EmbeddedPostgres;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.RunningGateway;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import reactor.core.publisher.Mono;

/** A PostgreSQL that is lost in the worst moment, or restarted, under the whole gateway. */
@ExtendWith(NoLeaks.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DatabaseFaultsTest {
    private static final EmbeddedPostgres SERVER = EmbeddedPostgres.shared();
    /** The end of an object's key: of what is sent after a put, only what belongs to its image has one. */
    private static final String KEY = ".png";
    /** A word of what is bound to the statement that names the object; the statement itself is sent only once. */
    private static final String TYPE = "image/png";

    @TempDir
    private static Path data;

    private Cable cable;
    private HostileOrigin origin;
    private RunningGateway gateway;
    private FaultyStore store;
    private GalleryClient alice;

    @BeforeAll
    void start() {
        cable = Cable.to(SERVER.address());
        origin = HostileOrigin.start();
        origin.on("/a.png", Behaviours.image(Drawn.noise(60, 60)));
        gateway = RunningGateway.start(
                origin,
                Map.of(
                        "sluice.database.url", SERVER.newDatabase().replaceFirst(":\\d+/", ":" + cable.port() + "/"),
                        "sluice.database.acquire-timeout", "2s",
                        "sluice.database.connect-timeout", "2s",
                        "sluice.pictures.work-directory", data.toString(),
                        // Long enough for a new connection and the transaction.
                        "sluice.gallery.store-timeout", "5s",
                        "sluice.gallery.generation.retry-pause", "50ms"),
                FaultyStore.Installed.class);
        store = (FaultyStore) gateway.bean(ObjectStore.class);
        alice = GalleryClient.alice(gateway::uri);
    }

    @AfterAll
    void stop() {
        gateway.close();
        cable.close();
        origin.close();
    }

    @AfterEach
    void nothingIsLeft() {
        store.clear();
        Holdings.assertIdle(gateway, data);
        // What is in doubt is looked at when its time is over.
        Await.until(GalleryClient.SOON, "objects and rows match", () -> {
            gateway.bean(Reconciler.class).pass().block(Duration.ofSeconds(20));
            Holdings holdings = Holdings.of(gateway);
            return holdings.objects().equals(holdings.rows());
        });
    }

    private void assertFailed(HttpResponse<byte[]> answer, String reason) {
        assertThat(answer.statusCode()).isEqualTo(503);
        assertThat(answer.headers().firstValue("Content-Type")).hasValue("application/problem+json");
        assertThat(GalleryClient.code(answer)).isEqualTo("database_failed");
        assertThat(GalleryClient.json(answer).required("reason").stringValue()).isEqualTo(reason);
        assertThat(answer.headers().firstValue("Retry-After")).isPresent();
    }

    private void afterTheNextPut(Cut cut, String word) {
        // The gateway looks for jobs and for missing thumbnails at any time, which is neither to take the cut.
        store.once(Moment.AFTER_PUT, () -> Mono.fromRunnable(() -> cable.cut(cut, KEY, word)));
    }

    @Test
    void imageWhoseRowIsLostWithTheConnectionLeavesNoObject() {
        int before = Holdings.of(gateway).objects().size();
        afterTheNextPut(Cut.BEFORE, TYPE);

        assertFailed(alice.importing(origin.url("/a.png")), "unavailable");

        assertThat(Holdings.settled(gateway).objects()).hasSize(before);
        alice.imported(origin.url("/a.png"));
    }

    @Test
    void imageWhoseCommitDoesNotArriveIsNotThereAndItsObjectGoes() {
        int before = Holdings.of(gateway).rows().size();
        afterTheNextPut(Cut.BEFORE, "COMMIT");

        assertFailed(alice.importing(origin.url("/a.png")), "in_doubt");

        assertThat(Holdings.of(gateway).rows()).hasSize(before);
        alice.imported(origin.url("/a.png"));
    }

    @Test
    void imageWhoseCommitIsNotAnsweredIsThere() {
        int before = Holdings.of(gateway).rows().size();
        afterTheNextPut(Cut.AFTER, "COMMIT");

        String path = alice.imported(origin.url("/a.png"));

        assertThat(alice.get(path + "/file").statusCode()).isEqualTo(200);
        assertThat(Holdings.settled(gateway).rows()).hasSize(before + 1);
    }

    @ParameterizedTest
    @EnumSource(Cut.class)
    void generationOutlastsALostConnection(Cut cut) {
        AtomicInteger puts = new AtomicInteger();
        store.on(Moment.BEFORE_PUT, () -> Mono.fromRunnable(puts::incrementAndGet));
        store.on(Moment.BEFORE_THUMBNAIL, () -> Mono.fromRunnable(puts::decrementAndGet)); // a put too
        afterTheNextPut(cut, TYPE);

        String path = alice.ordered("patience with the database");

        assertThat(alice.ended(path).required("status").stringValue()).isEqualTo("completed");
        assertThat(puts).as("the first was in vain").hasValue(2);
        assertThat(alice.get(path + "/file").statusCode()).isEqualTo(200);
    }

    @Test
    void deletionThatIsLostHalfWayIsEndedByTheNext() {
        String path = alice.imported(origin.url("/a.png"));
        String id = path.substring(path.lastIndexOf('/') + 1);
        store.once(Moment.AFTER_DELETE, () -> Mono.fromRunnable(() -> cable.cut(Cut.BEFORE, id, "COMMIT")));

        assertFailed(alice.delete(path), "in_doubt");

        assertThat(alice.get(path).statusCode()).isEqualTo(404);
        assertThat(alice.delete(path).statusCode()).isEqualTo(204);
        assertThat(alice.delete(path).statusCode()).isEqualTo(404);
    }

    @Test
    void databaseThatIsRestartedIsMissedAndThenFoundAgain() {
        String path = alice.imported(origin.url("/a.png"));
        int before = Holdings.of(gateway).objects().size();
        SERVER.stop();
        try {
            for (HttpResponse<byte[]> answer : List.of(
                    alice.get("/api/images"),
                    alice.get(path + "/file"),
                    alice.ordering("while it is away"),
                    alice.importing(origin.url("/a.png")),
                    alice.delete(path))) {
                assertFailed(answer, "unavailable");
            }
        } finally {
            SERVER.start();
        }

        assertThat(alice.get(path + "/file").statusCode()).isEqualTo(200);
        assertThat(Holdings.settled(gateway).objects()).hasSize(before);
        assertThat(alice.ended(alice.ordered("when it is back"))
                        .required("status")
                        .stringValue())
                .isEqualTo("completed");
        assertThat(alice.delete(path).statusCode()).isEqualTo(204);
    }
}
