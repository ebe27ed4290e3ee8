package dev.sluice.gateway.outbound.spool;

import dev.sluice.gateway.contract.FailureLine;
import dev.sluice.zipstream.BufferBudget.Reservation;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferFactory;
import org.springframework.core.io.buffer.DataBufferUtils;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.SynchronousSink;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * A body in a file that has no name any more: whatever happens to the process, nothing is left behind. Written and read
 * in direct buffers on the spool's threads. Owns the bytes and what was reserved for them; {@link #dispose()} frees
 * both at any moment, from any thread, any number of times.
 */
public final class SpooledBytes implements Disposable {
    private static final Logger LOG = LoggerFactory.getLogger(SpooledBytes.class);
    private static final int BUFFER = 64 * 1024;

    private final Reservation reservation;
    private final Callable<FileChannel> opener;
    private final Scheduler disk;
    private final Scheduler uninterrupted;
    private final DataBufferFactory buffers;
    private final Object lock = new Object();
    private @Nullable FileChannel file;
    private final Queue<DataBuffer> waiting = new ArrayDeque<>(); // for a disk thread: one being written, one behind it
    private boolean disposed;

    /**
     * A body on a disk on which its size has been reserved.
     *
     * @param opener makes the file; blocks
     * @param disk where blocking is allowed
     * @param buffers makes the buffers that are read into
     */
    public SpooledBytes(
            Reservation reservation, Callable<FileChannel> opener, Scheduler disk, DataBufferFactory buffers) {
        this.reservation = reservation;
        this.opener = opener;
        this.disk = disk;
        // An Executor, so that a subscriber that leaves interrupts nobody: an interrupt closes the file for the next
        // one.
        this.uninterrupted = Schedulers.fromExecutor((Runnable task) -> disk.schedule(task));
        this.buffers = buffers;
    }

    /** So many bytes will come; what was reserved beyond is given back. */
    public void expect(long bytes) {
        reservation.shrinkTo(Math.min(reservation.bytes(), bytes));
    }

    /**
     * Takes in the whole body, in place of what is left of one that broke off. Completes when all of it is kept; the
     * body's buffers belong to this object. Fails as the body does, or with {@link UncheckedIOException} when the disk
     * does.
     */
    public Mono<Void> receive(Flux<DataBuffer> body) {
        // A buffer belongs to this object before any operator queues it: publishOn and concatMap lose what they are
        // handed in the moment of a cancel that comes from another thread.
        // A body's error waits for what is being written, which would else end up in the next one.
        return cleared()
                .thenMany(body.map(this::own)
                        .concatMapDelayError(
                                owned -> Mono.<Void>fromRunnable(this::append).subscribeOn(uninterrupted), false, 1))
                .then(Mono.fromRunnable(() -> reservation.shrinkTo(Math.min(reservation.bytes(), length()))));
    }

    private Mono<Void> cleared() {
        return Mono.defer(() -> {
            synchronized (lock) {
                waiting.forEach(DataBufferUtils::release);
                waiting.clear();
                return file == null
                        ? Mono.empty()
                        : Mono.<Void>fromRunnable(this::truncate).subscribeOn(uninterrupted);
            }
        });
    }

    private void truncate() {
        try {
            open().truncate(0);
        } catch (IOException failed) {
            throw new UncheckedIOException("spool file: " + failed.getMessage(), failed);
        }
    }

    private SpooledBytes own(DataBuffer buffer) {
        synchronized (lock) {
            if (disposed) {
                DataBufferUtils.release(buffer);
            } else {
                waiting.add(buffer);
            }
        }
        return this;
    }

    private void append() {
        DataBuffer buffer;
        synchronized (lock) {
            buffer = waiting.poll();
        }
        if (buffer == null) {
            return; // given up meanwhile
        }
        try (DataBuffer.ByteBufferIterator parts = buffer.readableByteBuffers()) {
            FileChannel channel = open();
            while (parts.hasNext()) {
                ByteBuffer part = parts.next();
                while (part.hasRemaining()) {
                    channel.write(part);
                }
            }
        } catch (IOException failed) {
            throw new UncheckedIOException("spool file: " + failed.getMessage(), failed);
        } finally {
            DataBufferUtils.release(buffer);
        }
    }

    private FileChannel open() throws IOException {
        synchronized (lock) {
            if (disposed) {
                throw givenUp();
            }
            if (file != null) {
                return file;
            }
        }
        FileChannel opened = openNew();
        synchronized (lock) {
            if (!disposed) {
                file = opened;
                return opened;
            }
        }
        opened.close();
        throw givenUp();
    }

    private static IOException givenUp() {
        return new IOException("given up");
    }

    private FileChannel openNew() throws IOException {
        try {
            return opener.call();
        } catch (IOException failed) {
            throw failed;
        } catch (Exception failed) {
            throw new IOException(failed);
        }
    }

    private long length() {
        try {
            return open().size();
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /**
     * The bytes, after {@link #receive} completed; from the start for each subscriber, who owns each buffer. Fails with
     * {@link UncheckedIOException} when the disk does, or when they have been disposed of.
     */
    public Flux<DataBuffer> content() {
        return content(0, Long.MAX_VALUE);
    }

    /** The same, but at most {@code count} bytes from {@code position} on. */
    public Flux<DataBuffer> content(long position, long count) {
        long end = count > Long.MAX_VALUE - position ? Long.MAX_VALUE : position + count;
        return Flux.<DataBuffer, Long>generate(() -> position, (at, sink) -> read(at, end, sink))
                .subscribeOn(uninterrupted);
    }

    private Long read(Long position, long end, SynchronousSink<DataBuffer> sink) {
        int most = (int) Math.min(BUFFER, end - position);
        if (most <= 0) {
            sink.complete();
            return position;
        }
        DataBuffer buffer = buffers.allocateBuffer(BUFFER);
        int count = -1;
        try (DataBuffer.ByteBufferIterator parts = buffer.writableByteBuffers()) {
            ByteBuffer part = parts.next();
            count = open().read(part.limit(part.position() + Math.min(most, part.remaining())), position);
        } catch (IOException failed) {
            sink.error(new UncheckedIOException("spool file: " + failed.getMessage(), failed));
            DataBufferUtils.release(buffer);
            return position;
        }
        if (count < 0) {
            DataBufferUtils.release(buffer);
            sink.complete();
            return position;
        }
        buffer.writePosition(count);
        sink.next(buffer);
        return position + count;
    }

    @Override
    public void dispose() {
        FileChannel closing;
        synchronized (lock) {
            disposed = true;
            closing = file;
            file = null;
            waiting.forEach(DataBufferUtils::release);
            waiting.clear();
        }
        if (closing == null) {
            reservation.release();
            return;
        }
        try {
            disk.schedule(() -> close(closing));
        } catch (RejectedExecutionException shutDown) {
            close(closing);
        }
    }

    /** The space is free again only when the file is closed. */
    private void close(FileChannel closing) {
        try {
            closing.close();
        } catch (IOException failed) {
            LOG.warn("spool file not closed: {}", FailureLine.of(failed));
        } finally {
            reservation.release();
        }
    }

    @Override
    public boolean isDisposed() {
        synchronized (lock) {
            return disposed;
        }
    }
}
