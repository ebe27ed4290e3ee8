package dev.sluice.gateway.outbound.imagecache.disk;

import dev.sluice.gateway.outbound.imagecache.disk.CacheIndex.Removal;
import dev.sluice.gateway.outbound.imagecache.disk.CacheSpace.Reservation;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import reactor.core.scheduler.Scheduler;

/**
 * How entries leave: out of the index and the memory at once, out of the directory when their last reader has gone, and
 * only then is their space free.
 */
final class Evictions {
    private final CacheIndex index;
    private final CacheDirectory directory;
    private final MemoryTier hot;
    private final Meters meters;
    private final Scheduler disk;
    private final AtomicBoolean pendingDeletes = new AtomicBoolean(); // files that could not be deleted in time

    Evictions(CacheIndex index, CacheDirectory directory, MemoryTier hot, Meters meters, Scheduler disk) {
        this.index = index;
        this.directory = directory;
        this.hot = hot;
        this.meters = meters;
        this.disk = disk;
    }

    /** Takes an entry out, unless it is out already. On any thread. */
    void drop(CacheEntry entry, Cause cause) {
        Removal removal = index.remove(entry);
        if (removal != null) {
            left(removal, cause);
            finish(removal, () -> {});
        }
    }

    /** As {@link #drop}, without counting it: something newer has taken its place. On any thread. */
    void dropOutdated(CacheEntry entry) {
        Removal removal = index.remove(entry);
        if (removal != null) {
            hot.remove(entry);
            finish(removal, () -> {});
        }
    }

    /** As {@link #drop}, and deletes the file at once, unless it has readers. Blocks. */
    void dropNow(CacheEntry entry, Cause cause) {
        Removal removal = index.remove(entry);
        if (removal != null) {
            left(removal, cause);
            finishNow(removal);
        }
    }

    /** Counts an entry that has left the index, and forgets its body. */
    void left(Removal removal, Cause cause) {
        hot.remove(removal.entry());
        meters.evicted(cause);
    }

    /** Forgets the body of an entry that another has replaced, and deletes its file, unless it has readers. Blocks. */
    void replaced(Removal removal) {
        hot.remove(removal.entry());
        finishNow(removal);
    }

    /** Deletes the file of an entry that has left, unless it has readers. Blocks. */
    void finishNow(Removal removal) {
        if (removal.deletable()) {
            delete(removal.entry());
        }
    }

    /** One reader less. On any thread. */
    void unpin(CacheEntry entry) {
        if (index.unpin(entry)) {
            deleteLater(entry, () -> {});
        }
    }

    /** As {@link #unpin}, of a reader of {@link CacheIndex#pinWithin}. */
    void unpinBounded(CacheEntry entry) {
        if (index.unpinBounded(entry)) {
            deleteLater(entry, () -> {});
        }
    }

    /**
     * Sees to the file of an entry that has left. On any thread.
     *
     * @param then is run when it is deleted, or is left to its last reader or to the next who writes
     */
    void finish(Removal removal, Runnable then) {
        if (removal.deletable()) {
            deleteLater(removal.entry(), then);
        } else {
            then.run();
        }
    }

    private void deleteLater(CacheEntry entry, Runnable then) {
        try {
            disk.schedule(() -> {
                delete(entry);
                then.run();
            });
        } catch (RejectedExecutionException full) {
            pendingDeletes.set(true);
            then.run();
        }
    }

    /** Deletes what could not be deleted when it should have been. Blocks. */
    void retryDeletes() {
        if (pendingDeletes.getAndSet(false)) {
            index.undeleted().forEach(this::delete);
            index.undeletable().forEach(this::discard);
        }
    }

    /** Deletes the file of an entry that has left and has no reader. Blocks; answers whether it is gone. */
    boolean delete(CacheEntry entry) {
        try {
            delete(entry, null);
            return true;
        } catch (IOException failed) {
            return false;
        }
    }

    private void delete(CacheEntry entry, @Nullable Reservation beneficiary) throws IOException {
        try {
            directory.delete(entry.name());
            index.deleted(entry, beneficiary);
        } catch (IOException failed) {
            pendingDeletes.set(true);
            throw failed;
        }
    }

    /**
     * Evicts what is worth least until the reservation is whole. Blocks. Stops at the first file that cannot be
     * deleted, and does not begin while there is one: on a disk that has become read-only, what is there can still be
     * served.
     */
    void makeRoom(Reservation reservation) throws IOException {
        while (!index.isWhole(reservation)) {
            if (pendingDeletes.get()) {
                throw new IOException("no room: a file that was evicted cannot be deleted");
            }
            Removal least = index.evict();
            if (least == null) {
                throw new IOException("no room: readers and writers hold all there is");
            }
            left(least, Cause.SIZE);
            if (least.deletable()) {
                delete(least.entry(), reservation);
            }
        }
    }

    /** Evicts what is worth least until there is no more than there may be. Blocks. */
    void trim() {
        while (index.isOverfull()) {
            Removal least = index.evict();
            if (least == null) {
                return;
            }
            left(least, Cause.SIZE);
            if (least.deletable() && !delete(least.entry())) {
                return;
            }
        }
    }

    /** Gives up a file that was being written: deletes it, then frees its space. Blocks. */
    void discard(Reservation reservation) {
        try {
            directory.deleteTemporary(reservation.name());
            index.abandon(reservation);
        } catch (IOException failed) {
            index.markUndeletable(reservation);
            pendingDeletes.set(true);
        }
    }

    /** Why an entry left; one that was replaced by a newer image is not counted. */
    enum Cause {
        SIZE,
        EXPIRED,
        DAMAGED,
        MISSING,
        PURGED
    }

    /** {@code sluice.image_proxy.cache.*}: what the cache holds, and why entries left it. */
    static final class Meters {
        private final Map<Cause, Counter> evictions = new EnumMap<>(Cause.class);

        Meters(MeterRegistry meters, CacheIndex index) {
            Gauge.builder("sluice.image_proxy.cache.bytes", index, CacheIndex::usedBytes)
                    .description("The space that the image cache's files take, in blocks of 4 KiB")
                    .baseUnit("bytes")
                    .register(meters);
            Gauge.builder("sluice.image_proxy.cache.pinned", index, CacheIndex::pinnedBytes)
                    .description(
                            "The space of the image cache's files that archives read, which cannot be evicted meanwhile")
                    .baseUnit("bytes")
                    .register(meters);
            Gauge.builder("sluice.image_proxy.cache.entries", index, CacheIndex::size)
                    .description("Images in the cache")
                    .register(meters);
            for (Cause cause : Cause.values()) {
                evictions.put(
                        cause,
                        Counter.builder("sluice.image_proxy.cache.evictions")
                                .description("Entries that left the image cache")
                                .tag("cause", cause.name().toLowerCase(Locale.ROOT))
                                .register(meters));
            }
        }

        void evicted(Cause cause) {
            Objects.requireNonNull(evictions.get(cause)).increment();
        }
    }
}
