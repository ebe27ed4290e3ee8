package dev.sluice.gateway.feature.imageproxy;

import static dev.sluice.gateway.feature.imageproxy.ProxyRig.cacheStatus;
import static dev.sluice.gateway.feature.imageproxy.ProxyRig.header;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.outbound.imagecache.ImageStore;
import dev.sluice.gateway.outbound.imagecache.disk.CacheRig;
import dev.sluice.gateway.outbound.imagecache.disk.CachedMeta;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.NoLeaks;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Smaller copies on disk: within the same bound as their originals, and with them across restarts; or nowhere. */
@ExtendWith(NoLeaks.class)
class ThumbnailStoreTest {
    private static final byte[] PICTURE = DrawnPictures.png(800, 400, 1);
    private static final byte[] SMALL = DrawnPictures.png(100, 50, 1);

    @TempDir
    private Path directory;

    @Test
    void copiesAreKeptAcrossARestart() {
        HttpResponse<byte[]> made;
        String url;
        try (ProxyRig rig = ProxyRig.decodingIn(directory)) {
            rig.origin.on("/a.png", Behaviours.image(PICTURE)).on("/small.png", Behaviours.image(SMALL));
            url = rig.origin.url("/a.png");
            made = rig.get("/a.png", 160);
            rig.get("/small.png", 160);
        }
        try (CacheRig next = CacheRig.in(directory).started()) {
            CachedMeta original = next.cache.lookup(url);
            CachedMeta copy = next.cache.lookup(CachedMeta.thumbnailKey(url, 160));

            assertThat(original).isNotNull();
            assertThat(copy).isNotNull().matches(meta -> meta.isOf(original));
            assertThat(copy.etag()).isEqualTo(header(made, "ETag"));
            assertThat(next.read(CachedMeta.thumbnailKey(url, 160))).isEqualTo(made.body());
            assertThat(next.read(CachedMeta.thumbnailKey(url.replace("/a.png", "/small.png"), 160)))
                    .isEmpty();
            next.settled();
        }
    }

    @Test
    void copyOutlivesAnOriginalThatHadToMakeRoom() {
        try (ProxyRig rig = ProxyRig.decodingIn(directory, "sluice.image-proxy.cache.max-size", "1MB")) {
            byte[] large = DrawnPictures.noise(450, 450, 1); // some 600 KB
            rig.origin
                    .on("/a.png", Behaviours.image(large))
                    .on("/b.png", Behaviours.image(DrawnPictures.noise(450, 450, 2)));
            byte[] copy = rig.get("/a.png", 160).body();
            rig.get("/b.png");
            assertThat(rig.gateway.bean(ImageStore.class).find(rig.origin.url("/a.png")))
                    .isNull();

            HttpResponse<byte[]> answer = rig.get("/a.png", 160);

            assertThat(cacheStatus(answer)).startsWith("sluice; hit");
            assertThat(answer.body()).isEqualTo(copy);
            assertThat(rig.origin.requests("/a.png")).isEqualTo(1);
            assertThat(diskBytes(rig)).isLessThanOrEqualTo(1 << 20);
        }
    }

    @Test
    void copyWhoseOriginalIsNotThereIsShownWhenTheOriginFailsAndForgottenWhenItIsGone() {
        try (ProxyRig rig = ProxyRig.decodingIn(directory, "sluice.image-proxy.cache.max-size", "1MB")) {
            rig.origin
                    .on("/a.png", Behaviours.image(DrawnPictures.noise(450, 450, 1)))
                    .on("/b.png", Behaviours.image(DrawnPictures.noise(450, 450, 2)));
            byte[] copy = rig.get("/a.png", 160).body();
            rig.get("/b.png");
            rig.clock.move(ProxyRig.TTL);

            rig.origin.on("/a.png", Behaviours.status(500));
            HttpResponse<byte[]> failed = rig.get("/a.png", 160);
            HttpResponse<byte[]> again = rig.get("/a.png", 160);
            rig.clock.move(Duration.ofSeconds(10));
            rig.origin.on("/a.png", Behaviours.status(410));
            HttpResponse<byte[]> gone = rig.get("/a.png", 160);

            assertThat(failed.body()).isEqualTo(again.body()).isEqualTo(copy);
            assertThat(cacheStatus(failed)).isEqualTo("sluice; fwd=stale; fwd-status=500; detail=stale-if-error");
            assertThat(cacheStatus(again)).isEqualTo("sluice; hit; ttl=-0; detail=stale-if-error");
            assertThat(gone.statusCode()).isEqualTo(404);
            assertThat(rig.gateway.bean(ImageStore.class).has(rig.origin.url("/a.png")))
                    .isFalse();
        }
    }

    @Test
    void withoutACacheEachRequestIsMadeFromMemory() {
        try (ProxyRig rig = ProxyRig.decodingWithoutCache()) {
            rig.origin.on("/a.png", Behaviours.image(PICTURE)).on("/small.png", Behaviours.image(SMALL));

            for (int i = 0; i < 2; i++) {
                HttpResponse<byte[]> answer = rig.get("/a.png", 160);
                assertThat(DrawnPictures.read(answer.body()).getWidth()).isEqualTo(160);
                assertThat(cacheStatus(answer)).isEqualTo("sluice; fwd=bypass; fwd-status=200; detail=transformed");
                assertThat(rig.get("/small.png", 160).body()).isEqualTo(SMALL);
            }
            rig.awaitFreeMemory();
        }
    }

    @Test
    void directoryThatCannotBeUsedFailsNoRequest() throws IOException {
        Path file = Files.createFile(directory.resolve("no-directory"));
        try (ProxyRig rig = ProxyRig.decodingIn(file)) {
            rig.origin.on("/a.png", Behaviours.image(PICTURE));

            HttpResponse<byte[]> answer = rig.get("/a.png", 160);

            assertThat(DrawnPictures.read(answer.body()).getWidth()).isEqualTo(160);
            assertThat(cacheStatus(answer)).isEqualTo("sluice; fwd=uri-miss; fwd-status=200; detail=transformed");
            rig.awaitFreeMemory();
        }
    }

    @Test
    void imageThatIsTooLargeForTheCacheIsMadeSmallerAllTheSame() {
        try (ProxyRig rig = ProxyRig.decodingIn(directory, "sluice.image-proxy.cache.max-size", "1MB")) {
            rig.origin.on("/large.png", Behaviours.image(DrawnPictures.noise(700, 700, 1))); // some 1.4 MB

            HttpResponse<byte[]> answer = rig.get("/large.png", 160);

            assertThat(DrawnPictures.read(answer.body()).getWidth()).isEqualTo(160);
            assertThat(rig.files()).isEmpty();
            rig.awaitFreeMemory();
        }
    }

    @Test
    void memoryThatIsTakenIsOverloadAndNothingElse() {
        try (ProxyRig rig = ProxyRig.decodingIn(directory, "sluice.image-proxy.memory-timeout", "20ms")) {
            rig.origin.on("/a.png", Behaviours.image(PICTURE));
            rig.get("/a.png");
            var taken = rig.memory()
                    .reserve(rig.memory().available(), Duration.ZERO)
                    .block();

            HttpResponse<byte[]> refused = rig.get("/a.png", 160);

            assertThat(refused.statusCode()).isEqualTo(503);
            assertThat(header(refused, "Retry-After")).isEqualTo("1");
            assertThat(rig.get("/a.png").statusCode()).isEqualTo(200);
            assertThat(taken).isNotNull();
            taken.release();
            assertThat(rig.get("/a.png", 160).statusCode()).isEqualTo(200);
        }
    }

    private static long diskBytes(ProxyRig rig) {
        List<Path> files = rig.files();
        return files.stream().mapToLong(CacheRig::blocks).sum();
    }
}
