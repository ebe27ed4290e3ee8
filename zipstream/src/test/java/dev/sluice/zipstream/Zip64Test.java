package dev.sluice.zipstream;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferFactory;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

/**
 * Archives beyond the format's first limits (APPNOTE 4.5.3, 4.3.14). Their payload is generated zeros that pass by and
 * are never held; on disk they are holes.
 */
class Zip64Test {

    private static final long FOUR_GIB = 1L << 32;
    private static final int ZIP64_LOCATOR = 0x504b0607;
    private static final byte[] ZEROS = new byte[1 << 20];

    private final DataBufferFactory heap = new DefaultDataBufferFactory();

    @TempDir
    private Path directory;

    @Test
    void moreEntriesThanSixteenBitsCanCount() throws IOException {
        int many = 65_536;
        Path archive = write(Flux.range(0, many).map(i -> zeros("e" + i, i % 3)));

        List<ArchiveReaders.Found> found = ArchiveReaders.readAll(archive);

        assertThat(found).hasSize(many);
        assertThat(found.getLast().name()).isEqualTo("e65535");
    }

    @Test
    void asManyEntriesAsSixteenBitsCanCountNeedNoZip64() throws IOException {
        Path archive = write(Flux.range(0, 65_534).map(i -> zeros("e" + i, 0)));
        assertThat(ArchiveReaders.readSeeking(archive)).hasSize(65_534);
        try (FileChannel file = FileChannel.open(archive)) {
            ByteBuffer beforeTheEnd = ByteBuffer.allocate(4);
            file.read(beforeTheEnd, file.size() - 22 - 20);
            assertThat(beforeTheEnd.getInt(0)).isNotEqualTo(ZIP64_LOCATOR);
        }
    }

    @Test
    void anEntryLargerThanThirtyTwoBitsCanSay() throws IOException {
        Path archive = write(Flux.just(zeros("huge.bin", FOUR_GIB + 5), zeros("after.bin", 7)));

        assertThat(ArchiveReaders.readAll(archive))
                .extracting(ArchiveReaders.Found::size)
                .containsExactly(FOUR_GIB + 5, 7L);
    }

    @Test
    void anEntryBeyondTheOffsetThirtyTwoBitsCanSay() throws IOException {
        long half = FOUR_GIB / 2;
        Path archive = write(Flux.just(zeros("a.bin", half), zeros("b.bin", half), zeros("after.bin", 7)));

        assertThat(ArchiveReaders.readStreaming(archive))
                .extracting(ArchiveReaders.Found::size)
                .containsExactly(half, half, 7L);
        ArchiveReaders.assertToolsRead(archive, "after.bin", 7);
    }

    @Test
    void headersOfEndlessEntriesTakeNoTime() {
        ArchiveEntry endless =
                new ArchiveEntry("endless.bin", 1L << 40, 0, Instant.EPOCH, Flux.never(), Disposables.disposed());
        long start = System.nanoTime();
        byte[] header = new ArchiveHeaders().localHeader(endless.header());
        assertThat(header).hasSize(30 + "endless.bin".length() + 4 + 16);
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(10));
    }

    private ArchiveEntry zeros(String name, long size) {
        CRC32 crc = new CRC32();
        for (long left = size; left > 0; left -= ZEROS.length) {
            crc.update(ZEROS, 0, (int) Math.min(left, ZEROS.length));
        }
        Flux<DataBuffer> content = Flux.generate(() -> size, (left, sink) -> {
            if (left == 0) {
                sink.complete();
                return 0L;
            }
            int now = (int) Math.min(left, ZEROS.length);
            sink.next(heap.wrap(ByteBuffer.wrap(ZEROS, 0, now)));
            return left - now;
        });
        return new ArchiveEntry(name, size, crc.getValue(), Instant.EPOCH, content, Disposables.disposed());
    }

    /** Writes what is not a whole buffer of zeros, and steps over what is. */
    private Path write(Flux<ArchiveEntry> entries) throws IOException {
        Path archive = directory.resolve("archive.zip");
        try (FileChannel file = FileChannel.open(
                archive, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE, StandardOpenOption.SPARSE)) {
            Mono<Void> written = ZipStream.of(entries, heap)
                    .doOnNext(buffer -> append(file, buffer))
                    .then();
            StepVerifier.create(written).verifyComplete();
        }
        return archive;
    }

    private static void append(FileChannel file, DataBuffer buffer) {
        int length = buffer.readableByteCount();
        try (DataBuffer.ByteBufferIterator parts = buffer.readableByteBuffers()) {
            if (length == ZEROS.length) {
                file.position(file.position() + length);
                return;
            }
            while (parts.hasNext()) {
                file.write(parts.next());
            }
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
