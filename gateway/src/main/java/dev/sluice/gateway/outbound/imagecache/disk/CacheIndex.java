package dev.sluice.gateway.outbound.imagecache.disk;

import dev.sluice.gateway.outbound.imagecache.disk.CacheEntry.State;
import dev.sluice.gateway.outbound.imagecache.disk.CacheSpace.Reservation;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What is in the cache's directory, what of it goes first, and how much of the space it takes. Nothing here touches a
 * file, so one short lock guards it all and any thread may ask.
 *
 * <pre>
 *            reserve        commit             remove                 deleted
 *   (space) ---------> writing -------> live ---------> leaving ---------------> (space)
 *                         |                        (last reader gone, file gone)
 *                         +--- abandon: the temporary file is gone ------------> (space)
 * </pre>
 */
final class CacheIndex {
    /**
     * An entry that has left the index.
     *
     * @param deletable whether its file is to be deleted now, by whoever got this; otherwise its last reader will
     */
    record Removal(CacheEntry entry, boolean deletable) {}

    private final int maxEntries;
    private final CacheSpace space;

    private final Object lock = new Object();
    private final EvictionQueue live = new EvictionQueue();
    private final Map<CacheEntry.Name, CacheEntry> leaving = new HashMap<>();
    private final Map<CacheEntry.Name, Reservation> writing = new HashMap<>(); // also files that resist deletion
    private final Set<Sha256> purged = new HashSet<>(); // while the index is not complete
    private boolean allPurged; // meanwhile
    private long lastVersion;
    private long pinnedBytes; // of entries that have bounded readers, whatever their state
    private boolean complete;

    CacheIndex(long maxBytes, int maxEntries) {
        this.maxEntries = maxEntries;
        this.space = new CacheSpace(maxBytes);
    }

    /** The live entry, with one reader more; null when there is none. */
    @Nullable CacheEntry pin(Sha256 key) {
        synchronized (lock) {
            CacheEntry entry = live.get(key);
            return entry != null && pin(entry) ? entry : null;
        }
    }

    /**
     * As {@link #pin(Sha256)}, until {@link #unpinBounded}; null, too, when the entries that are pinned so would take
     * more than {@code most} bytes with this one. Other readers count for nothing: they stay for a moment, as one does
     * that asks the origin about the entry for whoever is to be bounded here.
     */
    @Nullable CacheEntry pinWithin(Sha256 key, long most) {
        synchronized (lock) {
            CacheEntry entry = live.get(key);
            if (entry == null || (entry.boundedReaders == 0 && pinnedBytes + entry.blocks() > most) || !pin(entry)) {
                return null;
            }
            if (entry.boundedReaders++ == 0) {
                pinnedBytes += entry.blocks();
            }
            return entry;
        }
    }

    /** One reader more, unless its file is already deleted or about to be. */
    boolean pin(CacheEntry entry) {
        synchronized (lock) {
            if (entry.state != State.LIVE && entry.readers == 0) {
                return false;
            }
            entry.uses = Math.min(EvictionQueue.MOST_USES, entry.uses + 1);
            if (entry.readers++ == 0) {
                space.busy(entry);
            }
            return true;
        }
    }

    /** One reader less. Answers whether it was the last one of an entry that left: the caller deletes its file. */
    boolean unpin(CacheEntry entry) {
        synchronized (lock) {
            if (--entry.readers > 0) {
                return false;
            }
            if (entry.state == State.LIVE) {
                space.idle(entry);
                return false;
            }
            return true;
        }
    }

    /** As {@link #unpin}, of a reader of {@link #pinWithin}. */
    boolean unpinBounded(CacheEntry entry) {
        synchronized (lock) {
            if (--entry.boundedReaders == 0) {
                pinnedBytes -= entry.blocks();
            }
            return unpin(entry);
        }
    }

    @Nullable CacheEntry find(Sha256 key) {
        synchronized (lock) {
            return live.get(key);
        }
    }

    /** The entry is as good as new. */
    void renew(CacheEntry entry, EntryFile.Validation validation) {
        synchronized (lock) {
            entry.validation(validation);
            live.renew(entry);
        }
    }

    /** Takes an entry out; null when it is out already. */
    @Nullable Removal remove(CacheEntry entry) {
        synchronized (lock) {
            return entry.state == State.LIVE ? removeLive(entry) : null;
        }
    }

    /** Takes the entry of a key out, and lets none that a rebuild has yet to find in. */
    @Nullable Removal purge(Sha256 key) {
        synchronized (lock) {
            if (!complete) {
                purged.add(key);
            }
            CacheEntry entry = live.get(key);
            return entry == null ? null : removeLive(entry);
        }
    }

    /** Takes all entries out, and lets none that a rebuild has yet to find in. */
    List<Removal> purgeAll() {
        synchronized (lock) {
            allPurged = !complete;
            return live.all().stream().map(this::remove).toList();
        }
    }

    /** Takes out the entry that is worth least; null when there is none. */
    @Nullable Removal evict() {
        synchronized (lock) {
            CacheEntry least = live.next();
            return least == null ? null : removeLive(least);
        }
    }

    private Removal removeLive(CacheEntry entry) {
        live.remove(entry);
        leaving.put(entry.name(), entry);
        entry.state = State.LEAVING;
        if (entry.readers == 0) {
            space.busy(entry);
        }
        return new Removal(entry, entry.readers == 0);
    }

    /**
     * Begins to make room for a file. Null while the index is not complete, and when evicting all that nobody reads
     * would not be enough.
     */
    @Nullable Reservation reserve(Sha256 key, long fileLength) {
        synchronized (lock) {
            if (!complete || !space.canHold(fileLength)) {
                return null;
            }
            var reservation = new Reservation(new CacheEntry.Name(key, ++lastVersion), fileLength);
            writing.put(reservation.name(), reservation);
            return reservation;
        }
    }

    /** See {@link ImageCache#roomToMake}. */
    long roomToMake(long fileLength) {
        synchronized (lock) {
            boolean fits = space.isFree(fileLength) && live.size() + writing.size() < maxEntries;
            return fits ? 0 : space.share(fileLength, maxEntries);
        }
    }

    /** Whether all space is there; else {@link #evict}, delete, {@link #deleted}, and ask again. */
    boolean isWhole(Reservation reservation) {
        synchronized (lock) {
            space.give(reservation);
            return reservation.isWhole() && live.size() + writing.size() <= maxEntries;
        }
    }

    /** The file is gone: its space is free, and first of all the reservation's that it was evicted for. */
    void deleted(CacheEntry entry, @Nullable Reservation beneficiary) {
        synchronized (lock) {
            if (leaving.remove(entry.name(), entry)) {
                entry.state = State.GONE;
                space.deleted(entry);
                if (beneficiary != null) {
                    space.give(beneficiary);
                }
            }
        }
    }

    /** The temporary file is gone or never was. */
    void abandon(Reservation reservation) {
        synchronized (lock) {
            if (writing.remove(reservation.name(), reservation)) {
                space.takeBack(reservation);
            }
        }
    }

    /** The temporary file resists deletion: its space stays used until {@link #abandon}. */
    void markUndeletable(Reservation reservation) {
        synchronized (lock) {
            reservation.markUndeletable();
        }
    }

    /**
     * The file is whole and has its name: it is live, has one reader, and goes last. Answers the entry that it
     * replaces, which has left.
     */
    @Nullable Removal commit(Reservation reservation, CacheEntry entry) {
        synchronized (lock) {
            writing.remove(reservation.name());
            CacheEntry before = live.get(entry.name().key());
            Removal replaced = before == null ? null : removeLive(before);
            entry.readers = 1;
            live.add(entry);
            return replaced;
        }
    }

    /** Whether a file of this name is accounted for, in whatever state. */
    boolean knows(CacheEntry.Name name) {
        synchronized (lock) {
            CacheEntry entry = live.get(name.key());
            return (entry != null && entry.name().equals(name))
                    || leaving.containsKey(name)
                    || writing.containsKey(name);
        }
    }

    /**
     * Takes in a file that was found. Answers what had to leave for it: the older one of two with the same key, or
     * itself when it was purged meanwhile.
     */
    @Nullable Removal adopt(CacheEntry entry) {
        synchronized (lock) {
            Sha256 key = entry.name().key();
            lastVersion = Math.max(lastVersion, entry.name().version());
            space.found(entry);
            space.idle(entry);
            CacheEntry known = live.get(key);
            if (allPurged
                    || purged.contains(key)
                    || (known != null && known.name().version() > entry.name().version())) {
                return removeLive(entry);
            }
            Removal older = known == null ? null : removeLive(known);
            live.addToRest(entry);
            return older;
        }
    }

    /** Until {@link #complete} nothing is reserved, because the space that is used is not known. */
    void incomplete() {
        synchronized (lock) {
            complete = false;
        }
    }

    /** All files are known now: puts them in order, from the oldest to the newest. */
    void order() {
        synchronized (lock) {
            live.order(Comparator.comparingLong(
                            (CacheEntry entry) -> entry.validation().storedAt())
                    .thenComparingLong(entry -> entry.name().version()));
        }
    }

    /** Space can be reserved from now on. */
    void complete() {
        synchronized (lock) {
            purged.clear();
            allPurged = false;
            complete = true;
        }
    }

    boolean isComplete() {
        synchronized (lock) {
            return complete;
        }
    }

    /** How much of the space is taken by files that are not the cache's. */
    void foreign(long bytes) {
        synchronized (lock) {
            space.foreign(bytes);
        }
    }

    /** Whether more is here than may be: found at start, with a smaller bound than before. */
    boolean isOverfull() {
        synchronized (lock) {
            long leavingAnyway =
                    leaving.values().stream().mapToLong(CacheEntry::blocks).sum();
            return space.isOver(space.used() - leavingAnyway) || live.size() > maxEntries;
        }
    }

    /** All live entries. */
    List<CacheEntry> entries() {
        synchronized (lock) {
            return live.all();
        }
    }

    /** Entries that left, have no reader, and still have a file. */
    List<CacheEntry> undeleted() {
        synchronized (lock) {
            return leaving.values().stream().filter(entry -> entry.readers == 0).toList();
        }
    }

    /** Reservations of temporary files that resisted deletion. */
    List<Reservation> undeletable() {
        synchronized (lock) {
            return writing.values().stream().filter(Reservation::isUndeletable).toList();
        }
    }

    /** What entries that {@link #pinWithin} has pinned take. */
    long pinnedBytes() {
        synchronized (lock) {
            return pinnedBytes;
        }
    }

    int size() {
        synchronized (lock) {
            return live.size();
        }
    }

    long usedBytes() {
        synchronized (lock) {
            return space.used();
        }
    }
}
