package dev.sluice.zipstream;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferFactory;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.test.StepVerifier;

/** A layout together with the files it was made of, random bytes, on the heap. */
record LaidOut(ArchiveLayout layout, List<File> files) {

    private static final DataBufferFactory HEAP = new DefaultDataBufferFactory();
    private static final Instant MODIFIED = Instant.parse("2026-07-01T12:34:56Z");
    private static final int BUFFER = 1_000;

    /** A file that is held whole. */
    static final class File {

        private final String name;
        private final byte[] content;

        private File(String name, byte[] content) {
            this.name = name;
            this.content = content;
        }

        EntryHeader header() {
            CRC32 crc = new CRC32();
            crc.update(content);
            return new EntryHeader(name, content.length, crc.getValue(), MODIFIED);
        }

        Flux<DataBuffer> read(long offset, long length) {
            int to = (int) (offset + length);
            int parts = Math.ceilDiv((int) length, BUFFER);
            return Flux.range(0, parts).map(part -> {
                int from = (int) offset + part * BUFFER;
                return HEAP.wrap(ByteBuffer.wrap(content, from, Math.min(BUFFER, to - from)));
            });
        }
    }

    static LaidOut of(File... files) {
        List<File> list = List.of(files);
        return new LaidOut(ArchiveLayout.of(list.stream().map(File::header).toList()), list);
    }

    static File file(String name, int size) {
        byte[] content = new byte[size];
        new Random(name.hashCode()).nextBytes(content);
        return new File(name, content);
    }

    List<byte[]> contents() {
        return files.stream().map(file -> file.content).toList();
    }

    /** The same entries through {@link ZipStream}. */
    byte[] streamed() {
        return collect(ZipStream.of(Flux.fromIterable(files).map(LaidOut::entry), HEAP));
    }

    byte[] whole() {
        return range(0, layout.length());
    }

    byte[] range(long position, long count) {
        return collect(layout.bytes(position, count, this::payload, HEAP));
    }

    Flux<DataBuffer> payload(ArchiveSegment.Payload part) {
        return files.get(part.entry()).read(part.offset(), part.length());
    }

    /** The bytes as a stream and as segments are those of {@code whole}, and the segments adjoin. */
    void assertRange(byte[] whole, int from, int to) {
        byte[] expected = Arrays.copyOfRange(whole, from, to);
        assertThat(range(from, to - from)).as("bytes from %d to %d", from, to).isEqualTo(expected);

        ByteBuffer bySegments = ByteBuffer.allocate(to - from);
        for (ArchiveSegment segment : layout.slice(from, to - from)) {
            assertThat(segment.position()).isEqualTo(from + bySegments.position());
            assertThat(segment.length()).isPositive();
            switch (segment) {
                case ArchiveSegment.Bytes known -> bySegments.put(known.bytes());
                case ArchiveSegment.Payload part ->
                    bySegments.put(
                            files.get(part.entry()).content, Math.toIntExact(part.offset()), (int) part.length());
            }
        }
        assertThat(bySegments.array()).as("segments from %d to %d", from, to).isEqualTo(expected);
    }

    private static ArchiveEntry entry(File file) {
        EntryHeader header = file.header();
        return new ArchiveEntry(
                header.name(),
                header.size(),
                header.crc32(),
                header.lastModified(),
                file.read(0, header.size()),
                Disposables.disposed());
    }

    private static byte[] collect(Flux<DataBuffer> bytes) {
        ByteArrayOutputStream collected = new ByteArrayOutputStream();
        StepVerifier.create(bytes)
                .thenConsumeWhile(buffer -> true, buffer -> {
                    byte[] part = new byte[buffer.readableByteCount()];
                    buffer.read(part);
                    collected.writeBytes(part);
                })
                .verifyComplete();
        return collected.toByteArray();
    }
}
