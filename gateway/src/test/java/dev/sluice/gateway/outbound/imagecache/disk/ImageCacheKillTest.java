package dev.sluice.gateway.outbound.imagecache.disk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.NoLeaks;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(NoLeaks.class)
class ImageCacheKillTest {
    private static final int KILLS = 6;
    private static final Duration START = Duration.ofMinutes(1);

    @TempDir
    private Path parent;

    @Test
    void whatIsLeftByAKilledProcessIsWholeOrNotServed() throws Exception {
        Path directory = parent.resolve("cache");
        Random random = new Random(1);
        int served = 0;
        for (int kill = 0; kill < KILLS; kill++) {
            fillUntilKilled(directory, random.nextInt(150));

            long left = CacheRig.files(directory).stream()
                    .mapToLong(CacheRig::blocks)
                    .sum();
            assertThat(left).as("also at the moment of the kill").isLessThanOrEqualTo(CacheFiller.MAX_BYTES);
            served += expectOnlyWholeImages(directory);
        }
        assertThat(served).as("images that outlived a kill").isGreaterThan(KILLS);
    }

    @Test
    void directoryOfAnotherProcessIsLeftAloneUntilThatHasEnded() throws Exception {
        Path directory = parent.resolve("cache");
        try (CacheRig rig = CacheRig.of(directory, CacheFiller.MAX_BYTES)) {
            Process filler = fill(directory);
            try {
                rig.cache.start(Duration.ZERO);
                for (int i = 0; i < 5; i++) {
                    assertThat(rig.store(CacheRig.url(1), CacheRig.body(1, 100)))
                            .isFalse();
                }
                assertThat(rig.entries()).isZero();
                assertThat(filler.isAlive()).isTrue();
            } finally {
                kill(filler);
            }
            assertThat(rig.store(CacheRig.url(1), CacheRig.body(1, 100))).isTrue();
            rig.settled();
        }
    }

    private void fillUntilKilled(Path directory, long millis) throws IOException, InterruptedException {
        Process filler = fill(directory);
        try {
            assertThat(filler.waitFor(Duration.ofMillis(millis))).isFalse();
        } finally {
            kill(filler);
        }
    }

    private static void kill(Process process) throws InterruptedException {
        process.destroyForcibly();
        process.waitFor();
    }

    /** A process that fills the cache. */
    private Process fill(Path directory) throws IOException, InterruptedException {
        Path log = Files.createTempFile(parent, "filler", ".log");
        Process filler = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx128m",
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "-cp",
                        System.getProperty("java.class.path"),
                        CacheFiller.class.getName(),
                        directory.toString())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        try {
            Await.until(START, "the process fills the cache", () -> read(log).contains("filling") || !filler.isAlive());
            assertThat(filler.isAlive()).as(read(log)).isTrue();
            return filler;
        } catch (AssertionError late) {
            kill(filler);
            throw late;
        }
    }

    private static String read(Path log) {
        try {
            return Files.readString(log);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    private static int expectOnlyWholeImages(Path directory) {
        int served = 0;
        try (CacheRig rig = CacheRig.of(directory, CacheFiller.MAX_BYTES).started()) {
            assertThat(rig.files()).noneMatch(CacheEntry.Name::isTemporary);
            rig.settled();
            for (int image = 0; image < CacheFiller.IMAGES; image++) {
                byte[] read = rig.read(CacheRig.url(image));
                if (read != null) {
                    served++;
                    int of = image;
                    assertThat(IntStream.range(0, CacheFiller.VERSIONS)
                                    .anyMatch(version -> Arrays.equals(read, CacheFiller.body(of, version))))
                            .as("image %d is one of its versions", image)
                            .isTrue();
                }
            }
            assertThat(rig.evictions("damaged")).as("a kill tears nothing").isZero();
            assertThat(served).isEqualTo(rig.entries());
        }
        return served;
    }
}
