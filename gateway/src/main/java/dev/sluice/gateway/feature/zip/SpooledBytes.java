package dev.sluice.gateway.feature.zip;

import dev.sluice.zipstream.BufferBudget.Reservation;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.concurrent.Callable;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferFactory;
import org.springframework.core.io.buffer.DataBufferUtils;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.SynchronousSink;
import reactor.core.scheduler.Scheduler;

/**
 * An image in a file that has no name any more: whatever happens to the process, nothing is left behind. Written and
 * read in direct buffers on the spool's threads.
 */
final class SpooledBytes implements ImageBytes {
    private static final Logger LOG = LoggerFactory.getLogger(SpooledBytes.class);
    private static final int BUFFER = 64 * 1024;

    private final Reservation reservation;
    private final Callable<FileChannel> opener;
    private final Scheduler disk;
    private final DataBufferFactory buffers;
    private final Object lock = new Object();
    private @Nullable FileChannel file;
    private @Nullable DataBuffer waiting; // for its turn on a disk thread
    private boolean disposed;

    /**
     * An image on a disk on which its size has been reserved.
     *
     * @param opener makes the file; blocks
     * @param disk where blocking is allowed
     * @param buffers makes the buffers that are read into
     */
    SpooledBytes(Reservation reservation, Callable<FileChannel> opener, Scheduler disk, DataBufferFactory buffers) {
        this.reservation = reservation;
        this.opener = opener;
        this.disk = disk;
        this.buffers = buffers;
    }

    @Override
    public void expect(long bytes) {
        reservation.shrinkTo(Math.min(reservation.bytes(), bytes));
    }

    @Override
    public Mono<Void> receive(Flux<DataBuffer> body) {
        // Not publishOn: cancelling it drops a hop that was scheduled and had not begun, and with it what was queued.
        return body.concatMap(this::write, 1)
                .doOnDiscard(DataBuffer.class, DataBufferUtils::release)
                .then(Mono.fromRunnable(() -> reservation.shrinkTo(Math.min(reservation.bytes(), length()))));
    }

    private Mono<Void> write(DataBuffer buffer) {
        synchronized (lock) {
            if (disposed) {
                DataBufferUtils.release(buffer);
                return Mono.error(new UncheckedIOException(givenUp()));
            }
            waiting = buffer;
        }
        return Mono.<Void>fromRunnable(this::append).subscribeOn(disk);
    }

    private void append() {
        DataBuffer buffer;
        synchronized (lock) {
            buffer = waiting;
            waiting = null;
        }
        if (buffer == null) {
            throw new UncheckedIOException(givenUp());
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

    @Override
    public Flux<DataBuffer> content() {
        return Flux.<DataBuffer, Long>generate(() -> 0L, this::read).subscribeOn(disk);
    }

    private Long read(Long position, SynchronousSink<DataBuffer> sink) {
        DataBuffer buffer = buffers.allocateBuffer(BUFFER);
        int count = -1;
        try (DataBuffer.ByteBufferIterator parts = buffer.writableByteBuffers()) {
            count = open().read(parts.next(), position);
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
            DataBufferUtils.release(waiting);
            waiting = null;
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
            LOG.warn("spool file not closed", failed);
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
