package dev.sluice.gateway.outbound.storage;

import dev.sluice.gateway.contract.FailureLine;
import dev.sluice.gateway.outbound.storage.StorageException.Kind;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Objects;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferFactory;
import org.springframework.core.io.buffer.DataBufferUtils;
import reactor.core.publisher.Flux;
import reactor.core.publisher.SynchronousSink;
import reactor.core.scheduler.Scheduler;

/** The bytes of a file, read on threads that may block. */
record LocalContent(StoredObject object, Path file, Scheduler disk, DataBufferFactory buffers)
        implements ObjectContent {
    private static final Logger LOG = LoggerFactory.getLogger(LocalContent.class);
    private static final int BUFFER = 64 * 1024;

    @Override
    public Flux<DataBuffer> bytes(long position, long count) {
        Objects.checkFromIndexSize(position, count, object.length());
        return Flux.<DataBuffer, Reading>generate(() -> open(position, count), this::read, this::close)
                .subscribeOn(disk)
                .onErrorMap(failure -> LocalFailures.of(object.key(), failure));
    }

    private Reading open(long position, long count) throws IOException {
        return new Reading(FileChannel.open(file, StandardOpenOption.READ), position, count);
    }

    private Reading read(Reading reading, SynchronousSink<DataBuffer> sink) {
        if (reading.left == 0) {
            sink.complete();
            return reading;
        }
        int size = (int) Math.min(BUFFER, reading.left);
        DataBuffer buffer = buffers.allocateBuffer(size);
        int count;
        try (DataBuffer.ByteBufferIterator parts = buffer.writableByteBuffers()) {
            ByteBuffer part = parts.next();
            count = reading.channel.read(part.limit(part.position() + size), reading.position);
        } catch (IOException failed) {
            DataBufferUtils.release(buffer);
            sink.error(failed);
            return reading;
        }
        if (count <= 0) {
            DataBufferUtils.release(buffer);
            sink.error(new StorageException(Kind.BROKEN, object.key() + ": its file was cut"));
            return reading;
        }
        reading.position += count;
        reading.left -= count;
        buffer.writePosition(count);
        sink.next(buffer);
        return reading;
    }

    /** Comes on the thread that cancels, which may be an event loop. */
    private void close(Reading reading) {
        try {
            disk.schedule(reading::close);
        } catch (RejectedExecutionException shutDown) {
            reading.close();
        }
    }

    private static final class Reading {
        final FileChannel channel;
        long position;
        long left;

        Reading(FileChannel channel, long position, long left) {
            this.channel = channel;
            this.position = position;
            this.left = left;
        }

        void close() {
            try {
                channel.close();
            } catch (IOException failed) {
                LOG.warn("file not closed: {}", FailureLine.of(failed));
            }
        }
    }
}
