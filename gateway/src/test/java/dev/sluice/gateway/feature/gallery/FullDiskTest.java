package dev.sluice.gateway.feature.gallery;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.feature.gallery.FaultyStore.Moment;
import dev.sluice.gateway.outbound.storage.ObjectStore;
import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.RunningGateway;
import dev.sluice.gateway.testing.SmallDisk;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import reactor.core.publisher.Mono;

/** A disk without room, where the test may make one: root on Linux. */
class FullDiskTest {
    @TempDir
    private Path data;

    @ParameterizedTest
    @CsvSource({
        "sluice.storage.directory, 502, storage_failed, full, The store is full.",
        "sluice.pictures.work-directory, 503, overloaded, decoder_busy, The gateway's disk for pictures on their way is full."
    })
    void imageForWhichThereIsNoRoomIsRefusedAndASmallerOneIsKept(
            String onSmallDisk, int status, String code, String reason, String detail) throws IOException {
        try (SmallDisk disk = SmallDisk.mount(data.resolve("disk"), "256k");
                HostileOrigin origin = HostileOrigin.start();
                RunningGateway gateway = RunningGateway.start(
                        origin, Map.of(onSmallDisk, disk.directory().toString()))) {
            origin.on("/large.png", Behaviours.image(Drawn.noise(400, 400)));
            origin.on("/small.png", Behaviours.image(Drawn.noise(20, 20)));
            GalleryClient alice = GalleryClient.alice(gateway::uri);

            HttpResponse<byte[]> refused = alice.importing(origin.url("/large.png"));

            assertThat(refused.statusCode()).isEqualTo(status);
            assertThat(GalleryClient.code(refused)).isEqualTo(code);
            assertThat(GalleryClient.json(refused).required("reason").stringValue())
                    .isEqualTo(reason);
            assertThat(GalleryClient.json(refused).required("detail").stringValue())
                    .isEqualTo(detail);
            assertThat(Holdings.of(gateway).match().objects()).isEmpty();
            alice.imported(origin.url("/small.png"));
            assertThat(Holdings.of(gateway).match().objects()).hasSize(1);
        }
    }

    @Test
    void imageForWhoseThumbnailsThereIsNoRoomIsKeptAndGetsThemWhenThereIs() throws IOException {
        try (SmallDisk disk = SmallDisk.mount(data.resolve("disk"), "1m");
                HostileOrigin origin = HostileOrigin.start();
                RunningGateway gateway = RunningGateway.start(
                        origin,
                        Map.of(
                                "sluice.storage.directory", disk.directory().toString(),
                                "sluice.thumbnails.poll", "50ms",
                                "sluice.thumbnails.retry-pause", "50ms"),
                        FaultyStore.Installed.class)) {
            origin.on("/a.png", Behaviours.image(Drawn.noise(200, 200)));
            GalleryClient alice = GalleryClient.alice(gateway::uri);
            FaultyStore store = (FaultyStore) gateway.bean(ObjectStore.class);
            Path rest = disk.directory().resolve("rest");
            store.once(Moment.AFTER_PUT, () -> Mono.fromRunnable(() -> disk.fill(rest)));

            HttpResponse<byte[]> imported = alice.importing(origin.url("/a.png"));

            assertThat(imported.statusCode()).isEqualTo(201);
            assertThat(GalleryClient.json(imported).required("thumbnails")).isEmpty();
            String file = imported.headers().firstValue("Location").orElseThrow() + "/file";
            assertThat(alice.get(file + "?w=160").statusCode()).isEqualTo(404);
            assertThat(alice.get(file).statusCode()).isEqualTo(200);
            Files.delete(rest);
            Await.until(
                    GalleryClient.SOON,
                    "there is a thumbnail",
                    () -> alice.get(file + "?w=160").statusCode() == 200);
            assertThat(Holdings.of(gateway).match().objects()).hasSize(2);
        }
    }
}
