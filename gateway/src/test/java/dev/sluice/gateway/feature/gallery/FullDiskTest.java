package dev.sluice.gateway.feature.gallery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.sluice.gateway.feature.gallery.FaultyStore.Moment;
import dev.sluice.gateway.outbound.storage.ObjectStore;
import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.RunningGateway;
import java.io.IOException;
import java.io.OutputStream;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
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
            String onSmallDisk, int status, String code, String reason, String detail)
            throws IOException, InterruptedException {
        Path disk = Files.createDirectory(data.resolve("disk"));
        assumeThat(run("mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk.toString()))
                .isTrue();
        try (HostileOrigin origin = HostileOrigin.start();
                RunningGateway gateway = RunningGateway.start(origin, Map.of(onSmallDisk, disk.toString()))) {
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
        } finally {
            run("umount", "--lazy", disk.toString());
        }
    }

    @Test
    void imageForWhoseThumbnailsThereIsNoRoomIsKeptAndGetsThemWhenThereIs() throws IOException, InterruptedException {
        Path disk = Files.createDirectory(data.resolve("disk"));
        assumeThat(run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk.toString()))
                .isTrue();
        Map<String, String> settings = Map.of(
                "sluice.storage.directory", disk.toString(),
                "sluice.thumbnails.poll", "50ms",
                "sluice.thumbnails.retry-pause", "50ms");
        try (HostileOrigin origin = HostileOrigin.start();
                RunningGateway gateway = RunningGateway.start(origin, settings, FaultyStore.Installed.class)) {
            origin.on("/a.png", Behaviours.image(Drawn.noise(200, 200)));
            GalleryClient alice = GalleryClient.alice(gateway::uri);
            FaultyStore store = (FaultyStore) gateway.bean(ObjectStore.class);
            Path rest = disk.resolve("rest");
            store.once(Moment.AFTER_PUT, () -> Mono.fromRunnable(() -> fill(rest)));

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
        } finally {
            run("umount", "--lazy", disk.toString());
        }
    }

    /** Takes what is left of a small disk. */
    private static void fill(Path file) {
        try (OutputStream to = Files.newOutputStream(file)) {
            while (true) {
                to.write(new byte[4096]);
            }
        } catch (IOException full) {
            // As it should be.
        }
    }

    private static boolean run(String... command) throws IOException, InterruptedException {
        try {
            Process process = new ProcessBuilder(command).inheritIO().start();
            return process.waitFor(10, TimeUnit.SECONDS) && process.exitValue() == 0;
        } catch (IOException noSuchCommand) {
            return false;
        }
    }
}
