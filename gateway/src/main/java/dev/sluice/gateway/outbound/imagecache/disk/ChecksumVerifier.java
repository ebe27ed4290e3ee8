package dev.sluice.gateway.outbound.imagecache.disk;

import dev.sluice.gateway.contract.http.StrongTag;
import dev.sluice.gateway.outbound.imagecache.disk.Evictions.Cause;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * Reads a body whole on the disk's threads and compares its SHA-256 and CRC-32, because a power cut can leave a file
 * whose header is right and whose body is not, and because a disk forgets. A small body stays in memory after that.
 */
final class ChecksumVerifier {
    private static final Logger LOG = LoggerFactory.getLogger(ChecksumVerifier.class);
    private static final int PIECE = 64 * 1024;
    private static final long MOST_SECONDS = 10;
    private static final int MOST_WARMED_AT_ONCE = 16;

    private final CacheIndex index;
    private final CacheDirectory directory;
    private final Evictions evictions;
    private final CacheMaintenance maintenance;
    private final MemoryTier hot;
    private final Scheduler disk;
    private final Clock clock;
    private final Map<CacheEntry, Mono<Boolean>> running = new ConcurrentHashMap<>();

    ChecksumVerifier(
            CacheIndex index,
            CacheDirectory directory,
            Evictions evictions,
            CacheMaintenance maintenance,
            MemoryTier hot,
            Scheduler disk,
            Clock clock) {
        this.index = index;
        this.directory = directory;
        this.evictions = evictions;
        this.maintenance = maintenance;
        this.hot = hot;
        this.disk = disk;
        this.clock = clock;
    }

    /**
     * Whether the body is what was stored; the entry is dropped if it is not. All who ask while it is being read share
     * one reading, which goes on when they leave. False, too, when the disk's queue is full, when there is no memory,
     * and when the disk takes longer than {@value #MOST_SECONDS} s.
     */
    Mono<Boolean> check(CacheEntry entry) {
        return running.computeIfAbsent(entry, this::begin);
    }

    private Mono<Boolean> begin(CacheEntry entry) {
        return Mono.fromCallable(() -> loadOrSay(entry))
                .subscribeOn(disk)
                .timeout(Duration.ofSeconds(MOST_SECONDS), Mono.just(false))
                .onErrorResume(RejectedExecutionException.class, full -> Mono.just(false))
                .doOnTerminate(() -> running.remove(entry)) // before anybody hears of it
                .cache();
    }

    /** Brings a small body into memory for those who come next, unless the disk has enough to do. */
    void warm(CacheEntry entry) {
        if (hot.admits(entry.bodyLength()) && running.size() < MOST_WARMED_AT_ONCE && !running.containsKey(entry)) {
            check(entry).subscribe();
        }
    }

    /** Reactor throws what may end the JVM past everybody who waits, and they would wait for ever. */
    private boolean loadOrSay(CacheEntry entry) {
        try {
            return load(entry);
        } catch (VirtualMachineError | LinkageError fatal) {
            LOG.error("not read: {}", entry.name().file(), fatal);
            return false;
        }
    }

    private boolean load(CacheEntry entry) {
        if (!index.pin(entry)) {
            return false;
        }
        try (FileChannel file = directory.open(entry.name())) {
            FileTime modified = directory.modified(entry.name()); // before it is read: a later change is seen
            EntryFile.Header header = EntryFile.read(file);
            if (header.fileLength() != entry.fileLength()) {
                throw new EntryFile.DamagedException("length");
            }
            Sums sums = sums(entry, file, header);
            if (!sums.equal(header)) {
                throw new EntryFile.DamagedException("body checksum");
            }
            entry.verify(new CacheEntry.Verified(sums.crc32(), modified, clock.millis()));
            return true;
        } catch (NoSuchFileException gone) {
            evictions.drop(entry, Cause.MISSING);
            maintenance.noticeMissing();
        } catch (ClosedByInterruptException shuttingDown) {
            LOG.debug("not read: {}", entry.name().file());
        } catch (IOException damaged) {
            LOG.info("dropping {}: {}", entry.name().file(), damaged.toString());
            evictions.drop(entry, Cause.DAMAGED);
        } finally {
            evictions.unpin(entry);
        }
        return false;
    }

    /** Of a body as it was read. */
    private record Sums(Sha256 digest, long crc32) {
        boolean equal(EntryFile.Header header) {
            return digest.equals(header.body()) && (header.crc32() == EntryFile.NO_CRC || crc32 == header.crc32());
        }
    }

    private Sums sums(CacheEntry entry, FileChannel file, EntryFile.Header header) throws IOException {
        long length = header.meta().length();
        ByteBuf body = hot.allocate(length);
        if (body == null) {
            return sums(file, header.length(), length, null);
        }
        try {
            Sums sums = sums(file, header.length(), length, body);
            if (sums.equal(header)) {
                hot.put(entry, body.retain());
                forgetIfGone(entry);
            }
            return sums;
        } finally {
            body.release();
        }
    }

    /** An entry that left while its body was put into memory took with it what was there before. */
    private void forgetIfGone(CacheEntry entry) {
        if (!entry.isLive()) {
            hot.remove(entry);
        }
    }

    private static Sums sums(FileChannel file, long start, long length, @Nullable ByteBuf copy) throws IOException {
        MessageDigest digest = StrongTag.digest();
        CRC32 crc = new CRC32();
        ByteBuf piece = PooledByteBufAllocator.DEFAULT.directBuffer(PIECE, PIECE);
        try {
            long position = start;
            while (position < start + length) {
                ByteBuffer bytes = piece.nioBuffer(0, (int) Math.min(PIECE, start + length - position));
                int count = file.read(bytes, position);
                if (count < 0) {
                    throw new EOFException("ends at " + position);
                }
                digest.update(bytes.flip());
                crc.update(bytes.rewind());
                if (copy != null) {
                    copy.writeBytes(bytes.rewind());
                }
                position += count;
            }
        } finally {
            piece.release();
        }
        return new Sums(Sha256.finish(digest), crc.getValue());
    }
}
