package dev.sluice.gateway.feature.gallery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.RunningGateway;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A disk without room, where the test may make one: root on Linux. */
class FullDiskTest {
    @TempDir
    private Path data;

    @ParameterizedTest
    @ValueSource(strings = {"sluice.storage.directory", "sluice.pictures.work-directory"})
    void imageForWhichThereIsNoRoomIsRefusedAndASmallerOneIsKept(String onSmallDisk)
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

            assertThat(refused.statusCode()).isEqualTo(502);
            assertThat(GalleryClient.code(refused)).isEqualTo("storage_failed");
            assertThat(GalleryClient.json(refused).required("reason").stringValue())
                    .isEqualTo("full");
            assertThat(Holdings.of(gateway).match().objects()).isEmpty();
            alice.imported(origin.url("/small.png"));
            assertThat(Holdings.of(gateway).match().objects()).hasSize(1);
        } finally {
            run("umount", "--lazy", disk.toString());
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
