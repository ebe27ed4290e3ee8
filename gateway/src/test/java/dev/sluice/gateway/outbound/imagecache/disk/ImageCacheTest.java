package dev.sluice.gateway.outbound.imagecache.disk;

import static dev.sluice.gateway.outbound.imagecache.disk.CacheRig.SOON;
import static dev.sluice.gateway.outbound.imagecache.disk.CacheRig.STALE;
import static dev.sluice.gateway.outbound.imagecache.disk.CacheRig.TTL;
import static dev.sluice.gateway.outbound.imagecache.disk.CacheRig.body;
import static dev.sluice.gateway.outbound.imagecache.disk.CacheRig.drain;
import static dev.sluice.gateway.outbound.imagecache.disk.CacheRig.url;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.NoLeaks;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

@ExtendWith(NoLeaks.class)
class ImageCacheTest {
    private static final int SMALL = 30_000;
    private static final int LARGE = 200_000; // never in memory

    @TempDir
    private Path parent;

    private CacheRig rig;

    @BeforeEach
    void start() {
        rig = CacheRig.in(parent.resolve("made/when/needed")).started();
    }

    @AfterEach
    void stop() {
        rig.close();
    }

    @Test
    void thereIsNothingAtFirst() {
        assertThat(rig.read(url(1))).isNull();
        assertThat(rig.cache.lookup(url(1))).isNull();
        assertThat(rig.settings.directory()).isDirectory();
        assertThat(CacheRig.files(rig.settings.directory())).isEmpty();
    }

    @Test
    void whatIsStoredIsOpenedWithAllThatIsKnownOfIt() throws Exception {
        byte[] bytes = body(1, LARGE);
        CachedMeta meta = new CachedMeta(
                url(1), "image/webp", "", 0, rig.clock.instant(), Duration.ofMinutes(3), "W/\"o\"", "Sat, 21 Nov 2026");

        OpenImage stored = rig.storeAndOpen(meta, bytes).orElseThrow();
        assertThat(drain(stored)).isEqualTo(bytes);

        OpenImage opened = rig.open(url(1)).orElseThrow();
        byte[] half = Arrays.copyOf(MessageDigest.getInstance("SHA-256").digest(bytes), 16);
        String etag = '"' + Base64.getUrlEncoder().withoutPadding().encodeToString(half) + '"';
        assertThat(opened.meta()).isEqualTo(meta.measured(etag, LARGE, rig.clock.instant()));
        assertThat(opened.meta()).isEqualTo(stored.meta()).isEqualTo(rig.cache.lookup(url(1)));
        assertThat(opened.length()).isEqualTo(LARGE);
        assertThat(drain(opened)).isEqualTo(bytes);
    }

    @Test
    void descriptionOfABodyIsWhatTheCacheSaysOfIt() {
        byte[] bytes = body(1, LARGE);
        List<DataBuffer> buffers = CacheRig.buffers(bytes);
        CachedMeta meta = new CachedMeta(
                url(1),
                "image/png",
                Sha256.of(buffers).etag(),
                CachedMeta.length(buffers),
                rig.clock.instant(),
                null,
                null,
                "x".repeat(257));
        buffers.forEach(DataBufferUtils::release);

        OpenImage stored = rig.storeAndOpen(meta, bytes).orElseThrow();
        stored.dispose();

        assertThat(stored.meta()).isEqualTo(meta);
        assertThat(meta.originLastModified()).as("too long to be kept").isNull();
    }

    @Test
    void buffersKeepTheirPositions() {
        List<DataBuffer> buffers = CacheRig.buffers(body(1, LARGE));
        rig.cache
                .store(rig.meta(url(1)), buffers)
                .blockOptional(SOON)
                .orElseThrow()
                .dispose();

        assertThat(CachedMeta.length(buffers)).isEqualTo(LARGE);
        buffers.forEach(DataBufferUtils::release);
    }

    @Test
    void fileLiesInAShardUnderTheDigestOfItsUrl() throws Exception {
        rig.store(url(1), body(1, SMALL));

        String hex = HexFormat.of()
                .formatHex(MessageDigest.getInstance("SHA-256").digest(url(1).getBytes(StandardCharsets.UTF_8)));
        Path relative = rig.settings.directory().relativize(rig.onlyFile());
        assertThat(relative.toString()).matches(hex.substring(0, 2) + "/" + hex + "-[0-9a-f]+");
    }

    @Test
    void largeBodyIsInAFileAndASmallOneInMemory() {
        rig.store(url(1), body(1, SMALL));
        rig.store(url(2), body(2, LARGE));

        OpenImage small = rig.open(url(1)).orElseThrow();
        OpenImage large = rig.open(url(2)).orElseThrow();
        assertThat(small.file()).isNull();
        assertThat(small.memory()).isNotNull();
        assertThat(large.memory()).isNull();
        assertThat(large.file()).isNotNull();
        small.dispose();
        large.dispose();
    }

    @Test
    void openingAnswersOnTheCallersThread() {
        rig.store(url(1), body(1, SMALL));
        rig.store(url(2), body(2, LARGE));

        for (int i = 1; i <= 2; i++) {
            AtomicReference<Thread> thread = new AtomicReference<>();
            rig.cache.open(url(i)).subscribe(image -> {
                thread.set(Thread.currentThread());
                image.dispose();
            });
            assertThat(thread).hasValue(Thread.currentThread());
        }
    }

    @Test
    void emptyBodyIsABodyToo() {
        assertThat(rig.store(url(1), new byte[0])).isTrue();
        assertThat(rig.read(url(1))).isEmpty();
    }

    @Test
    void newerImageTakesThePlaceOfTheOlder() {
        rig.store(url(1), body(1, LARGE));
        rig.store(url(1), body(2, SMALL));

        assertThat(rig.read(url(1))).isEqualTo(body(2, SMALL));
        assertThat(rig.entries()).isOne();
        rig.settled();
        assertThat(rig.files()).hasSize(1);
    }

    @Test
    void readerKeepsTheImageItOpenedWhileANewerOneIsStored() {
        rig.store(url(1), body(1, LARGE));
        OpenImage before = rig.open(url(1)).orElseThrow();
        rig.store(url(1), body(2, LARGE));

        assertThat(CacheRig.bytes(before)).isEqualTo(body(1, LARGE));
        assertThat(rig.read(url(1))).isEqualTo(body(2, LARGE));
        assertThat(rig.files()).hasSize(2);
        before.dispose();
        before.dispose();
        Await.until(SOON, "the older goes", () -> rig.files().size() == 1);
        rig.settled();
    }

    @Test
    void purgedEntryIsGoneWithItsFile() {
        rig.store(url(1), body(1, SMALL));
        rig.store(url(2), body(2, LARGE));

        assertThat(rig.cache.purge(url(1)).block(SOON)).isTrue();
        assertThat(rig.cache.purge(url(1)).block(SOON)).isFalse();

        assertThat(rig.read(url(1))).isNull();
        assertThat(rig.files()).hasSize(1);
        assertThat(rig.evictions("purged")).isOne();
        rig.settled();
    }

    @Test
    void purgedEntryStaysReadableForWhoHasItOpen() {
        rig.store(url(1), body(1, LARGE));
        OpenImage image = rig.open(url(1)).orElseThrow();

        assertThat(rig.cache.purge(url(1)).block(SOON)).isTrue();

        assertThat(rig.read(url(1))).isNull();
        assertThat(rig.usedBytes()).isEqualTo(rig.diskBytes()).isPositive();
        assertThat(drain(image)).isEqualTo(body(1, LARGE));
        Await.until(
                SOON, "the file goes with its last reader", () -> rig.files().isEmpty());
        rig.settled();
    }

    @Test
    void staleEntryIsOpenedWithItsAgeAndAnExpiredOneIsNot() {
        CachedMeta meta = new CachedMeta(url(1), "image/png", "", 0, rig.clock.instant(), null, null, null);
        rig.storeAndOpen(meta, body(1, LARGE)).orElseThrow().dispose();

        rig.clock.move(TTL.plus(STALE));
        OpenImage stale = rig.open(url(1)).orElseThrow();
        assertThat(stale.meta().age(rig.clock.instant())).isEqualTo(TTL.plus(STALE));
        stale.dispose();

        rig.clock.move(Duration.ofMillis(1));
        assertThat(rig.cache.lookup(url(1))).isNull();
        assertThat(rig.read(url(1))).isNull();
        assertThat(rig.evictions("expired")).isOne();
        Await.until(SOON, "its file is deleted", () -> rig.files().isEmpty());
        rig.settled();
    }

    @Test
    void renewedEntryIsAsGoodAsNew() {
        CachedMeta meta = new CachedMeta(url(1), "image/png", "", 0, rig.clock.instant(), null, null, null);
        OpenImage stored = rig.storeAndOpen(meta, body(1, LARGE)).orElseThrow();
        stored.dispose();
        rig.clock.move(TTL.plus(STALE));

        rig.cache.renew(stored.meta(), rig.clock.instant()).block(SOON);

        rig.clock.move(TTL.plus(STALE));
        OpenImage renewed = rig.open(url(1)).orElseThrow();
        assertThat(renewed.meta().age(rig.clock.instant())).isEqualTo(TTL.plus(STALE));
        assertThat(drain(renewed)).isEqualTo(body(1, LARGE));
    }

    @Test
    void renewingWhatWasReplacedOrNeverThereChangesNothing() {
        OpenImage older = rig.storeAndOpen(rig.meta(url(1)), body(1, LARGE)).orElseThrow();
        older.dispose();
        rig.store(url(1), body(2, LARGE));
        rig.clock.move(TTL);

        rig.cache.renew(older.meta(), rig.clock.instant()).block(SOON);
        rig.cache.renew(rig.meta(url(9)), rig.clock.instant()).block(SOON);

        assertThat(Objects.requireNonNull(rig.cache.lookup(url(1))).storedAt())
                .isEqualTo(rig.clock.instant().minus(TTL));
    }

    @Test
    void sweepDropsWhatHasExpiredAndWhatIsLeftOver() throws IOException {
        rig.store(url(1), body(1, LARGE));
        rig.clock.move(TTL.plus(STALE));
        rig.store(url(2), body(2, LARGE));
        Path whole = rig.files().getFirst();
        Path leftOver = Files.writeString(
                whole.resolveSibling(whole.getFileName().toString().replaceAll("-.*", "-abc.tmp")), "half");
        rig.clock.move(Duration.ofMillis(1));

        rig.cache.sweep().block(SOON);

        assertThat(leftOver).doesNotExist();
        assertThat(rig.entries()).isOne();
        assertThat(rig.has(url(2))).isTrue();
        assertThat(rig.files()).hasSize(1);
        rig.settled();
    }

    @Test
    void sweepDropsEntriesWhoseFileIsGone() throws IOException {
        rig.store(url(1), body(1, LARGE));
        rig.store(url(2), body(2, LARGE));
        Files.delete(rig.files().getFirst());

        rig.cache.sweep().block(SOON);

        assertThat(rig.entries()).isOne();
        assertThat(rig.evictions("missing")).isOne();
        rig.settled();
    }

    @Test
    void clockThatGoesBackMakesAnEntryStoredNow() {
        rig.store(url(1), body(1, LARGE));
        rig.clock.move(Duration.ofDays(-30));

        OpenImage image = rig.open(url(1)).orElseThrow();
        assertThat(image.meta().age(rig.clock.instant())).isZero();
        image.dispose();

        rig.clock.move(TTL.plus(STALE));
        assertThat(rig.has(url(1))).as("its time counts from then").isTrue();
        rig.clock.move(Duration.ofMillis(1));
        assertThat(rig.has(url(1))).isFalse();
    }

    @Test
    void ageIsNeverNegative() {
        rig.store(url(1), body(1, LARGE));
        OpenImage image = rig.open(url(1)).orElseThrow();
        rig.clock.move(Duration.ofDays(-30));

        assertThat(image.meta().age(rig.clock.instant())).isZero();
        image.dispose();
    }

    @Test
    void storingInTheFutureIsStoringNow() {
        CachedMeta meta =
                new CachedMeta(url(1), "image/png", "", 0, rig.clock.instant().plusSeconds(60), null, null, null);
        OpenImage stored = rig.storeAndOpen(meta, body(1, LARGE)).orElseThrow();
        stored.dispose();

        assertThat(stored.meta().storedAt()).isEqualTo(rig.clock.instant());
    }

    @Test
    void clockThatJumpsForwardExpiresEntries() {
        rig.store(url(1), body(1, LARGE));
        rig.clock.move(Duration.ofDays(10_000));
        assertThat(rig.read(url(1))).isNull();

        rig.clock.move(Duration.ofDays(-10_000));
        assertThat(rig.store(url(1), body(1, LARGE))).isTrue();
        assertThat(rig.read(url(1))).isEqualTo(body(1, LARGE));
    }

    @Test
    void closedCacheServesAndStoresNothing() {
        rig.store(url(1), body(1, LARGE));
        OpenImage open = rig.open(url(1)).orElseThrow();
        rig.cache.close();
        rig.cache.close();

        assertThat(rig.read(url(1))).isNull();
        assertThat(rig.store(url(2), body(2, SMALL))).isFalse();
        assertThat(drain(open)).isEqualTo(body(1, LARGE));
    }

    @Test
    void subscriberThatLeavesBeforeAskingLeavesNothingOpen() {
        rig.store(url(1), body(1, LARGE));
        rig.store(url(2), body(2, SMALL));

        for (int i = 1; i <= 2; i++) {
            StepVerifier.create(rig.cache.open(url(i)), 0).thenCancel().verify();
            rig.cache.purge(url(i)).block(SOON);
        }

        assertThat(rig.files()).as("no reader is left that holds them").isEmpty();
    }

    @Test
    void nothingIsOpenedBeforeSubscription() {
        rig.store(url(1), body(1, LARGE));
        Mono<OpenImage> opening = rig.cache.open(url(1));
        rig.cache.purge(url(1)).block(SOON);

        assertThat(rig.files()).isEmpty();
        assertThat(opening.blockOptional(SOON)).isEmpty();
    }
}
