package dev.sluice.gateway.feature.imageproxy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.channels.AsynchronousFileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferFactory;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.core.io.buffer.NettyDataBufferFactory;
import org.springframework.http.ZeroCopyHttpOutputMessage;
import org.springframework.http.server.reactive.ServerHttpResponse;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** The cache as the proxy sees it: something that may keep an image, or may not, and then the proxy does without. */
final class ImageStore implements AutoCloseable {
    private static final NettyDataBufferFactory BUFFERS = new NettyDataBufferFactory(ByteBufAllocator.DEFAULT);

    private static final int READ_BYTES = 64 * 1024;

    private final @Nullable ImageCache cache;
    private final Duration ttl;
    private final Duration writeTimeout;

    /** @param cache null for none */
    ImageStore(@Nullable ImageCache cache, Duration ttl, Duration writeTimeout) {
        this.cache = cache;
        this.ttl = ttl;
        this.writeTimeout = writeTimeout;
    }

    /** Whether there is a cache at all. */
    boolean enabled() {
        return cache != null;
    }

    /** How long an image is fresh. */
    Duration ttl() {
        return ttl;
    }

    /** What is kept of {@code url}, fresh or not; the subscriber disposes of it. */
    Mono<ProxiedImage> open(String url) {
        return cache == null ? Mono.empty() : cache.open(url).map(KeptImage::new);
    }

    /**
     * Keeps an image and opens it as it is kept; empty when that cannot be done, or not in time.
     *
     * @param bytes held by the caller until this has ended
     * @param held takes the image; one that comes in the very moment that the time is up is otherwise nobody's
     */
    Mono<ProxiedImage> keep(CachedMeta meta, ArrivedImage bytes, Disposable.Composite held) {
        return cache == null
                ? Mono.empty()
                : cache.store(meta, bytes.buffers())
                        .<ProxiedImage>map(KeptImage::new)
                        .doOnNext(held::add)
                        .timeout(writeTimeout, Mono.empty());
    }

    /** The origin has said that what is kept is as good as new. */
    Mono<Void> renew(CachedMeta old, Instant at) {
        return cache == null ? Mono.empty() : cache.renew(old, at).timeout(writeTimeout, Mono.empty());
    }

    /** Forgets what is kept of {@code url}; whether there was anything. */
    Mono<Boolean> purge(String url) {
        return cache == null ? Mono.just(false) : cache.purge(url).timeout(writeTimeout, Mono.just(true));
    }

    /** What is known of {@code url}, or null. */
    @Nullable CachedMeta find(String url) {
        return cache == null ? null : cache.lookup(url);
    }

    @Override
    public void close() {
        if (cache != null) {
            cache.close();
        }
    }

    /** Sent from memory, or by the kernel from the file. */
    private static final class KeptImage implements ProxiedImage {
        private final OpenImage image;
        private final AtomicInteger holds;
        private final AtomicBoolean disposed = new AtomicBoolean();

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
        public ProxiedImage share() {
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
            return memory != null
                    ? response.writeWith(Mono.fromSupplier(() -> slice(memory, position, count)))
                    : ((ZeroCopyHttpOutputMessage) response).writeWith(file(), image.offset() + position, count);
        }

        private Path file() {
            return Objects.requireNonNull(image.file(), "neither in memory nor in a file");
        }

        private static DataBuffer slice(ByteBuf memory, long position, long count) {
            return BUFFERS.wrap(memory.retainedSlice((int) position, (int) count));
        }

        @Override
        public void dispose() {
            if (disposed.compareAndSet(false, true) && holds.decrementAndGet() == 0) {
                image.dispose();
            }
        }

        @Override
        public boolean isDisposed() {
            return disposed.get();
        }
    }
}
