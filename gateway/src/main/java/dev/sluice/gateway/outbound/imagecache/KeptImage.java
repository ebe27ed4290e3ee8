package dev.sluice.gateway.outbound.imagecache;

import dev.sluice.gateway.contract.http.FileOutput;
import dev.sluice.gateway.outbound.imagecache.disk.CachedMeta;
import dev.sluice.gateway.outbound.imagecache.disk.OpenImage;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.channels.AsynchronousFileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferFactory;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.core.io.buffer.NettyDataBufferFactory;
import org.springframework.http.server.reactive.ServerHttpResponse;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** An image in the cache: sent from memory, or by the kernel from the file. */
final class KeptImage implements SendableImage {
    private static final NettyDataBufferFactory BUFFERS = new NettyDataBufferFactory(ByteBufAllocator.DEFAULT);
    private static final int READ_BYTES = 64 * 1024;

    private final OpenImage image;
    private final AtomicInteger holds;
    private final AtomicBoolean disposed = new AtomicBoolean();
    private final Disposable.Swap deadline = Disposables.swap();

    KeptImage(OpenImage image) {
        this(image, new AtomicInteger(1));
    }

    private KeptImage(OpenImage image, AtomicInteger holds) {
        this.image = image;
        this.holds = holds;
    }

    @Override
    public CachedMeta meta() {
        return image.meta();
    }

    @Override
    public SendableImage share() {
        if (holds.getAndUpdate(held -> held == 0 ? 0 : held + 1) == 0) {
            throw new IllegalStateException("image: closed (expected: to be held by whoever shares it)");
        }
        return new KeptImage(image, holds);
    }

    @Override
    public Flux<DataBuffer> bytes(long position, long count, DataBufferFactory buffers) {
        ByteBuf memory = image.memory();
        if (memory != null) {
            return Flux.defer(() -> Flux.just(slice(memory, position, count)));
        }
        Flux<DataBuffer> read = DataBufferUtils.readAsynchronousFileChannel(
                () -> AsynchronousFileChannel.open(file(), StandardOpenOption.READ),
                image.offset() + position,
                buffers,
                READ_BYTES);
        return DataBufferUtils.takeUntilByteCount(read, count);
    }

    @Override
    public Mono<Void> send(ServerHttpResponse response, long position, long count) {
        ByteBuf memory = image.memory();
        if (memory != null) {
            return response.writeWith(Mono.fromSupplier(() -> slice(memory, position, count)));
        }
        FileOutput output = FileOutput.of(response);
        return output == null
                ? response.writeWith(bytes(position, count, response.bufferFactory()))
                : output.writeFile(file(), image.offset() + position, count);
    }

    private Path file() {
        return Objects.requireNonNull(image.file(), "neither in memory nor in a file");
    }

    private static DataBuffer slice(ByteBuf memory, long position, long count) {
        return BUFFERS.wrap(memory.retainedSlice((int) position, (int) count));
    }

    @Override
    public void until(Disposable end) {
        deadline.update(end);
    }

    @Override
    public void dispose() {
        if (disposed.compareAndSet(false, true)) {
            deadline.dispose();
            if (holds.decrementAndGet() == 0) {
                image.dispose();
            }
        }
    }

    @Override
    public boolean isDisposed() {
        return disposed.get();
    }
}
