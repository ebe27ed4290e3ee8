package dev.sluice.gateway.outbound.imagecache.disk;

import static dev.sluice.gateway.outbound.imagecache.disk.CacheRig.SOON;
import static dev.sluice.gateway.outbound.imagecache.disk.CacheRig.body;
import static dev.sluice.gateway.outbound.imagecache.disk.CacheRig.drain;
import static dev.sluice.gateway.outbound.imagecache.disk.CacheRig.url;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.outbound.imagecache.disk.CacheIndex.Removal;
import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.MovableClock;
import dev.sluice.gateway.testing.NoLeaks;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.util.FileSystemUtils;

@ExtendWith({NoLeaks.class, OutputCaptureExtension.class})
class ImageCacheDirectoryTest {
    private static final int LARGE = 100_000;
    private static final String WARNING = "images are served but not stored";

    @TempDir
    private Path parent;

    private Path directory() {
        return parent.resolve("cache");
    }

    private static int warnings(CapturedOutput output) {
        return output.toString().split(WARNING, -1).length - 1;
    }

    @Test
    void deletedFileIsNoticedByItsNextReader() throws IOException {
        try (CacheRig rig = CacheRig.in(directory()).started()) {
            rig.store(url(1), body(1, LARGE));
            Files.delete(rig.onlyFile());

            assertThat(rig.read(url(1))).isNull();
            assertThat(rig.evictions("missing")).isOne();
            Await.until(SOON, "its space is free", () -> rig.usedBytes() == 0);
        }
    }

    @Test
    void truncatedFileIsNoticedByItsNextReader() throws IOException {
        try (CacheRig rig = CacheRig.in(directory()).started()) {
            rig.store(url(1), body(1, LARGE));
            Files.write(rig.onlyFile(), new byte[100]);

            assertThat(rig.read(url(1))).isNull();
            assertThat(rig.evictions("damaged")).isOne();
            Await.until(SOON, "it is deleted", () -> rig.files().isEmpty() && rig.usedBytes() == 0);
        }
    }

    @Test
    void deletingAFileOfAReaderLeavesTheReaderWhatItOpened() throws IOException {
        try (CacheRig rig = CacheRig.in(directory()).started()) {
            rig.store(url(1), body(1, LARGE));
            OpenImage image = rig.open(url(1)).orElseThrow();
            try (FileChannel reading = FileChannel.open(Objects.requireNonNull(image.file()))) {
                Files.delete(rig.onlyFile());
                assertThat(reading.size()).isEqualTo(image.offset() + image.length());
            }
            assertThat(rig.read(url(1))).isNull();
            assertThat(rig.usedBytes()).as("while it is read").isPositive();
            image.dispose();
            Await.until(SOON, "its space is free", () -> rig.usedBytes() == 0);
        }
    }

    @Test
    void deletedDirectoryIsNoticedByOneReaderAndMadeAgainByTheNextStore() throws IOException {
        try (CacheRig rig = CacheRig.in(directory()).started()) {
            for (int i = 0; i < 20; i++) {
                rig.store(url(i), body(i, LARGE));
            }
            deleteAll();

            assertThat(rig.read(url(7))).isNull();
            Await.until(SOON, "all are dropped", () -> rig.entries() == 0 && rig.usedBytes() == 0);
            assertThat(rig.evictions("missing")).isEqualTo(20);

            assertThat(rig.store(url(1), body(1, LARGE))).isTrue();
            assertThat(rig.read(url(1))).isEqualTo(body(1, LARGE));
            rig.settled();
        }
    }

    @Test
    void deletedDirectoryIsNoticedByTheNextStoreToo() throws IOException {
        try (CacheRig rig = CacheRig.in(directory()).started()) {
            for (int i = 0; i < 20; i++) {
                rig.store(url(i), body(i, LARGE));
            }
            deleteAll();

            assertThat(rig.store(url(30), body(30, LARGE))).isTrue();
            assertThat(rig.entries()).isOne();
            assertThat(rig.read(url(7))).isNull();
            assertThat(rig.read(url(30))).isEqualTo(body(30, LARGE));
            rig.settled();
        }
    }

    private void deleteAll() throws IOException {
        FileSystemUtils.deleteRecursively(directory());
    }

    @Test
    void smallBodiesOutliveTheirFiles() throws IOException {
        try (CacheRig rig = CacheRig.in(directory()).started()) {
            rig.store(url(1), body(1, 100));
            deleteAll();

            assertThat(drain(rig.open(url(1)).orElseThrow())).isEqualTo(body(1, 100));
        }
    }

    @Test
    void secondCacheOnADirectoryKeepsNothingUntilTheFirstIsClosed(CapturedOutput output) {
        CacheRig first = CacheRig.in(directory()).started();
        try (CacheRig second = CacheRig.in(directory())) {
            first.store(url(1), body(1, LARGE));
            second.cache.start(Duration.ZERO);
            for (int i = 0; i < 3; i++) {
                assertThat(second.store(url(1), body(2, LARGE))).isFalse();
                assertThat(second.read(url(1))).isNull();
            }
            assertThat(warnings(output)).isOne();
            assertThat(first.read(url(1))).isEqualTo(body(1, LARGE));
            assertThat(first.store(url(2), body(2, LARGE))).isTrue();

            first.close();
            assertThat(second.store(url(3), body(3, LARGE))).isTrue();
            assertThat(second.read(url(1))).as("found by the claim").isEqualTo(body(1, LARGE));
            second.settled();
        } finally {
            first.close();
        }
    }

    @Test
    void purgeDuringARebuildHoldsForWhatIsFoundAfterIt() {
        CacheIndex index = new CacheIndex(CacheRig.PLENTY, 10);
        CachedMeta meta =
                new CachedMeta(url(1), "image/png", "\"e\"", 10, new MovableClock().instant(), null, null, null);
        Sha256 key = Sha256.of(url(1));
        CacheEntry entry =
                new CacheEntry(new CacheEntry.Name(key, 1), new EntryFile.Header(meta, Sha256.of("body"), 0, 200));

        assertThat(index.purge(key)).isNull();
        assertThat(index.adopt(entry)).isEqualTo(new Removal(entry, true));
        index.deleted(entry, null);
        index.complete();

        assertThat(index.find(key)).isNull();
        assertThat(index.usedBytes()).isZero();
    }
}
