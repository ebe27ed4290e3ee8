package dev.sluice.gateway.feature.gallery;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.outbound.storage.ObjectStore;
import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.ReplicateStub;
import dev.sluice.gateway.testing.RunningGateway;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Mono;
import tools.jackson.databind.JsonNode;

/** A gateway that ends in the midst of a generation, and the next one, which finds what it left. */
@ExtendWith(NoLeaks.class)
class RestartTest {
    private static final Map<String, String> SETTINGS = Map.of(
            "sluice.gallery.generation.workers", "1",
            "sluice.gallery.generation.lease", "1s",
            "sluice.gallery.store-timeout", "1s",
            "sluice.gallery.reconcile-period", "1s",
            "sluice.gallery.reconcile-grace", "1s");

    @TempDir
    private Path data;

    private ProviderRig rig;
    private RunningGateway gateway;
    private GalleryClient alice;

    @BeforeEach
    void start() {
        rig = new ProviderRig(data);
        run();
    }

    private void run() {
        gateway = rig.gateway(SETTINGS);
        alice = GalleryClient.alice(gateway::uri);
    }

    private void restart() {
        gateway.close();
        run();
    }

    @AfterEach
    void stop() {
        Holdings.assertIdle(gateway, rig.work());
        Await.until(GalleryClient.SOON, "objects and rows match", () -> {
            Holdings holdings = Holdings.of(gateway);
            return holdings.objects().equals(holdings.rows());
        });
        gateway.close();
        rig.close();
    }

    private JsonNode completed(String path) {
        JsonNode image = alice.ended(path);
        assertThat(image.required("status").stringValue()).as(image.toString()).isEqualTo("completed");
        assertThat(alice.get(path + "/file").statusCode()).isEqualTo(200);
        return image;
    }

    @Test
    void queuedImageIsMadeAndOneWhoseProviderWasBeingAskedFailsClearly() {
        rig.provider.create(Behaviours.silent());
        String asked = alice.ordered("asked");
        Await.until(
                GalleryClient.SOON,
                "it is asked",
                () -> rig.provider.creations().size() == 1);
        String queued = alice.ordered("queued");
        rig.provider.create(ReplicateStub.json(201, "{\"id\":\"" + ReplicateStub.ID + "\",\"status\":\"starting\"}"));
        rig.provider.look(ReplicateStub.succeeded(Drawn.inline(Drawn.picture("png", 20, 10))));

        restart();

        completed(queued);
        assertThat(alice.ended(asked).at("/error/code").stringValue()).isEqualTo("uncertain");
        assertThat(rig.provider.creations()).as("one for each image").hasSize(2);
    }

    @Test
    void predictionIsWaitedForByTheNextGateway() {
        rig.provider.look(ReplicateStub.state("processing"));
        String path = alice.ordered("slow");
        Await.until(GalleryClient.SOON, "it is waited for", () -> rig.provider.looks() > 0);

        gateway.close();
        rig.provider.look(ReplicateStub.succeeded(Drawn.inline(Drawn.picture("png", 20, 10))));
        run();

        completed(path);
        assertThat(rig.provider.creations()).hasSize(1);
        assertThat(rig.provider.cancellations()).isZero();
    }

    @Test
    void pictureThatWasBeingFetchedIsFetchedAnew() {
        byte[] png = Drawn.noise(50, 50);
        rig.pictures.on("/a.png", Behaviours.failing(1, Behaviours.stalled(5000, 500), Behaviours.image(png)));
        rig.pictureAt(rig.pictures.url("/a.png"));
        String path = alice.ordered("big");
        rig.pictures.awaitRequests(1, GalleryClient.SOON);

        restart();

        completed(path);
        assertThat(alice.get(path + "/file").body()).isEqualTo(png);
        assertThat(rig.provider.creations()).hasSize(1);
    }

    @Test
    void pictureThatWasStoredAndNotYetNamedIsStoredAnewAndTheFirstIsRemoved() {
        rig.provider.look(ReplicateStub.succeeded(Drawn.inline(Drawn.picture("png", 20, 10))));
        FaultyStore store = (FaultyStore) gateway.bean(ObjectStore.class);
        store.on(FaultyStore.Moment.AFTER_PUT, Mono::never);
        String path = alice.ordered("stored");
        Await.until(
                GalleryClient.SOON,
                "it is stored",
                () -> Holdings.of(gateway).objects().size() == 1);

        restart();

        completed(path);
        Await.until(
                GalleryClient.SOON,
                "one object is left",
                () -> Holdings.of(gateway).objects().size() == 1);
        assertThat(rig.provider.creations()).hasSize(1);
    }
}
