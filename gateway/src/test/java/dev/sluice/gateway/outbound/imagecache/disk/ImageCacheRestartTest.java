package dev.sluice.gateway.outbound.imagecache.disk;

import static dev.sluice.gateway.outbound.imagecache.disk.CacheRig.SOON;
import static dev.sluice.gateway.outbound.imagecache.disk.CacheRig.STALE;
import static dev.sluice.gateway.outbound.imagecache.disk.CacheRig.TTL;
import static dev.sluice.gateway.outbound.imagecache.disk.CacheRig.body;
import static dev.sluice.gateway.outbound.imagecache.disk.CacheRig.url;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.NoLeaks;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.zip.CRC32;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@ExtendWith(NoLeaks.class)
class ImageCacheRestartTest {
    private static final int LARGE = 200_000;
    private static final int SMALL = 30_000;
    private static final int STAMP_A = 52;
    private static final int STAMP_B = 76;
    private static final int CRC = 104;

    @TempDir
    private Path directory;

    private CacheRig rig;

    @BeforeEach
    void start() {
        rig = CacheRig.in(directory).started();
    }

    @AfterEach
    void stop() {
        rig.close();
    }

    @Test
    void entriesSurvive() {
        CachedMeta meta = new CachedMeta(
                url(1), "image/webp", "", 0, rig.clock.instant(), Duration.ofMinutes(3), "W/\"o\"", "Sat, 21 Nov 2026");
        OpenImage stored = rig.storeAndOpen(meta, body(1, LARGE)).orElseThrow();
        stored.dispose();
        rig.store(url(2), body(2, SMALL));
        rig.store("https://example.com/ü?" + "q".repeat(5_000), body(3, 0));
        rig.clock.move(TTL);

        rig = rig.restarted();

        assertThat(rig.cache.lookup(url(1))).isEqualTo(stored.meta());
        assertThat(rig.read(url(1))).isEqualTo(body(1, LARGE));
        assertThat(rig.read(url(2))).isEqualTo(body(2, SMALL));
        assertThat(rig.read("https://example.com/ü?" + "q".repeat(5_000))).isEmpty();
        assertThat(rig.entries()).isEqualTo(3);
        rig.settled();
    }

    /** Reactor would throw it past everybody who waits for the file to be read. */
    @Test
    void readingThatEndsInAFatalErrorIsToldToAllAndLeavesTheEntry() {
        rig.store(url(1), body(1, LARGE));
        AtomicBoolean isShort = new AtomicBoolean(true);

        rig = rig.restarted(new CacheDirectory.FileCalls() {
            @Override
            public FileChannel open(Path file) throws IOException {
                if (isShort.get()) {
                    throw new OutOfMemoryError("none in this test");
                }
                return CacheDirectory.FileCalls.super.open(file);
            }
        });

        assertThat(rig.read(url(1))).isNull();
        assertThat(rig.read(url(1))).isNull();
        isShort.set(false);
        assertThat(rig.read(url(1))).isEqualTo(body(1, LARGE));
    }

    @Test
    void renewalSurvivesAsOftenAsThereWasOne() {
        rig.store(url(1), body(1, LARGE));
        for (int i = 0; i < 5; i++) {
            rig.clock.move(TTL.plus(STALE));
            rig.cache
                    .renew(Objects.requireNonNull(rig.cache.lookup(url(1))), rig.clock.instant())
                    .block(SOON);
            rig = rig.restarted();

            assertThat(Objects.requireNonNull(rig.cache.lookup(url(1))).storedAt())
                    .isEqualTo(rig.clock.instant());
        }
        assertThat(rig.read(url(1))).isEqualTo(body(1, LARGE));
    }

    @Test
    void renewalThatWasTornLeavesWhatWasTrueBefore() {
        rig.store(url(1), body(1, LARGE));
        CachedMeta before = Objects.requireNonNull(rig.cache.lookup(url(1)));
        rig.clock.move(TTL);
        rig.cache.renew(before, rig.clock.instant()).block(SOON);
        CacheRig.flip(rig.onlyFile(), STAMP_B + 7);

        rig = rig.restarted();

        assertThat(rig.cache.lookup(url(1))).isEqualTo(before);
        rig.cache.renew(before, rig.clock.instant()).block(SOON);
        rig = rig.restarted();
        assertThat(Objects.requireNonNull(rig.cache.lookup(url(1))).storedAt()).isEqualTo(rig.clock.instant());
    }

    @Test
    void entryWithoutAnyValidStampIsDropped() {
        rig.store(url(1), body(1, LARGE));
        CacheRig.flip(rig.onlyFile(), STAMP_A + 7);

        rig = rig.restarted();

        expectDropped("damaged");
    }

    @Test
    void crcSurvives() {
        rig.store(url(1), body(1, LARGE));

        rig = rig.restarted();

        expectCrc();
        CacheRig.flip(rig.onlyFile(), CRC + 1);
        rig = rig.restarted();
        expectDropped("damaged");
    }

    /** As files of the release before this one are. */
    @Test
    void entryOfTheFormatBeforeIsReadAndHasItsCrcAsSoonAsItsBodyWasChecked() throws IOException {
        rig.store(url(1), body(1, LARGE));
        toVersion2(rig.onlyFile());

        rig = rig.restarted();

        assertThat(rig.entries()).isEqualTo(1);
        expectCrc();
        assertThat(rig.read(url(1))).isEqualTo(body(1, LARGE));
        rig.clock.move(TTL);
        rig.cache
                .renew(Objects.requireNonNull(rig.cache.lookup(url(1))), rig.clock.instant())
                .block(SOON);
        rig = rig.restarted();
        expectCrc();
    }

    private void expectCrc() {
        OpenImage image = rig.file(url(1), CacheRig.PLENTY).orElseThrow();
        CRC32 crc = new CRC32();
        crc.update(body(1, LARGE));
        assertThat(image.crc32()).isEqualTo(crc.getValue());
        image.dispose();
    }

    /** Without the CRC-32 of the body, and with another number. */
    private static void toVersion2(Path file) throws IOException {
        withoutSource(file);
        rewrite(file, 2, CRC, 4);
    }

    /** As the first files of version 3 are: without which URL gave ETag and Last-Modified, which is its own here. */
    private static void withoutSource(Path file) throws IOException {
        int length = ByteBuffer.wrap(Files.readAllBytes(file)).getInt(8);
        rewrite(file, 3, length - 2, 2);
    }

    /** Takes bytes out of the header. */
    private static void rewrite(Path file, int version, int position, int count) throws IOException {
        ByteBuffer now = ByteBuffer.wrap(Files.readAllBytes(file));
        int length = now.getInt(8) - count;
        int after = position + count;
        ByteBuffer before = ByteBuffer.allocate(now.capacity() - count);
        before.put(now.slice(0, position)).put(now.slice(after, now.capacity() - after));
        before.put(7, (byte) version).putInt(8, length);
        CRC32C checksum = new CRC32C();
        checksum.update(before.slice(0, STAMP_A));
        checksum.update(before.slice(CRC, length - CRC));
        before.putInt(CRC - 4, (int) checksum.getValue());
        Files.write(file, before.array());
    }

    @Test
    void entryOfWhichNobodyKnowsWhoGaveItsValidatorsIsReadAndNothingIsAskedByThem() throws IOException {
        rig.store(url(1), body(1, LARGE));
        CachedMeta before = Objects.requireNonNull(rig.cache.lookup(url(1)));
        assertThat(before.hasValidators()).isTrue();
        withoutSource(rig.onlyFile());

        rig = rig.restarted();

        CachedMeta after = Objects.requireNonNull(rig.cache.lookup(url(1)));
        assertThat(after.originEtag()).isEqualTo(before.originEtag());
        assertThat(after.originSource()).isNull();
        assertThat(after.hasValidators()).isFalse();
        assertThat(rig.read(url(1))).isEqualTo(body(1, LARGE));
    }

    @Test
    void urlThatGaveTheValidatorsSurvives() {
        CachedMeta meta = new CachedMeta(
                url(1), "image/webp", "", 0, rig.clock.instant(), null, "\"1\"", null, "\"behind a redirect\"", true);
        OpenImage stored = rig.storeAndOpen(meta, body(1, LARGE)).orElseThrow();
        stored.dispose();

        rig = rig.restarted();

        assertThat(rig.cache.lookup(url(1))).isEqualTo(stored.meta());
        assertThat(stored.meta().originSource()).isEqualTo("\"behind a redirect\"");
    }

    /** Its length is right, and it was checked when it was written. */
    @Test
    void entryThatIsDamagedWhileItIsKnownIsFoundOutAndDropped() {
        rig.store(url(1), body(1, LARGE));
        assertThat(rig.read(url(1))).isEqualTo(body(1, LARGE));

        CacheRig.flip(rig.onlyFile(), LARGE);

        assertThat(rig.file(url(1), CacheRig.PLENTY)).isEmpty();
        expectDropped("damaged");
    }

    @Test
    void entryIsCheckedAgainAfterAnHourThoughItsFileLooksUntouched() throws IOException {
        rig.store(url(1), body(1, LARGE));
        FileTime before = Files.getLastModifiedTime(rig.onlyFile());
        CacheRig.flip(rig.onlyFile(), LARGE);
        Files.setLastModifiedTime(rig.onlyFile(), before);
        assertThat(rig.has(url(1))).isTrue();

        rig.clock.move(Duration.ofHours(1));

        assertThat(rig.file(url(1), CacheRig.PLENTY)).isEmpty();
        expectDropped("damaged");
    }

    /** Its own change of the file is not taken for damage. */
    @Test
    void renewedEntryIsNotReadAgain() {
        AtomicInteger opened = new AtomicInteger();
        rig.close();
        rig = CacheRig.in(directory, counting(opened)).started();
        rig.store(url(1), body(1, LARGE));
        rig.cache
                .renew(Objects.requireNonNull(rig.cache.lookup(url(1))), rig.clock.instant())
                .block(SOON);

        assertThat(rig.read(url(1))).isEqualTo(body(1, LARGE));
        assertThat(opened).hasValue(0);
    }

    @Test
    void orderSurvives() {
        for (int i = 0; i < 4; i++) {
            rig.store(url(i), body(i, LARGE));
            rig.clock.move(Duration.ofSeconds(1));
        }
        rig.cache
                .renew(Objects.requireNonNull(rig.cache.lookup(url(0))), rig.clock.instant())
                .block(SOON);

        long room = 3 * EntryFile.blocks(LARGE + 200);
        rig = rig.restarted(CacheRig.withoutMemory(directory, room));

        assertThat(present(4)).containsExactly(0, 2, 3);
        assertThat(rig.evictions("size")).isOne();
        rig.store(url(4), body(4, LARGE));
        assertThat(present(5)).containsExactly(0, 3, 4);
        rig.settled();
    }

    @Test
    void fewerEntriesThanBeforeEvictsTheOldest() {
        for (int i = 0; i < 4; i++) {
            rig.store(url(i), body(i, SMALL));
            rig.clock.move(Duration.ofSeconds(1));
        }
        rig = rig.restarted(CacheRig.settings(directory, CacheRig.PLENTY, 2));

        assertThat(present(4)).containsExactly(2, 3);
        rig.store(url(4), body(4, SMALL));
        assertThat(present(5)).containsExactly(3, 4);
    }

    private List<Integer> present(int upTo) {
        return IntStream.range(0, upTo).filter(i -> rig.has(url(i))).boxed().toList();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 50, 104, 199, 5_000, LARGE + 100})
    void truncatedFileIsDropped(int length) throws IOException {
        rig.store(url(1), body(1, LARGE));
        truncate(rig.onlyFile(), length);

        rig = rig.restarted();

        expectDropped("damaged");
    }

    private static void truncate(Path file, int length) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.truncate(length);
        }
    }

    @Test
    void fileThatGrewIsDropped() throws IOException {
        rig.store(url(1), body(1, LARGE));
        Files.write(rig.onlyFile(), new byte[1], StandardOpenOption.APPEND);

        rig = rig.restarted();

        expectDropped("damaged");
    }

    /** Every byte of the header but the validations': magic, lengths, digest, checksum, strings. */
    @Test
    void everyFlippedByteOfTheHeaderIsNoticed() throws IOException {
        rig.store(url(1), body(1, 100));
        Path file = rig.onlyFile();
        byte[] whole = Files.readAllBytes(file);
        for (int at = 0; at < whole.length - 100; at++) {
            if (at >= STAMP_A && at < STAMP_B + 24) {
                continue;
            }
            Files.write(file, whole);
            CacheRig.flip(file, at);
            try (FileChannel channel = FileChannel.open(file)) {
                int position = at;
                assertThat(catchThrowable(() -> EntryFile.read(channel)))
                        .as("byte %d", position)
                        .isInstanceOf(EntryFile.DamagedException.class);
            }
        }
        rig = rig.restarted();
        expectDropped("damaged");
    }

    @Test
    void anotherImagesFileIsNotServed() throws IOException {
        rig.store(url(1), body(1, LARGE));
        Path file = rig.onlyFile();
        String name = new CacheEntry.Name(Sha256.of(url(2)), 77).file();
        Path wrong = directory.resolve(name.substring(0, 2)).resolve(name);
        Files.createDirectories(wrong.getParent());
        Files.move(file, wrong);

        rig = rig.restarted();

        assertThat(rig.has(url(2))).isFalse();
        expectDropped("damaged");
    }

    private void expectDropped(String cause) {
        assertThat(rig.read(url(1))).isNull();
        assertThat(rig.evictions(cause)).isOne();
        Await.until(SOON, "its file is deleted", () -> rig.files().isEmpty());
        assertThat(rig.store(url(1), body(2, SMALL))).isTrue();
        assertThat(rig.read(url(1))).isEqualTo(body(2, SMALL));
        rig.settled();
    }

    @ParameterizedTest
    @ValueSource(ints = {SMALL, LARGE})
    void flippedByteInABodyIsNoticedWhenItIsFirstOpened(int length) {
        rig.store(url(1), body(1, length));
        CacheRig.flip(rig.onlyFile(), length);

        rig = rig.restarted();

        assertThat(rig.has(url(1))).as("only its header was read").isTrue();
        expectDropped("damaged");
    }

    @Test
    void bodyIsCheckedOnce() {
        rig.store(url(1), body(1, LARGE));
        AtomicInteger opened = new AtomicInteger();
        rig = rig.restarted(counting(opened));

        for (int i = 0; i < 3; i++) {
            assertThat(rig.read(url(1))).isEqualTo(body(1, LARGE));
        }

        assertThat(opened).hasValue(1);
    }

    private static CacheDirectory.FileCalls counting(AtomicInteger opened) {
        return new CacheDirectory.FileCalls() {
            @Override
            public FileChannel open(Path file) throws IOException {
                opened.incrementAndGet();
                return CacheDirectory.FileCalls.super.open(file);
            }
        };
    }

    @Test
    void whoAsksAtTheSameTimeSharesOneCheck() {
        rig.store(url(1), body(1, LARGE));
        rig = rig.restarted();

        List<OpenImage> images =
                IntStream.range(0, 50).mapToObj(i -> rig.cache.open(url(1)).toFuture()).toList().stream()
                        .map(CompletableFuture::join)
                        .toList();

        assertThat(images).hasSize(50).doesNotContainNull();
        images.forEach(image -> assertThat(CacheRig.drain(image)).isEqualTo(body(1, LARGE)));
        rig.cache.purge(url(1)).block(SOON);
        assertThat(rig.files()).as("no reader is left").isEmpty();
    }

    @Test
    void whoLeavesDuringTheCheckLeavesNothingOpen() {
        rig.store(url(1), body(1, LARGE));
        rig = rig.restarted();
        for (int i = 0; i < 20; i++) {
            rig.cache.open(url(1)).subscribe(OpenImage::dispose).dispose();
        }
        assertThat(rig.read(url(1))).isEqualTo(body(1, LARGE));
        rig.cache.purge(url(1)).block(SOON);

        Await.until(SOON, "no reader is left", () -> rig.files().isEmpty());
    }

    @Test
    void foreignFilesStayAndTheirSpaceIsCounted() throws IOException {
        rig.store(url(1), body(1, LARGE));
        Path entry = rig.onlyFile();
        Path inRoot = Files.write(directory.resolve("notes.txt"), new byte[10_000]);
        Path inShard = Files.write(entry.resolveSibling("notes.txt"), new byte[5_000]);

        rig = rig.restarted();

        assertThat(inRoot).exists();
        assertThat(inShard).exists();
        assertThat(rig.has(url(1))).isTrue();
        assertThat(rig.usedBytes()).isEqualTo(rig.diskBytes());
    }

    @Test
    void leftOverTemporaryFileIsDeleted() throws IOException {
        rig.store(url(1), body(1, LARGE));
        Path entry = rig.onlyFile();
        Path leftOver = Files.write(entry.resolveSibling(entry.getFileName() + ".tmp"), new byte[10_000]);
        Path other = Files.write(
                entry.resolveSibling(entry.getFileName().toString().replaceAll("-.*", "-ff.tmp")), new byte[10_000]);

        rig = rig.restarted();

        assertThat(other).doesNotExist();
        assertThat(leftOver).doesNotExist();
        assertThat(rig.read(url(1))).isEqualTo(body(1, LARGE));
        rig.settled();
    }

    @Test
    void ofTwoFilesOfOneImageTheNewerCounts() throws IOException {
        rig.store(url(1), body(1, LARGE));
        Path older = rig.onlyFile();
        byte[] bytes = Files.readAllBytes(older);
        rig.clock.move(Duration.ofHours(-1));
        rig.store(url(1), body(2, LARGE));
        rig.settled();
        rig.close();
        Files.write(older, bytes);

        rig = rig.restarted();

        assertThat(rig.read(url(1))).isEqualTo(body(2, LARGE));
        assertThat(rig.entries()).isOne();
        rig.settled();
        assertThat(rig.files()).hasSize(1);
    }

    @Test
    void versionsGoOnSoThatNoNameIsUsedTwice() {
        rig.store(url(1), body(1, LARGE));
        Path before = rig.onlyFile();
        rig = rig.restarted();
        rig.store(url(1), body(2, LARGE));
        rig.settled();

        assertThat(rig.onlyFile()).isNotEqualTo(before);
    }

    @Test
    void expiredEntriesAreDeletedAtStart() {
        rig.store(url(1), body(1, LARGE));
        rig.clock.move(TTL.plus(STALE).plusMillis(1));

        rig = rig.restarted();

        expectDropped("expired");
    }

    @Test
    void entryOfTheFutureIsStoredNow() {
        rig.store(url(1), body(1, LARGE));
        rig.clock.move(Duration.ofDays(-100));
        rig = rig.restarted();

        OpenImage image = rig.open(url(1)).orElseThrow();
        assertThat(image.meta().age(rig.clock.instant())).isZero();
        assertThat(image.meta().storedAt()).isEqualTo(rig.clock.instant());
        image.dispose();
    }

    @Test
    void fileMissingAtItsFirstOpeningIsDropped() throws IOException {
        rig.store(url(1), body(1, LARGE));
        rig = rig.restarted();
        Files.delete(rig.onlyFile());

        expectDropped("missing");
    }

    @Test
    void fileOfZerosIsDropped() throws IOException {
        rig.store(url(1), body(1, LARGE));
        Path file = rig.onlyFile();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.allocate((int) Files.size(file)));
        }

        rig = rig.restarted();

        expectDropped("damaged");
    }
}
