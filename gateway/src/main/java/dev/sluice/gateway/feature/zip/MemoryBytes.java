package dev.sluice.gateway.feature.zip;

import dev.sluice.zipstream.BufferBudget.Reservation;
import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;
import java.util.Queue;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.core.io.buffer.NettyDataBuffer;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * An image in memory: the very buffers that the socket was read into.
 *
 * <p>What is reserved is memory, not content: a small read keeps the whole buffer alive that it was read into. So each
 * buffer is charged with what it keeps alive; as soon as the waste would pass a quarter of the content, small reads are
 * copied together into buffers that are filled to the brim. An image of {@code n} bytes thus never takes more than
 * {@link #footprint}{@code (n)}.
 */
final class MemoryBytes implements ImageBytes {
    private static final int MERGED = 64 * 1024;

    private record Retained(DataBuffer buffer, long cost) {}

    private final Reservation reservation;
    private final Object lock = new Object(); // held for a few instructions; cancel comes from any thread
    private final Queue<Retained> retained = new ArrayDeque<>();
    private long allowedWaste;
    private long remaining;
    private long waste;
    private @Nullable DataBuffer open; // the merged buffer that still has room
    private @Nullable ByteBuf lastParent;
    private boolean disposed;

    /** An image of at most {@code maxBytes} in memory of which {@link #footprint} has been reserved. */
    MemoryBytes(Reservation reservation, long maxBytes) {
        this.reservation = reservation;
        this.remaining = maxBytes;
        this.allowedWaste = maxBytes / 4;
    }

    /** Most memory that an image of so many bytes takes. */
    static long footprint(long bytes) {
        return bytes + bytes / 4 + MERGED;
    }

    @Override
    public void expect(long bytes) {
        synchronized (lock) {
            remaining = bytes;
            allowedWaste = bytes / 4;
        }
        reservation.shrinkTo(Math.min(reservation.bytes(), footprint(bytes)));
    }

    @Override
    public Mono<Void> receive(Flux<DataBuffer> body) {
        // Not doOnNext: `then` discards what it ignores, and these buffers are anything but discarded.
        return Mono.defer(() -> {
            clear();
            return body.<Void>handle((buffer, sink) -> keep(buffer)).then(Mono.fromRunnable(this::seal));
        });
    }

    private void clear() {
        synchronized (lock) {
            sealOpen();
            retained.forEach(each -> DataBufferUtils.release(each.buffer()));
            retained.clear();
            waste = 0;
            lastParent = null;
        }
    }

    private void keep(DataBuffer buffer) {
        synchronized (lock) {
            int length = buffer.readableByteCount();
            if (disposed || length == 0) {
                DataBufferUtils.release(buffer);
                return;
            }
            remaining -= length;
            long cost = memoryBehind(buffer);
            if (waste + cost - length <= allowedWaste) {
                sealOpen();
                waste += cost - length;
                retained.add(new Retained(buffer, cost));
            } else {
                merge(buffer);
            }
        }
    }

    /** What stays allocated for this buffer alone: nothing, if the one before was cut from the same memory. */
    @SuppressWarnings("ReferenceEquality") // the very same memory, not the same content
    private long memoryBehind(DataBuffer buffer) {
        if (!(buffer instanceof NettyDataBuffer netty)) {
            return buffer.capacity();
        }
        ByteBuf parent = netty.getNativeBuffer();
        while (parent.unwrap() != null) {
            parent = parent.unwrap();
        }
        boolean shared = parent == lastParent;
        lastParent = parent;
        return shared ? 0 : parent.capacity();
    }

    private void merge(DataBuffer buffer) {
        lastParent = null; // released here, and its memory may be handed out again
        while (buffer.readableByteCount() > 0) {
            DataBuffer target = open;
            if (target == null) {
                long wanted = buffer.readableByteCount() + Math.max(0, remaining);
                target = buffer.factory().allocateBuffer((int) Math.min(MERGED, wanted));
                open = target;
            }
            int part = Math.min(target.capacity() - target.writePosition(), buffer.readableByteCount());
            try (DataBuffer.ByteBufferIterator free = target.writableByteBuffers()) {
                buffer.toByteBuffer(buffer.readPosition(), free.next(), 0, part);
            }
            target.writePosition(target.writePosition() + part);
            buffer.readPosition(buffer.readPosition() + part);
            if (target.writePosition() == target.capacity()) {
                sealOpen();
            }
        }
        DataBufferUtils.release(buffer);
    }

    private void sealOpen() {
        if (open != null) {
            retained.add(new Retained(open, open.capacity()));
            open = null;
        }
    }

    private void seal() {
        long cost;
        synchronized (lock) {
            sealOpen();
            lastParent = null;
            cost = retained.stream().mapToLong(Retained::cost).sum();
        }
        reservation.shrinkTo(Math.min(reservation.bytes(), cost));
    }

    @Override
    public Flux<DataBuffer> content() {
        return Flux.generate(sink -> {
            Retained next;
            synchronized (lock) {
                next = retained.poll();
            }
            if (next == null) {
                sink.complete();
                return;
            }
            // From here on it is in the connection's send window, which has a bound of its own.
            reservation.shrinkTo(Math.max(0, reservation.bytes() - next.cost()));
            sink.next(next.buffer());
        });
    }

    @Override
    public void dispose() {
        synchronized (lock) {
            disposed = true;
            sealOpen();
            retained.forEach(each -> DataBufferUtils.release(each.buffer()));
            retained.clear();
        }
        reservation.release();
    }

    @Override
    public boolean isDisposed() {
        synchronized (lock) {
            return disposed;
        }
    }
}
