package dev.sluice.gateway.outbound.imagecache.disk;

import static dev.sluice.gateway.outbound.imagecache.disk.CacheRig.SOON;
import static dev.sluice.gateway.outbound.imagecache.disk.CacheRig.body;
import static dev.sluice.gateway.outbound.imagecache.disk.CacheRig.drain;
import static dev.sluice.gateway.outbound.imagecache.disk.CacheRig.url;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.MovableClock;
import dev.sluice.gateway.testing.NoLeaks;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(NoLeaks.class)
class MemoryTierTest {
    private static final int LENGTH = 1_000;

    @TempDir
    private Path directory;

    private static CacheEntry entry(int version) {
        CachedMeta meta = new CachedMeta(url(1), "image/png", "\"e\"", LENGTH, Instant.EPOCH, null, null, null);
        return new CacheEntry(
                new CacheEntry.Name(Sha256.of(url(1)), version), new EntryFile.Header(meta, Sha256.of("body"), 0, 200));
    }

    private static ByteBuf filled(MemoryTier hot, int seed) {
        return Objects.requireNonNull(hot.allocate(LENGTH)).writeBytes(body(seed, LENGTH));
    }

    @Test
    void holdsNoMoreThanItMayAndReleasesTheRest() {
        long before = UnpooledByteBufAllocator.DEFAULT.metric().usedDirectMemory();
        MemoryTier hot = new MemoryTier(10 * LENGTH + 1, LENGTH);
        List<ByteBuf> all = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            ByteBuf body = filled(hot, i);
            all.add(body);
            hot.put(entry(i), body);
            assertThat(hot.bytes()).isLessThanOrEqualTo(10 * LENGTH + 1);
            assertThat(all.stream().filter(each -> each.refCnt() > 0)).hasSizeLessThanOrEqualTo(10);
            assertThat(UnpooledByteBufAllocator.DEFAULT.metric().usedDirectMemory() - before)
                    .isLessThanOrEqualTo(10 * LENGTH + 1);
        }
        hot.close();
        assertThat(all).allMatch(body -> body.refCnt() == 0);
    }

    @Test
    void bodyThatHadToGoStaysForItsReader() {
        MemoryTier hot = new MemoryTier(LENGTH, LENGTH);
        CacheEntry entry = entry(1);
        hot.put(entry, filled(hot, 1));
        ByteBuf reading = Objects.requireNonNull(hot.get(entry));

        hot.remove(entry);

        assertThat(hot.get(entry)).isNull();
        assertThat(hot.bytes()).isZero();
        assertThat(reading.refCnt()).isOne();
        assertThat(reading.readableBytes()).isEqualTo(LENGTH);
        reading.release();
    }

    @Test
    void readersHavePositionsOfTheirOwn() {
        MemoryTier hot = new MemoryTier(LENGTH, LENGTH);
        CacheEntry entry = entry(1);
        hot.put(entry, filled(hot, 1));
        ByteBuf one = Objects.requireNonNull(hot.get(entry));
        ByteBuf other = Objects.requireNonNull(hot.get(entry));

        one.skipBytes(LENGTH);

        assertThat(other.readableBytes()).isEqualTo(LENGTH);
        one.release();
        other.release();
        hot.close();
    }

    @Test
    void nothingIsKeptAfterClosing() {
        MemoryTier hot = new MemoryTier(LENGTH, LENGTH);
        hot.close();
        ByteBuf late = filled(hot, 1);
        hot.put(entry(1), late);

        assertThat(late.refCnt()).isZero();
    }

    @Test
    void largeBodiesAreNotAdmitted() {
        MemoryTier hot = new MemoryTier(10 * LENGTH, LENGTH);
        assertThat(hot.allocate(LENGTH + 1)).isNull();
        assertThat(hot.admits(LENGTH)).isTrue();
        hot.close();
    }

    @Test
    void smallBodyComesIntoMemoryWhenItIsFirstReadAfterARestart() {
        try (CacheRig first = CacheRig.in(directory).started()) {
            first.store(url(1), body(1, LENGTH));
        }
        try (CacheRig rig = CacheRig.in(directory).started()) {
            for (int i = 0; i < 2; i++) {
                OpenImage image = rig.open(url(1)).orElseThrow();
                assertThat(image.memory()).isNotNull();
                assertThat(drain(image)).isEqualTo(body(1, LENGTH));
            }
        }
    }

    @Test
    void bodyThatLostItsPlaceInMemoryComesBackWhenItIsRead() {
        CacheSettings settings =
                new CacheSettings(directory, CacheRig.PLENTY, 10, CacheRig.TTL, CacheRig.STALE, LENGTH, LENGTH);
        try (CacheRig rig = new CacheRig(settings, new MovableClock(), CacheDirectory.FileCalls.SYSTEM).started()) {
            rig.store(url(1), body(1, LENGTH));
            rig.store(url(2), body(2, LENGTH));

            for (int i = 1; i <= 2; i++) {
                String url = url(i);
                byte[] expected = body(i, LENGTH);
                Await.until(SOON, "in memory", () -> {
                    OpenImage image = rig.open(url).orElseThrow();
                    boolean inMemory = image.memory() != null;
                    assertThat(drain(image)).isEqualTo(expected);
                    return inMemory;
                });
            }
        }
    }

    @Test
    void bodyInMemoryGoesWithItsEntry() {
        try (CacheRig rig = CacheRig.in(directory).started()) {
            rig.store(url(1), body(1, LENGTH));
            OpenImage image = rig.open(url(1)).orElseThrow();
            rig.cache.purge(url(1)).block(SOON);

            assertThat(rig.read(url(1))).isNull();
            ByteBuf memory = Objects.requireNonNull(image.memory());
            assertThat(memory.refCnt()).isOne();
            image.dispose();
            assertThat(memory.refCnt()).isZero();
        }
    }
}
