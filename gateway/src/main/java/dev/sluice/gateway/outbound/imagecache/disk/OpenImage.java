package dev.sluice.gateway.outbound.imagecache.disk;

import dev.sluice.gateway.contract.http.FileOutput;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.channels.AsynchronousFileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferFactory;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.core.io.buffer.NettyDataBufferFactory;
import org.springframework.http.server.reactive.ServerHttpResponse;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * A cached image for one reader: its bytes are either in {@link #memory}, and sent from there, or in {@link #file}, and
 * sent by the kernel. They stay there, unchanged, until {@link #dispose}, which every reader must call, on any thread,
 * once or more often.
 */
public final class OpenImage implements SendableImage {
    private static final NettyDataBufferFactory BUFFERS = new NettyDataBufferFactory(ByteBufAllocator.DEFAULT);
    private static final int READ_BYTES = 64 * 1024;

    private final CachedMeta meta;
    private final @Nullable ByteBuf memory;
    private final @Nullable Path file;
    private final long offset;
    private final long crc32;
    private final Runnable onDispose;
    private final AtomicInteger references; // of all who share it
    private final AtomicBoolean disposed = new AtomicBoolean();
    private final Disposable.Swap deadline = Disposables.swap();

    private OpenImage(
            CachedMeta meta,
            @Nullable ByteBuf memory,
            @Nullable Path file,
            long offset,
            long crc32,
            Runnable onDispose,
            AtomicInteger references) {
        this.meta = meta;
        this.memory = memory;
        this.file = file;
        this.offset = offset;
        this.crc32 = crc32;
        this.onDispose = onDispose;
        this.references = references;
    }

    /** Takes ownership of the buffer. */
    public static OpenImage inMemory(CachedMeta meta, ByteBuf memory) {
        return new OpenImage(meta, memory, null, 0, EntryFile.NO_CRC, memory::release, new AtomicInteger(1));
    }

    /**
     * An image in its file.
     *
     * @param crc32 of the body
     * @param onDispose called once, when the last who shares it has disposed of it
     */
    public static OpenImage inFile(CachedMeta meta, Path file, long offset, long crc32, Runnable onDispose) {
        return new OpenImage(meta, null, file, offset, crc32, onDispose, new AtomicInteger(1));
    }

    @Override
    public CachedMeta meta() {
        return meta;
    }

    /**
     * The whole body, or null when it is in the file. It is this image's, with positions of its own; who writes it to a
     * channel, which releases what it was given, gives it a {@code retainedSlice}.
     */
    public @Nullable ByteBuf memory() {
        return memory;
    }

    /** The file that holds the body between {@link #offset} and its end, or null when the body is in memory. */
    public @Nullable Path file() {
        return file;
    }

    /** Where the body begins in the file; 0 in memory. */
    public long offset() {
        return offset;
    }

    /** CRC-32 of the body, which is in a file. */
    public long crc32() {
        if (crc32 == EntryFile.NO_CRC) {
            throw new IllegalStateException("crc32: of an image in memory (expected: in a file)");
        }
        return crc32;
    }

    /** The body's length in bytes. */
    public long length() {
        return meta.length();
    }

    @Override
    public OpenImage share() {
        if (references.getAndUpdate(count -> count == 0 ? 0 : count + 1) == 0) {
            throw new IllegalStateException("image: disposed of (expected: open when it is shared)");
        }
        return new OpenImage(meta, memory, file, offset, crc32, onDispose, references);
    }

    @Override
    public Flux<DataBuffer> bytes(long position, long count, DataBufferFactory buffers) {
        ByteBuf body = memory;
        if (body != null) {
            return Flux.defer(() -> Flux.just(slice(body, position, count)));
        }
        Flux<DataBuffer> read = DataBufferUtils.readAsynchronousFileChannel(
                () -> AsynchronousFileChannel.open(path(), StandardOpenOption.READ),
                offset + position,
                buffers,
                READ_BYTES);
        return DataBufferUtils.takeUntilByteCount(read, count);
    }

    @Override
    public Mono<Void> send(ServerHttpResponse response, long position, long count) {
        ByteBuf body = memory;
        if (body != null) {
            return response.writeWith(Mono.fromSupplier(() -> slice(body, position, count)));
        }
        FileOutput output = FileOutput.of(response);
        return output == null
                ? response.writeWith(bytes(position, count, response.bufferFactory()))
                : output.writeFile(path(), offset + position, count);
    }

    private Path path() {
        return Objects.requireNonNull(file, "neither in memory nor in a file");
    }

    private static DataBuffer slice(ByteBuf body, long position, long count) {
        return BUFFERS.wrap(body.retainedSlice((int) position, (int) count));
    }

    @Override
    public void until(Disposable end) {
        deadline.update(end);
    }

    @Override
    public void dispose() {
        if (disposed.compareAndSet(false, true)) {
            deadline.dispose();
            if (references.decrementAndGet() == 0) {
                onDispose.run();
            }
        }
    }

    @Override
    public boolean isDisposed() {
        return disposed.get();
    }
}
