package dev.sluice.zipstream.bench;

import dev.sluice.zipstream.ArchiveEntry;
import dev.sluice.zipstream.BodyTotals;
import dev.sluice.zipstream.ByteStreams;
import dev.sluice.zipstream.ZipStream;
import io.netty.buffer.PooledByteBufAllocator;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipArchiveOutputStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.Blackhole;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.core.io.buffer.NettyDataBuffer;
import org.springframework.core.io.buffer.NettyDataBufferFactory;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;

/**
 * One archive of {@value #ENTRIES} entries an operation, its payload in direct buffers of 64 KB, on one thread. Every way
 * includes what real use includes: the checksum of each entry, computed as its bytes arrive, before its header.
 *
 * <p>Read the medians (p0.50): on a machine that others use too, means say more about the others.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(value = 1, jvmArgs = {"-Xmx512m", "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow"})
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 2)
public class ZipStreamBenchmark {

    private static final int ENTRIES = 20;
    private static final int BUFFER_BYTES = 64 * 1024;

    /** A thumbnail, a picture of a web page, and the largest the gateway takes. */
    @Param({"100000", "1000000", "5000000"})
    private int entryBytes;

    private final NettyDataBufferFactory buffers = new NettyDataBufferFactory(PooledByteBufAllocator.DEFAULT);
    private final List<List<DataBuffer>> images = new ArrayList<>();
    private final long[] crcs = new long[ENTRIES];
    private final byte[] heap = new byte[BUFFER_BYTES];
    private int entryNumber;

    /** Fills memory with images that do not compress. */
    @Setup
    public void load() {
        Random random = new Random(1);
        for (int i = 0; i < ENTRIES; i++) {
            List<DataBuffer> image = new ArrayList<>();
            for (int left = entryBytes; left > 0; left -= BUFFER_BYTES) {
                byte[] part = new byte[Math.min(left, BUFFER_BYTES)];
                random.nextBytes(part);
                image.add(buffers.allocateBuffer(part.length).write(part));
            }
            images.add(image);
            CRC32 crc = new CRC32();
            image.forEach(buffer -> crc.update(nio(buffer)));
            crcs[i] = crc.getValue();
        }
    }

    /** The least that can be done: every byte goes through CRC-32 once. */
    @Benchmark
    public void crcOnly(Blackhole blackhole) {
        for (List<DataBuffer> image : images) {
            CRC32 crc = new CRC32();
            for (DataBuffer buffer : image) {
                crc.update(nio(buffer));
            }
            blackhole.consume(crc.getValue());
        }
    }

    /** {@link ZipStream}: headers made, payload handed on. */
    @Benchmark
    public void zeroCopy(Blackhole blackhole) {
        Flux<ArchiveEntry> entries = Flux.range(0, ENTRIES).map(i -> {
            BodyTotals totals = new BodyTotals();
            ByteStreams.totalled(Flux.fromIterable(images.get(i)), totals).subscribe();
            return new ArchiveEntry(
                    "image-" + i + ".jpg",
                    entryBytes,
                    totals.crc32(),
                    Instant.EPOCH,
                    Flux.fromIterable(images.get(i)),
                    Disposables.disposed());
        });
        ZipStream.of(entries, buffers).subscribe(buffer -> {
            blackhole.consume(buffer);
            if (buffer.readableByteCount() < 4096) {
                DataBufferUtils.release(buffer);
            }
        });
    }

    /** The writer as it is meant to be used: payload is copied to the heap, checked once more, and copied out. */
    @Benchmark
    public void copying(Blackhole blackhole) throws IOException {
        try (ZipArchiveOutputStream archive = new ZipArchiveOutputStream(new Outgoing(blackhole))) {
            for (List<DataBuffer> image : images) {
                BodyTotals totals = new BodyTotals();
                ByteStreams.totalled(Flux.fromIterable(image), totals).subscribe();
                copy(image, totals.crc32(), archive);
            }
        }
    }

    /** The same, had the checksums come for free. */
    @Benchmark
    public void copyingWithKnownCrc(Blackhole blackhole) throws IOException {
        try (ZipArchiveOutputStream archive = new ZipArchiveOutputStream(new Outgoing(blackhole))) {
            for (int i = 0; i < ENTRIES; i++) {
                copy(images.get(i), crcs[i], archive);
            }
        }
    }

    private void copy(List<DataBuffer> image, long crc, ZipArchiveOutputStream archive) throws IOException {
        ZipArchiveEntry entry = new ZipArchiveEntry("image-" + entryNumber++ + ".jpg");
        entry.setMethod(ZipEntry.STORED);
        entry.setSize(entryBytes);
        entry.setCrc(crc);
        entry.setTime(Instant.EPOCH.plus(Duration.ofDays(10_000)).toEpochMilli());
        archive.putArchiveEntry(entry);
        for (DataBuffer buffer : image) {
            ByteBuffer part = nio(buffer);
            int length = part.remaining();
            part.get(heap, 0, length);
            archive.write(heap, 0, length);
        }
        archive.closeArchiveEntry();
    }

    private static ByteBuffer nio(DataBuffer buffer) {
        return ((NettyDataBuffer) buffer).getNativeBuffer().nioBuffer();
    }

    /** Bytes on their way to a socket: they must be in direct memory. */
    private static final class Outgoing extends OutputStream {

        private final ByteBuffer direct = ByteBuffer.allocateDirect(BUFFER_BYTES);
        private final Blackhole blackhole;

        Outgoing(Blackhole blackhole) {
            this.blackhole = blackhole;
        }

        @Override
        public void write(int b) {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) {
            for (int at = offset; at < offset + length; at += direct.capacity()) {
                direct.clear().put(bytes, at, Math.min(direct.capacity(), offset + length - at));
                blackhole.consume(direct);
            }
        }
    }
}
