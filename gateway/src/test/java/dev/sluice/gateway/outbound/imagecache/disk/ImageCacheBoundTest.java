package dev.sluice.gateway.outbound.imagecache.disk;

import static dev.sluice.gateway.outbound.imagecache.disk.CacheRig.SOON;
import static dev.sluice.gateway.outbound.imagecache.disk.CacheRig.body;
import static dev.sluice.gateway.outbound.imagecache.disk.CacheRig.drain;
import static dev.sluice.gateway.outbound.imagecache.disk.CacheRig.url;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.MovableClock;
import dev.sluice.gateway.testing.NoLeaks;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(NoLeaks.class)
class ImageCacheBoundTest {
    private static final int LENGTH = 30_000;
    private static final long BLOCKS = EntryFile.blocks(LENGTH + 200);

    @TempDir
    private Path directory;

    /** Knows what the files take after every single call, which no look at the directory from outside can. */
    private static final class CountingCalls implements CacheDirectory.FileCalls {
        private final Map<String, Long> files = new HashMap<>();
        private long sum;
        private long most;

        private synchronized void change(Path file, long bytes) {
            String name = String.valueOf(file.getFileName()).replace(".tmp", "");
            long before = files.getOrDefault(name, 0L);
            files.put(name, bytes);
            sum += EntryFile.blocks(bytes) - EntryFile.blocks(before);
            most = Math.max(most, sum);
        }

        private synchronized long most() {
            return most;
        }

        @Override
        public WritableByteChannel create(Path file) throws IOException {
            WritableByteChannel channel = CacheDirectory.FileCalls.super.create(file);
            return new WritableByteChannel() {
                private long written;

                @Override
                public int write(ByteBuffer bytes) throws IOException {
                    int count = channel.write(bytes);
                    written += count;
                    change(file, written);
                    return count;
                }

                @Override
                public boolean isOpen() {
                    return channel.isOpen();
                }

                @Override
                public void close() throws IOException {
                    channel.close();
                }
            };
        }

        @Override
        public void delete(Path file) throws IOException {
            LockSupport.parkNanos(300_000); // a slow disk: whoever frees the space too early is found out
            CacheDirectory.FileCalls.super.delete(file);
            change(file, 0);
        }
    }

    @Test
    void boundHoldsAtEveryMoment() throws Exception {
        int images = 2_000;
        long max = 20 * BLOCKS + 4095;
        CountingCalls calls = new CountingCalls();
        AtomicBoolean over = new AtomicBoolean();
        AtomicLong mostSeen = new AtomicLong();
        try (CacheRig rig = new CacheRig(CacheRig.withoutMemory(directory, max), new MovableClock(), calls).started()) {
            assertThat(rig.store(url(-1), body(-1, LENGTH))).isTrue(); // the directory is ours from here on
            Thread watcher = Thread.ofPlatform().start(() -> {
                while (!over.get()) {
                    mostSeen.accumulateAndGet(certainBytes(), Math::max);
                }
            });
            AtomicInteger stored = storeFromManyThreads(rig, images);
            over.set(true);
            watcher.join();

            rig.settled();
            assertThat(calls.most()).isLessThanOrEqualTo(max).isGreaterThan(15 * BLOCKS);
            assertThat(mostSeen.get()).isLessThanOrEqualTo(max).isPositive();
            assertThat(stored.get()).as("stored, of %d", images).isGreaterThan(images / 2);
            assertThat(rig.entries()).isEqualTo(rig.files().size()).isBetween(15, 20);
            for (int i = 0; i < images; i++) {
                byte[] read = rig.read(url(i));
                assertThat(read == null || Arrays.equals(read, body(i, LENGTH)))
                        .as("image %d is absent or whole", i)
                        .isTrue();
            }
        }
    }

    private static AtomicInteger storeFromManyThreads(CacheRig rig, int images) throws Exception {
        AtomicInteger next = new AtomicInteger();
        AtomicInteger stored = new AtomicInteger();
        Callable<Boolean> work = () -> {
            for (int i = next.getAndIncrement(); i < images; i = next.getAndIncrement()) {
                if (rig.store(url(i), body(i, LENGTH))) {
                    stored.incrementAndGet();
                }
                rig.read(url(i - 5));
            }
            return true;
        };
        try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
            for (Future<Boolean> done : threads.invokeAll(Collections.nCopies(8, work), 2, TimeUnit.MINUTES)) {
                assertThat(done.get()).isTrue();
            }
        }
        return stored;
    }

    /**
     * What the directory certainly took at one moment: the files that were there in a first look and in a second one,
     * with the length that the first look saw. Names are never used twice, so they were all there between the two.
     */
    private long certainBytes() {
        Map<String, Long> first = look();
        Map<String, Long> second = look();
        first.keySet().retainAll(second.keySet());
        return first.values().stream().mapToLong(Long::longValue).sum();
    }

    private Map<String, Long> look() {
        Map<String, Long> files = new HashMap<>();
        for (Path file : CacheRig.files(directory)) {
            files.merge(String.valueOf(file.getFileName()).replace(".tmp", ""), CacheRig.blocks(file), Math::max);
        }
        return files;
    }

    @Test
    void oldestGoesFirstAndARenewedOneLast() {
        try (CacheRig rig = CacheRig.of(directory, 3 * BLOCKS).started()) {
            for (int i = 0; i < 4; i++) {
                rig.store(url(i), body(i, LENGTH));
            }
            assertThat(present(rig, 4)).containsExactly(1, 2, 3);

            rig.cache
                    .renew(Objects.requireNonNull(rig.cache.lookup(url(1))), rig.clock.instant())
                    .block(SOON);
            rig.store(url(4), body(4, LENGTH));
            rig.store(url(5), body(5, LENGTH));
            assertThat(present(rig, 6)).containsExactly(1, 4, 5);
            assertThat(rig.evictions("size")).isEqualTo(3);
            rig.settled();
        }
    }

    @Test
    void imageThatIsUsedOutlivesYoungerOnesThatAreNot() {
        try (CacheRig rig = CacheRig.of(directory, 3 * BLOCKS).started()) {
            for (int i = 0; i < 3; i++) {
                rig.store(url(i), body(i, LENGTH));
            }
            rig.read(url(0));

            rig.store(url(3), body(3, LENGTH));
            assertThat(present(rig, 4)).containsExactly(0, 2, 3);

            rig.store(url(4), body(4, LENGTH));
            rig.store(url(5), body(5, LENGTH));
            assertThat(present(rig, 6)).containsExactly(0, 4, 5);
        }
    }

    @Test
    void thereIsAlwaysOneThatGoesHoweverMuchAllAreUsed() {
        CacheSettings settings = CacheRig.settings(directory, CacheRig.PLENTY, 100);
        try (CacheRig rig = new CacheRig(settings, new MovableClock(), CacheDirectory.FileCalls.SYSTEM).started()) {
            for (int i = 0; i < 100; i++) {
                rig.store(url(i), body(i, 100));
                rig.read(url(i));
                rig.read(url(i));
                rig.read(url(i));
            }

            assertThat(rig.store(url(100), body(100, 100))).isTrue();
            assertThat(rig.entries()).isEqualTo(100);
        }
    }

    private static List<Integer> present(CacheRig rig, int upTo) {
        return IntStream.range(0, upTo).filter(i -> rig.has(url(i))).boxed().toList();
    }

    @Test
    void thereAreNeverMoreEntriesThanMayBe() {
        CacheSettings settings = CacheRig.settings(directory, CacheRig.PLENTY, 3);
        try (CacheRig rig = new CacheRig(settings, new MovableClock(), CacheDirectory.FileCalls.SYSTEM).started()) {
            for (int i = 0; i < 6; i++) {
                assertThat(rig.store(url(i), body(i, 100))).isTrue();
                assertThat(rig.entries()).isLessThanOrEqualTo(3);
            }
            assertThat(present(rig, 6)).containsExactly(3, 4, 5);
            assertThat(rig.store(url(5), body(7, 100))).isTrue();
            assertThat(rig.read(url(5))).isEqualTo(body(7, 100));
        }
    }

    @Test
    void fileOfAReaderStaysAndItsSpaceIsNotFreeUntilTheReaderLeaves() {
        try (CacheRig rig = CacheRig.of(directory, 3 * BLOCKS).started()) {
            for (int i = 0; i < 3; i++) {
                rig.store(url(i), body(i, LENGTH));
            }
            OpenImage oldest = rig.open(url(0)).orElseThrow();
            rig.cache.purge(url(0)).block(SOON);

            assertThat(rig.store(url(3), body(3, LENGTH))).isTrue();
            assertThat(present(rig, 4))
                    .as("another had to go instead of its file")
                    .containsExactly(2, 3);
            assertThat(rig.usedBytes()).isEqualTo(rig.diskBytes()).isEqualTo(3 * BLOCKS);

            assertThat(drain(oldest)).isEqualTo(body(0, LENGTH));
            Await.until(SOON, "its space is free", () -> rig.usedBytes() == 2 * BLOCKS);
            assertThat(rig.diskBytes()).isEqualTo(2 * BLOCKS);
        }
    }

    @Test
    void filesAreOpenedForArchivesOnlyWithinWhatTheyMayPin() {
        try (CacheRig rig = CacheRig.of(directory, 4 * BLOCKS).started()) {
            for (int i = 0; i < 3; i++) {
                rig.store(url(i), body(i, LENGTH));
            }
            OpenImage first = rig.file(url(0), 2 * BLOCKS).orElseThrow();
            OpenImage again = rig.file(url(0), 2 * BLOCKS).orElseThrow();
            OpenImage second = rig.file(url(1), 2 * BLOCKS).orElseThrow();
            assertThat(rig.file(url(2), 2 * BLOCKS)).as("one too many").isEmpty();
            assertThat(rig.read(url(2))).as("for everybody else").isEqualTo(body(2, LENGTH));

            first.dispose();
            assertThat(rig.file(url(2), 2 * BLOCKS)).as("it has a reader still").isEmpty();
            again.dispose();
            OpenImage third = rig.file(url(2), 2 * BLOCKS).orElseThrow();

            CRC32 crc = new CRC32();
            crc.update(body(2, LENGTH));
            assertThat(third.crc32()).isEqualTo(crc.getValue());
            second.dispose();
            third.dispose();
        }
    }

    /** As a call to its origin reads an image while it asks whether the image is still the same. */
    @Test
    void readersThatAreNoArchivesNeitherOpenTheBoundNorCount() {
        try (CacheRig rig = CacheRig.of(directory, 4 * BLOCKS).started()) {
            for (int i = 0; i < 2; i++) {
                rig.store(url(i), body(i, LENGTH));
            }
            OpenImage asked = rig.open(url(1)).orElseThrow();
            OpenImage first = rig.file(url(0), BLOCKS).orElseThrow();

            assertThat(rig.file(url(1), BLOCKS)).as("one too many").isEmpty();
            first.dispose();
            OpenImage second = rig.file(url(1), BLOCKS).orElseThrow();

            second.dispose();
            asked.dispose();
        }
    }

    @Test
    void whereReadersHoldAllSpaceNothingIsStoredAndNothingEvicted() {
        try (CacheRig rig = CacheRig.of(directory, 2 * BLOCKS).started()) {
            rig.store(url(0), body(0, LENGTH));
            rig.store(url(1), body(1, LENGTH));
            OpenImage zero = rig.open(url(0)).orElseThrow();
            OpenImage one = rig.open(url(1)).orElseThrow();

            assertThat(rig.store(url(2), body(2, LENGTH))).isFalse();
            assertThat(present(rig, 3)).containsExactly(0, 1);

            zero.dispose();
            assertThat(rig.store(url(2), body(2, LENGTH))).isTrue();
            assertThat(present(rig, 3)).containsExactly(1, 2);
            one.dispose();
        }
    }

    @Test
    void imageLargerThanTheCacheIsNotStoredAndNothingEvicted() {
        try (CacheRig rig = CacheRig.of(directory, 2 * BLOCKS).started()) {
            rig.store(url(0), body(0, LENGTH));

            assertThat(rig.store(url(1), body(1, (int) (2 * BLOCKS)))).isFalse();

            assertThat(present(rig, 2)).containsExactly(0);
            rig.settled();
        }
    }

    @Test
    void imageThatFillsTheCacheIsStored() {
        try (CacheRig rig = CacheRig.of(directory, 2 * BLOCKS).started()) {
            rig.store(url(0), body(0, LENGTH));

            assertThat(rig.store(url(1), body(1, (int) (2 * BLOCKS) - 300))).isTrue();

            assertThat(present(rig, 2)).containsExactly(1);
            rig.settled();
            assertThat(rig.usedBytes()).isEqualTo(2 * BLOCKS);
        }
    }

    @Test
    void spaceOfForeignFilesIsNotTheCaches() throws IOException {
        Files.write(directory.resolve("notes.txt"), new byte[(int) BLOCKS]);
        try (CacheRig rig = CacheRig.of(directory, 2 * BLOCKS).started()) {
            assertThat(rig.store(url(0), body(0, LENGTH))).isTrue();
            assertThat(rig.store(url(1), body(1, LENGTH))).isTrue();

            assertThat(present(rig, 2)).containsExactly(1);
            assertThat(rig.diskBytes()).isEqualTo(2 * BLOCKS);
        }
    }

    @Test
    void whatExpiresIsNotEvictedForSize() {
        try (CacheRig rig = CacheRig.of(directory, 2 * BLOCKS).started()) {
            rig.store(url(0), body(0, LENGTH));
            rig.clock.move(CacheRig.TTL.plus(CacheRig.STALE).plus(Duration.ofSeconds(1)));
            rig.cache.sweep().block(SOON);

            assertThat(rig.evictions("expired")).isOne();
            assertThat(rig.evictions("size")).isZero();
            assertThat(rig.files()).isEmpty();
        }
    }

    /** A reader opens while the file is being evicted: it reads the whole image, or is told that there is none. */
    @Test
    void readersAndEvictionsMayRace() throws Exception {
        try (CacheRig rig = CacheRig.of(directory, 4 * BLOCKS).started();
                ExecutorService threads = Executors.newFixedThreadPool(3)) {
            AtomicBoolean done = new AtomicBoolean();
            Callable<Boolean> reading = () -> {
                for (int i = 0; !done.get(); i = (i + 1) % 8) {
                    byte[] read = rig.read(url(i));
                    assertThat(read == null || Arrays.equals(read, body(i, LENGTH)))
                            .isTrue();
                }
                return true;
            };
            List<Future<Boolean>> readers = List.of(threads.submit(reading), threads.submit(reading));
            int stored = 0;
            for (int i = 0; i < 400; i++) {
                stored += rig.store(url(i % 8), body(i % 8, LENGTH)) ? 1 : 0;
            }
            done.set(true);
            for (Future<Boolean> reader : readers) {
                assertThat(reader.get()).isTrue();
            }
            assertThat(stored).isGreaterThan(200);
            rig.settled();
            assertThat(rig.usedBytes()).isLessThanOrEqualTo(4 * BLOCKS);
        }
    }
}
