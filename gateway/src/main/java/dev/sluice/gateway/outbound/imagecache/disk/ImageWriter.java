package dev.sluice.gateway.outbound.imagecache.disk;

import dev.sluice.gateway.outbound.imagecache.disk.CacheIndex.Removal;
import dev.sluice.gateway.outbound.imagecache.disk.CacheSpace.Reservation;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;

/**
 * Makes new entries. In this order, so that the bound holds at every moment and a kill leaves nothing but a temporary
 * file: reserve, delete what must go, write under a temporary name, rename, index.
 */
final class ImageWriter {
    private static final int PIECE = 64 * 1024;

    private final CacheIndex index;
    private final CacheDirectory directory;
    private final Evictions evictions;
    private final CacheMaintenance maintenance;
    private final MemoryTier hot;
    private final Clock clock;

    ImageWriter(
            CacheIndex index,
            CacheDirectory directory,
            Evictions evictions,
            CacheMaintenance maintenance,
            MemoryTier hot,
            Clock clock) {
        this.index = index;
        this.directory = directory;
        this.evictions = evictions;
        this.maintenance = maintenance;
        this.hot = hot;
        this.clock = clock;
    }

    /** The writer was told that nobody wants the entry any more. */
    static final class GivenUpException extends IOException {
        private static final long serialVersionUID = 1;
    }

    /**
     * The new entry, with one reader. Null while the index is being rebuilt. Blocks; reads the buffers and leaves their
     * positions.
     *
     * @throws IOException when it could not be stored, after which nothing of it is left
     */
    @Nullable CacheEntry write(CachedMeta described, List<DataBuffer> body, BooleanSupplier givenUp) throws IOException {
        if (!maintenance.isReady()) {
            return null;
        }
        evictions.retryDeletes();
        Sha256 digest = Sha256.of(body);
        long crc32 = crc32(body);
        CachedMeta meta = described.measured(digest.etag(), CachedMeta.length(body), notAfterNow(described.storedAt()));
        ByteBuffer header = EntryFile.encode(meta, digest, crc32);
        var contents = new EntryFile.Header(meta, digest, crc32, header.remaining());
        Reservation reservation = index.reserve(Sha256.of(meta.url()), contents.fileLength());
        if (reservation == null) {
            throw new IOException("no room for " + contents.fileLength() + " bytes");
        }
        CacheEntry entry = new CacheEntry(reservation.name(), contents);
        FileTime modified = writeFile(reservation, header, body, givenUp);
        entry.verify(new CacheEntry.Verified(crc32, modified, clock.millis()));
        Removal replaced = index.commit(reservation, entry);
        if (replaced != null) {
            evictions.replaced(replaced);
        }
        keepHot(entry, body);
        return entry;
    }

    private static long crc32(List<DataBuffer> body) {
        CRC32 crc = new CRC32();
        for (DataBuffer buffer : body) {
            try (DataBuffer.ByteBufferIterator parts = buffer.readableByteBuffers()) {
                parts.forEachRemaining(crc::update);
            }
        }
        return crc.getValue();
    }

    private Instant notAfterNow(Instant storedAt) {
        Instant now = clock.instant();
        return storedAt.isAfter(now) ? now : storedAt;
    }

    /**
     * Answers when the file was changed last. Giving it its name is the last that can fail: from then on it has to be
     * indexed, or nobody would give back its space.
     */
    private FileTime writeFile(
            Reservation reservation, ByteBuffer header, List<DataBuffer> body, BooleanSupplier givenUp)
            throws IOException {
        boolean published = false;
        try {
            evictions.makeRoom(reservation);
            proceed(givenUp);
            try (WritableByteChannel file = directory.create(reservation.name())) {
                write(file, header);
                for (DataBuffer buffer : body) {
                    proceed(givenUp);
                    write(file, buffer);
                }
            }
            proceed(givenUp);
            FileTime modified = directory.temporaryModified(reservation.name());
            directory.publish(reservation.name());
            published = true;
            return modified;
        } finally {
            if (!published) {
                evictions.discard(reservation);
            }
        }
    }

    private static void proceed(BooleanSupplier givenUp) throws GivenUpException {
        if (givenUp.getAsBoolean()) {
            throw new GivenUpException();
        }
    }

    private static void write(WritableByteChannel file, DataBuffer buffer) throws IOException {
        try (DataBuffer.ByteBufferIterator parts = buffer.readableByteBuffers()) {
            while (parts.hasNext()) {
                write(file, parts.next());
            }
        }
    }

    /** In pieces, because the JDK keeps a direct copy of the largest heap buffer that a thread has written. */
    private static void write(WritableByteChannel file, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            ByteBuffer piece = bytes.slice(bytes.position(), Math.min(PIECE, bytes.remaining()));
            bytes.position(bytes.position() + file.write(piece));
        }
    }

    private void keepHot(CacheEntry entry, List<DataBuffer> body) {
        ByteBuf copy = hot.allocate(entry.bodyLength());
        if (copy == null) {
            return;
        }
        for (DataBuffer buffer : body) {
            try (DataBuffer.ByteBufferIterator parts = buffer.readableByteBuffers()) {
                parts.forEachRemaining(copy::writeBytes);
            }
        }
        hot.put(entry, copy);
        if (!entry.isLive()) {
            hot.remove(entry);
        }
    }

    /**
     * A body that waits for a disk thread. It holds the buffers until it has run or its turn is cancelled, whichever is
     * first.
     */
    static final class StoreTask implements Runnable {
        private final List<DataBuffer> body;
        private final Function<List<DataBuffer>, Runnable> action;
        private final AtomicBoolean taken = new AtomicBoolean();

        /**
         * Retains the buffers. The action gets them, and neither keeps nor releases them; what it answers is run when
         * they have been released here.
         */
        StoreTask(List<DataBuffer> body, Function<List<DataBuffer>, Runnable> action) {
            this.body = List.copyOf(body);
            this.action = action;
            this.body.forEach(DataBufferUtils::retain);
        }

        @Override
        public void run() {
            if (taken.compareAndSet(false, true)) {
                Runnable then;
                try {
                    then = action.apply(body);
                } finally {
                    body.forEach(DataBufferUtils::release);
                }
                then.run();
            }
        }

        /** Releases the buffers, unless the action has begun. */
        void cancel() {
            if (taken.compareAndSet(false, true)) {
                body.forEach(DataBufferUtils::release);
            }
        }
    }
}
