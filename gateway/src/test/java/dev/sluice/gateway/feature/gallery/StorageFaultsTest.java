package dev.sluice.gateway.feature.gallery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.gateway.feature.gallery.FaultyStore.Moment;
import dev.sluice.gateway.outbound.database.image.ObjectIntents;
import dev.sluice.gateway.outbound.storage.NewObject;
import dev.sluice.gateway.outbound.storage.ObjectKey;
import dev.sluice.gateway.outbound.storage.ObjectStore;
import dev.sluice.gateway.outbound.storage.StorageException.Kind;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.RunningGateway;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Sinks;
import tools.jackson.databind.JsonNode;

/** A store that fails at every step, under the whole gateway. */
@ExtendWith(NoLeaks.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class StorageFaultsTest {
    @TempDir
    private static Path data;

    private HostileOrigin origin;
    private RunningGateway gateway;
    private FaultyStore store;
    private GalleryClient alice;

    @BeforeAll
    void start() {
        origin = HostileOrigin.start();
        origin.on("/a.png", Behaviours.image(Drawn.noise(60, 60)));
        gateway = RunningGateway.start(
                origin,
                Map.of(
                        "sluice.pictures.work-directory", data.toString(),
                        "sluice.gallery.generation.poll", "50ms",
                        "sluice.gallery.generation.retry-pause", "20ms",
                        "sluice.gallery.reconcile-period", "1d",
                        "sluice.gallery.reconcile-grace", "1s"),
                FaultyStore.Installed.class);
        store = (FaultyStore) gateway.bean(ObjectStore.class);
        alice = GalleryClient.alice(gateway::uri);
    }

    @AfterAll
    void stop() {
        gateway.close();
        origin.close();
    }

    @AfterEach
    void nothingIsLeft() {
        store.clear();
        Holdings.assertIdle(gateway, data);
        Holdings.settled(gateway);
    }

    private void assertFailed(HttpResponse<byte[]> answer, Kind kind) {
        assertThat(answer.statusCode()).isEqualTo(502);
        assertThat(answer.headers().firstValue("Content-Type")).hasValue("application/problem+json");
        assertThat(GalleryClient.code(answer)).isEqualTo("storage_failed");
        assertThat(GalleryClient.json(answer).required("reason").stringValue()).isEqualTo(kind.code());
        assertThat(answer.headers().firstValue("Retry-After").isPresent()).isEqualTo(kind.isRetryable());
    }

    @ParameterizedTest
    @CsvSource({
        "BEFORE_PUT, FULL",
        "BEFORE_PUT, UNAVAILABLE",
        "BEFORE_PUT, REFUSED",
        "AFTER_PUT, UNAVAILABLE",
        "AFTER_PUT, BROKEN"
    })
    void importThatTheStoreFailsLeavesNothingAndALaterOneWorks(Moment moment, Kind kind) {
        int before = Holdings.of(gateway).objects().size();
        store.once(moment, FaultyStore.failing(kind));

        assertFailed(alice.importing(origin.url("/a.png")), kind);

        assertThat(Holdings.settled(gateway).objects()).hasSize(before);
        alice.imported(origin.url("/a.png"));
        assertThat(Holdings.of(gateway).objects()).hasSize(before + 1);
    }

    @ParameterizedTest
    @EnumSource(
            value = Moment.class,
            names = {"BEFORE_PUT", "AFTER_PUT"})
    void generationOutlastsAStoreThatIsAwayForAMoment(Moment moment) {
        store.once(moment, FaultyStore.failing(Kind.UNAVAILABLE));

        JsonNode image = alice.ended(alice.ordered("patience with the store"));

        assertThat(image.required("status").stringValue()).isEqualTo("completed");
    }

    @Test
    void generationFailsClearlyWhenTheStoreIsFull() {
        store.once(Moment.BEFORE_PUT, FaultyStore.failing(Kind.FULL));

        JsonNode image = alice.ended(alice.ordered("no room"));

        assertThat(image.required("status").stringValue()).isEqualTo("failed");
        assertThat(image.at("/error/code").stringValue()).isEqualTo("storage_failed");
        assertThat(alice.ended(alice.ordered("room again")).required("status").stringValue())
                .isEqualTo("completed");
    }

    @ParameterizedTest
    @EnumSource(
            value = Kind.class,
            names = {"UNAVAILABLE", "REFUSED", "BROKEN"})
    @ExtendWith(OutputCaptureExtension.class)
    void imageWhoseFileIsNotDeletedIsThereAsBefore(Kind kind, CapturedOutput output) {
        String path = alice.imported(origin.url("/a.png"));
        store.once(Moment.BEFORE_DELETE, FaultyStore.failing(kind));

        HttpResponse<byte[]> refused = alice.delete(path);

        assertThat(refused.statusCode()).isEqualTo(502);
        assertThat(GalleryClient.code(refused)).isEqualTo("storage_failed");
        assertThat(GalleryClient.json(refused).required("detail").stringValue())
                .isEqualTo("The store did not delete the file; the image is still there.");
        assertThat(output.getOut()).contains("not deleted: StorageException: ").doesNotContain("\tat ");
        assertThat(alice.get(path + "/file").statusCode()).isEqualTo(200);
        assertThat(alice.delete(path).statusCode()).isEqualTo(204);
    }

    @Test
    void bulkDeleteTellsWhichFileWasNotDeleted() {
        String path = alice.imported(origin.url("/a.png"));
        String id = path.substring(path.lastIndexOf('/') + 1);
        store.once(Moment.BEFORE_DELETE, FaultyStore.failing(Kind.UNAVAILABLE));

        JsonNode results =
                GalleryClient.json(alice.send("POST", "/api/images/bulk-delete", "{\"ids\":[\"" + id + "\"]}"));

        assertThat(results.at("/results/0/code").stringValue()).isEqualTo("storage_failed");
        assertThat(alice.get(path).statusCode()).isEqualTo(200);
    }

    @Test
    void imageWhoseFileWasDeletedThoughTheStoreFellSilentIsGone() {
        String path = alice.imported(origin.url("/a.png"));
        store.once(Moment.AFTER_DELETE, FaultyStore.failing(Kind.UNAVAILABLE));

        assertThat(alice.delete(path).statusCode()).isEqualTo(204);

        assertThat(alice.get(path).statusCode()).isEqualTo(404);
    }

    @Test
    void imageOfWhoseFileNothingIsKnownStaysHiddenUntilItsDeletionEnds() {
        String path = alice.imported(origin.url("/a.png"));
        store.on(Moment.BEFORE_DELETE, FaultyStore.failing(Kind.UNAVAILABLE));
        store.on(Moment.BEFORE_STAT, FaultyStore.failing(Kind.UNAVAILABLE));

        HttpResponse<byte[]> undecided = alice.delete(path);

        assertThat(undecided.statusCode()).isEqualTo(502);
        assertThat(GalleryClient.code(undecided)).isEqualTo("storage_failed");
        assertThat(alice.get(path).statusCode()).isEqualTo(404);
        assertThat(Holdings.settled(gateway).objects()).isNotEmpty();
        store.clear();
        assertThat(alice.delete(path).statusCode()).isEqualTo(204);
    }

    @Test
    void imageThatTwoDeleteIsNotShownAgainByTheOneThatFailed() {
        String path = alice.imported(origin.url("/a.png"));
        Sinks.Empty<Void> reached = Sinks.empty();
        Sinks.Empty<Void> other = Sinks.empty();
        AtomicReference<@Nullable CompletableFuture<HttpResponse<byte[]>>> second = new AtomicReference<>();
        store.once(Moment.BEFORE_DELETE, FaultyStore.failing(Kind.UNAVAILABLE));
        store.once(Moment.BEFORE_STAT, () -> {
            store.once(Moment.BEFORE_DELETE, () -> {
                reached.tryEmitEmpty();
                return other.asMono();
            });
            second.set(CompletableFuture.supplyAsync(() -> alice.delete(path), Thread::startVirtualThread));
            return reached.asMono();
        });

        HttpResponse<byte[]> first = alice.delete(path);

        assertThat(first.statusCode()).isEqualTo(502);
        assertThat(alice.get(path).statusCode()).isEqualTo(404);
        other.tryEmitEmpty();
        assertThat(Objects.requireNonNull(second.get()).join().statusCode()).isEqualTo(204);
        assertThat(alice.get(path).statusCode()).isEqualTo(404);
    }

    @Test
    void objectThatCannotBeRemovedKeepsNoOtherFromIt() {
        ObjectIntents intents = gateway.bean(ObjectIntents.class);
        for (int i = 0; i < 2; i++) {
            ObjectKey key = ObjectKey.image("alice", Instant.EPOCH, UUID.randomUUID(), "png");
            intents.announce(
                            "alice",
                            List.of(new ObjectIntents.Announced(key.value(), 1)),
                            UUID.randomUUID(),
                            Duration.ZERO,
                            ObjectIntents.QuotaMode.ENFORCED)
                    .block(GalleryClient.SOON);
            store.put(
                            key,
                            new NewObject("image/png", 1),
                            Flux.just(DefaultDataBufferFactory.sharedInstance.wrap(new byte[1])))
                    .block(GalleryClient.SOON);
        }
        int before = Holdings.of(gateway).objects().size();
        store.once(Moment.BEFORE_DELETE, FaultyStore.failing(Kind.REFUSED));
        Reconciler reconciler = gateway.bean(Reconciler.class);

        assertThatThrownBy(() -> reconciler.pass().block(GalleryClient.SOON)).hasMessageContaining("not repaired");

        assertThat(Holdings.of(gateway).objects()).hasSize(before - 1);
        reconciler.pass().block(GalleryClient.SOON);
        assertThat(Holdings.settled(gateway).objects()).hasSize(before - 2);
    }

    @Test
    void fileThatCannotBeReadIsAProblemNotHalfAnAnswer() {
        String path = alice.imported(origin.url("/a.png"));
        store.on(Moment.BEFORE_OPEN, FaultyStore.failing(Kind.UNAVAILABLE));

        assertFailed(alice.get(path + "/file"), Kind.UNAVAILABLE);
        assertFailed(alice.get(path + "/download", "Range", "bytes=3-9"), Kind.UNAVAILABLE);

        store.clear();
        assertThat(alice.get(path + "/file").statusCode()).isEqualTo(200);
    }
}
