package dev.sluice.gateway.feature.imageproxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.outbound.imagecache.disk.CacheRig;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.Pictures;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Twelve times as many images as fit, from several clients at once. */
class BoundedDiskTest {
    private static final int IMAGES = 2_000;
    private static final int CLIENTS = 8;
    private static final long BOUND = 10L * 1024 * 1024;
    private static final byte[] PICTURE = Pictures.png(60_000);

    @TempDir
    private Path directory;

    @Test
    void directoryNeverHoldsMoreThanItsBoundWhileItOverflows() throws InterruptedException, ExecutionException {
        try (ProxyRig rig = ProxyRig.in(directory.resolve("cache"), "sluice.image-proxy.cache.max-size", "10MB");
                ExecutorService threads = Executors.newFixedThreadPool(CLIENTS + 1)) {
            for (int image = 0; image < IMAGES; image++) {
                rig.origin.on("/" + image, Behaviours.image(PICTURE));
            }
            AtomicBoolean over = new AtomicBoolean();
            Future<Long> watcher = threads.submit(() -> mostOnDisk(rig, over));
            AtomicInteger next = new AtomicInteger();
            List<Future<?>> clients = new ArrayList<>();
            for (int client = 0; client < CLIENTS; client++) {
                clients.add(threads.submit(() -> drain(rig, next)));
            }
            try {
                for (Future<?> client : clients) {
                    client.get();
                }
            } finally {
                over.set(true);
            }

            assertThat(watcher.get()).isBetween(BOUND * 3 / 4, BOUND);
            assertThat(ProxyRig.cacheStatus(rig.get("/" + (IMAGES - 1)))).startsWith("sluice; hit");
            assertThat(ProxyRig.cacheStatus(rig.get("/0"))).endsWith("; stored");
        }
    }

    private static void drain(ProxyRig rig, AtomicInteger next) {
        for (int image = next.getAndIncrement(); image < IMAGES; image = next.getAndIncrement()) {
            HttpResponse<byte[]> answer = rig.get("/" + image);
            assertThat(answer.statusCode()).isEqualTo(200);
            assertThat(answer.body()).isEqualTo(PICTURE);
        }
    }

    private static long mostOnDisk(ProxyRig rig, AtomicBoolean over) {
        long most = 0;
        while (!over.get()) {
            most = Math.max(
                    most, rig.files().stream().mapToLong(CacheRig::blocks).sum());
        }
        return most;
    }
}
