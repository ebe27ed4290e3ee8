package dev.sluice.gateway.feature.zip;

import dev.sluice.gateway.contract.http.FileSlice;
import dev.sluice.gateway.outbound.archive.SeekableArchive;
import dev.sluice.gateway.outbound.imagecache.disk.OpenImage;
import java.nio.channels.AsynchronousFileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Objects;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferFactory;
import org.springframework.core.io.buffer.DataBufferUtils;
import reactor.core.publisher.Flux;

/** An image of the store, in its file, for as long as that is held. */
record ImageFile(OpenImage image) implements SeekableArchive.Content {
    private static final int READ_BYTES = 64 * 1024;

    @Override
    public Path file() {
        return Objects.requireNonNull(image.file(), "an image in a file was asked for");
    }

    @Override
    public long offset() {
        return image.offset();
    }

    /** All of it, to go from file to socket. */
    FileSlice slice() {
        return new FileSlice(file(), offset(), Math.toIntExact(image.length()));
    }

    @Override
    public Flux<DataBuffer> bytes(long position, long count, DataBufferFactory buffers) {
        return DataBufferUtils.takeUntilByteCount(
                DataBufferUtils.readAsynchronousFileChannel(
                        () -> AsynchronousFileChannel.open(file(), StandardOpenOption.READ),
                        offset() + position,
                        buffers,
                        READ_BYTES),
                count);
    }
}
