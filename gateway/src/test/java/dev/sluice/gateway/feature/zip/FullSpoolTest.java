package dev.sluice.gateway.feature.zip;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Archives;
import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.Pictures;
import dev.sluice.gateway.testing.RunningGateway;
import dev.sluice.gateway.testing.SmallDisk;
import dev.sluice.zipstream.BufferBudget;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** A disk that has less room than the gateway was told. */
@ExtendWith(NoLeaks.class)
class FullSpoolTest {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final byte[] LARGE = Pictures.png(1_000_000);

    @TempDir
    private Path directory;

    @Test
    void imageForWhichTheDiskHasNoRoomWaitsForMemoryAndItsArchiveIsWhole() throws Exception {
        try (SmallDisk disk = SmallDisk.mount(directory.resolve("disk"), "256k");
                HostileOrigin origin = HostileOrigin.start().on("/large.png", Behaviours.image(LARGE));
                RunningGateway gateway = RunningGateway.start(
                        origin,
                        Map.of(
                                "sluice.zip.max-image-size", "1MB",
                                "sluice.zip.spool-after", "0ms",
                                "sluice.zip.spool-directory", disk.directory().toString()))) {
            BufferBudget memory = gateway.bean("imageMemory", BufferBudget.class);
            BufferBudget room = gateway.bean("imageDisk", BufferBudget.class);
            BufferBudget.Reservation all = Objects.requireNonNull(
                    memory.reserve(memory.capacity(), SOON).block());

            CompletableFuture<HttpResponse<byte[]>> answer = CompletableFuture.supplyAsync(() -> gateway.post(
                    "/api/zip", ZipFaultsTest.request(Collections.nCopies(3, origin.url("/large.png")), "skip")));
            Await.until(
                    SOON,
                    "the disk was tried, and memory is waited for",
                    () -> !origin.requests().isEmpty() && room.available() == room.capacity() && memory.queued() > 0);
            all.release();

            HttpResponse<byte[]> archive = answer.join();
            assertThat(archive.statusCode()).isEqualTo(200);
            assertThat(Archives.read(archive.body()))
                    .hasSize(3)
                    .allSatisfy((name, image) -> assertThat(image).isEqualTo(LARGE));
            Await.until(
                    SOON,
                    "everything is free",
                    () -> room.available() == room.capacity() && memory.available() == memory.capacity());
        }
    }
}
