package dev.sluice.gateway.feature.gallery;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.HostileOrigin.Behaviour;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.ReplicateStub;
import dev.sluice.gateway.testing.RunningGateway;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Who waits for a picture is told what it waits for. */
@ExtendWith(NoLeaks.class)
class GenerationProgressTest {
    @TempDir
    private static Path data;

    private static Behaviour after(CountDownLatch latch, Behaviour next) {
        return exchange -> {
            latch.await();
            next.answer(exchange);
        };
    }

    private static JsonNode generation(GalleryClient client, String path) {
        return GalleryClient.json(client.get(path)).path("generation");
    }

    private static void awaitStage(GalleryClient client, String path, String stage) {
        Await.until(
                GalleryClient.SOON,
                path + " is " + stage,
                () -> generation(client, path).path("stage").asString("none").equals(stage));
    }

    @Test
    void imageIsWaitingThenAtTheProviderThenStoredThenCompleted() {
        CountDownLatch taken = new CountDownLatch(1);
        CountDownLatch sent = new CountDownLatch(1);
        try (ProviderRig rig = new ProviderRig(data);
                RunningGateway gateway = rig.gateway(Map.of("sluice.gallery.generation.workers", "1"))) {
            GalleryClient alice = GalleryClient.alice(gateway::uri);
            rig.provider.create(after(
                    taken, ReplicateStub.json(201, "{\"id\":\"" + ReplicateStub.ID + "\",\"status\":\"starting\"}")));
            rig.provider.look(ReplicateStub.state("processing"));
            rig.pictures.on("/made.png", after(sent, Behaviours.image(Drawn.picture("png", 20, 10))));

            String first = alice.ordered("the first");
            Await.until(
                    GalleryClient.SOON,
                    "it has a worker",
                    () -> !generation(alice, first).has("queuePosition"));
            String second = alice.ordered("the second");
            String third = alice.ordered("the third");
            assertThat(generation(alice, first).required("stage").stringValue()).isEqualTo("waiting");
            assertThat(generation(alice, second).required("stage").stringValue())
                    .isEqualTo("waiting");
            assertThat(generation(alice, second).required("queuePosition").intValue())
                    .isEqualTo(1);
            assertThat(generation(alice, third).required("queuePosition").intValue())
                    .isEqualTo(2);

            taken.countDown();
            awaitStage(alice, first, "provider");
            rig.pictureAt(rig.pictures.url("/made.png"));
            awaitStage(alice, first, "storing");
            sent.countDown();

            assertThat(alice.ended(first).has("generation")).isFalse();
            assertThat(alice.ended(third).required("status").stringValue()).isEqualTo("completed");
        }
    }
}
