package dev.sluice.gateway.feature.imageproxy.cache;

import dev.sluice.gateway.contract.http.StrongTag;
import dev.sluice.gateway.feature.imageproxy.cache.CacheMeters.Cause;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * Reads a body whole on the disk's threads and compares its SHA-256, because a power cut can leave a file whose header
 * is right and whose body is not. A small body stays in memory after that.
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
    private final Map<CacheEntry, Mono<Boolean>> running = new ConcurrentHashMap<>();

    ChecksumVerifier(
            CacheIndex index,
            CacheDirectory directory,
            Evictions evictions,
            CacheMaintenance maintenance,
            MemoryTier hot,
            Scheduler disk) {
        this.index = index;
        this.directory = directory;
        this.evictions = evictions;
        this.maintenance = maintenance;
        this.hot = hot;
        this.disk = disk;
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
            EntryFile.Header header = EntryFile.read(file);
            if (header.fileLength() != entry.fileLength() || !header.body().equals(digest(entry, file, header))) {
                throw new EntryFile.DamagedException("body checksum");
            }
            entry.verify();
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

    private Sha256 digest(CacheEntry entry, FileChannel file, EntryFile.Header header) throws IOException {
        long length = header.meta().length();
        ByteBuf body = hot.allocate(length);
        if (body == null) {
            return digest(file, header.length(), length, null);
        }
        try {
            Sha256 digest = digest(file, header.length(), length, body);
            if (digest.equals(header.body())) {
                hot.put(entry, body.retain());
                forgetIfGone(entry);
            }
            return digest;
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

    private static Sha256 digest(FileChannel file, long start, long length, @Nullable ByteBuf copy) throws IOException {
        MessageDigest digest = StrongTag.digest();
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
                if (copy != null) {
                    copy.writeBytes(bytes.rewind());
                }
                position += count;
            }
        } finally {
            piece.release();
        }
        return Sha256.finish(digest);
    }
}
