package dev.sluice.gateway.outbound.imagecache;

import dev.sluice.gateway.contract.http.StrongTag;
import dev.sluice.gateway.outbound.imagecache.disk.CachedMeta;
import dev.sluice.gateway.outbound.imagecache.disk.SendableImage;
import dev.sluice.gateway.outbound.imagecache.disk.Sha256;
import dev.sluice.zipstream.BufferBudget.Reservation;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.CompositeByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
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

/**
 * The bytes of one image in memory that was reserved for them, from the first until nobody refers to them any more:
 * neither who brought it in, and disposes of this, nor anyone who sends it. They are copied out of the connection's
 * buffers, so that they cost what they are long.
 *
 * <p>Filled by one thread; shared and disposed of by any.
 */
public final class BufferedBody implements Disposable {
    private static final int SMALLEST_BLOCK = 64 * 1024;
    private static final int LARGEST_BLOCK = 1024 * 1024;
    private static final NettyDataBufferFactory BUFFERS = new NettyDataBufferFactory(PooledByteBufAllocator.DEFAULT);

    private final Reservation reservation;
    private final MessageDigest digest = StrongTag.digest();
    private final List<ByteBuf> blocks = new ArrayList<>();
    private final Object lock = new Object();
    private long expected;
    private long length;
    private int references = 1;
    private boolean disposed; // and with it the first reference

    /**
     * An image of at most {@code expected} bytes, which have been reserved.
     *
     * @param reservation owned by this from now on
     */
    public BufferedBody(Reservation reservation, long expected) {
        this.reservation = reservation;
        this.expected = expected;
    }

    /** Takes in a whole body, of which it owns each buffer. */
    public Mono<Void> receive(Flux<DataBuffer> body) {
        return body.<Void>handle((buffer, sink) -> append(buffer)).then(Mono.fromRunnable(this::seal));
    }

    private void append(DataBuffer buffer) {
        try (DataBuffer.ByteBufferIterator parts = buffer.readableByteBuffers()) {
            synchronized (lock) {
                while (references > 0 && parts.hasNext()) {
                    ByteBuffer part = parts.next();
                    digest.update(part.duplicate());
                    length += part.remaining();
                    while (part.hasRemaining()) {
                        ByteBuf block = roomFor(part.remaining());
                        int count = Math.min(block.writableBytes(), part.remaining());
                        block.writeBytes(part.slice().limit(count));
                        part.position(part.position() + count);
                    }
                }
            }
        } finally {
            DataBufferUtils.release(buffer);
        }
    }

    private ByteBuf roomFor(int bytes) {
        if (!blocks.isEmpty() && blocks.getLast().isWritable()) {
            return blocks.getLast();
        }
        long left = Math.max(
                bytes, expected - blocks.stream().mapToLong(ByteBuf::capacity).sum());
        int doubled = Math.max(
                SMALLEST_BLOCK, blocks.isEmpty() ? 0 : 2 * blocks.getLast().capacity());
        int size = (int) Math.min(left, Math.min(LARGEST_BLOCK, doubled));
        ByteBuf block = PooledByteBufAllocator.DEFAULT.directBuffer(size, size);
        blocks.add(block);
        return block;
    }

    private void seal() {
        long capacity;
        synchronized (lock) {
            expected = length;
            capacity = blocks.stream().mapToLong(ByteBuf::capacity).sum();
        }
        reservation.shrinkTo(Math.min(reservation.bytes(), capacity));
    }

    /** Bytes received. */
    public long length() {
        synchronized (lock) {
            return length;
        }
    }

    /** A strong entity tag of the bytes; asked for once, when all of them are in. */
    public String etag() {
        return Sha256.finish(digest).etag();
    }

    /** The bytes, for one who has a reference; not to be released. */
    public List<DataBuffer> buffers() {
        synchronized (lock) {
            return blocks.stream()
                    .map(block -> (DataBuffer) BUFFERS.wrap(block.duplicate()))
                    .toList();
        }
    }

    /** These bytes as an image that can be sent: a reference of its own. */
    public SendableImage as(CachedMeta meta) {
        retain();
        return new InMemory(meta);
    }

    private void retain() {
        synchronized (lock) {
            if (references == 0) {
                throw new IllegalStateException("image: freed (expected: referenced by whoever shares it)");
            }
            references++;
        }
    }

    /** Releases one reference; with the last one the memory is free. */
    private void release() {
        synchronized (lock) {
            if (--references > 0) {
                return;
            }
            blocks.forEach(ByteBuf::release);
            blocks.clear();
        }
        reservation.release();
    }

    @Override
    public void dispose() {
        synchronized (lock) {
            if (disposed) {
                return;
            }
            disposed = true;
        }
        release();
    }

    @Override
    public boolean isDisposed() {
        synchronized (lock) {
            return disposed;
        }
    }

    /** A slice, which keeps the memory for as long as the transport has it. */
    private DataBuffer slice(long position, long count, Runnable whenSent) {
        synchronized (lock) {
            if (references == 0) {
                throw new IllegalStateException("image: freed (expected: referenced while it is sent)");
            }
            references++;
            ByteBuf whole = new BeingSent(
                    whenSent, blocks.stream().map(ByteBuf::retainedDuplicate).toArray(ByteBuf[]::new));
            return BUFFERS.wrap(whole.slice((int) position, (int) count));
        }
    }

    /**
     * The bytes on their way to a client. A write may be said to be complete, and its request be over, while most of
     * them still wait for the socket; their memory is in use until they are released.
     */
    private final class BeingSent extends CompositeByteBuf {
        private final Runnable whenSent;

        BeingSent(Runnable whenSent, ByteBuf... parts) {
            super(PooledByteBufAllocator.DEFAULT, true, Math.max(1, parts.length), parts);
            this.whenSent = whenSent;
        }

        @Override
        protected void deallocate() {
            super.deallocate();
            BufferedBody.this.release();
            whenSent.run();
        }
    }

    private final class InMemory implements SendableImage {
        private final CachedMeta meta;
        private final AtomicBoolean sent = new AtomicBoolean();
        private final AtomicInteger pending = new AtomicInteger(1); // parts of it, and this reference
        private final Disposable.Swap deadline = Disposables.swap();

        InMemory(CachedMeta meta) {
            this.meta = meta;
        }

        @Override
        public CachedMeta meta() {
            return meta;
        }

        @Override
        public SendableImage share() {
            return as(meta);
        }

        @Override
        public Flux<DataBuffer> bytes(long position, long count, DataBufferFactory buffers) {
            return Flux.defer(() -> Flux.just(part(position, count)));
        }

        @Override
        public Mono<Void> send(ServerHttpResponse response, long position, long count) {
            return response.writeWith(Mono.fromSupplier(() -> part(position, count)));
        }

        private DataBuffer part(long position, long count) {
            pending.incrementAndGet();
            return slice(position, count, this::ended);
        }

        private void ended() {
            if (pending.decrementAndGet() == 0) {
                deadline.dispose();
            }
        }

        @Override
        public void until(Disposable end) {
            deadline.update(end);
        }

        @Override
        public void dispose() {
            if (sent.compareAndSet(false, true)) {
                release();
                ended();
            }
        }

        @Override
        public boolean isDisposed() {
            return sent.get();
        }
    }
}
