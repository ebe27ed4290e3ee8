package dev.sluice.gateway.outbound.imagecache.disk;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Live entries in the order in which they go: by use and by age, as S3-FIFO orders them (Yang et al., SOSP 2023). What
 * is new passes through a tenth of the space; what is not used there goes first, so pages of images that nobody looks
 * at twice push nothing out. The rest goes round in the order of its age, once more for each use.
 *
 * <pre>
 *              ┌ new: a tenth ┐ used meanwhile ┌ rest ───────────────────┐ used: one use less
 *   added ───► │ youngest … oldest │ ────────► │ youngest …       oldest │ ───► to its end
 *              └───────┬──────┘                └────────────┬────────────┘
 *        gone before?  └► evicted, its key remembered       └► evicted
 *        └─► to the rest at once
 * </pre>
 *
 * <p>Not for two threads at once: {@link CacheIndex} asks under its lock. That is why this is not Caffeine's: an entry
 * that has readers cannot go, the space that one frees is counted in blocks and is free only when its file is deleted,
 * and the bound has to hold before a file is written and not some time after. {@code EvictionOrderTest} has both turn
 * the same requests into hits.
 */
final class EvictionQueue {
    static final int MOST_USES = 3;
    private static final int NEW_PARTS = 10;
    private static final int MOST_SPARED = 64;

    private final Map<Sha256, CacheEntry> fresh = new LinkedHashMap<>(); // oldest first, as all here
    private final Map<Sha256, CacheEntry> rest = new LinkedHashMap<>();
    private final Set<Sha256> gone = new LinkedHashSet<>();
    private long freshBytes;
    private long restBytes;

    @Nullable CacheEntry get(Sha256 key) {
        CacheEntry entry = fresh.get(key);
        return entry == null ? rest.get(key) : entry;
    }

    /** A new entry; there is none of its key. */
    void add(CacheEntry entry) {
        if (gone.remove(entry.name().key())) {
            addToRest(entry);
        } else {
            fresh.put(entry.name().key(), entry);
            freshBytes += entry.blocks();
        }
    }

    /** An entry of before this process; there is none of its key. */
    void addToRest(CacheEntry entry) {
        rest.put(entry.name().key(), entry);
        restBytes += entry.blocks();
    }

    /** Takes it out; whether it was in. */
    boolean remove(CacheEntry entry) {
        Sha256 key = entry.name().key();
        if (fresh.remove(key, entry)) {
            freshBytes -= entry.blocks();
            return true;
        }
        if (rest.remove(key, entry)) {
            restBytes -= entry.blocks();
            return true;
        }
        return false;
    }

    /** It is as good as new: the youngest of those that it is among. */
    void renew(CacheEntry entry) {
        Sha256 key = entry.name().key();
        Map<Sha256, CacheEntry> queue = fresh.containsKey(key) ? fresh : rest;
        if (queue.remove(key, entry)) {
            queue.put(key, entry);
        }
    }

    /**
     * The entry that is to go next, which stays in; null when there is none. One that has readers is spared, as its
     * file would stay; of {@value #MOST_SPARED} in a row that are spared the next one is it all the same, or a call
     * might take long.
     */
    @Nullable CacheEntry next() {
        for (int spared = 0; spared < MOST_SPARED; spared++) {
            CacheEntry oldest = oldest();
            if (oldest == null) {
                return null;
            }
            boolean isFresh = fresh.containsKey(oldest.name().key());
            if (oldest.uses == 0 && oldest.readers == 0) {
                if (isFresh) {
                    remember(oldest.name().key());
                }
                return oldest;
            }
            remove(oldest);
            oldest.uses = isFresh ? 0 : Math.max(0, oldest.uses - 1);
            addToRest(oldest);
        }
        return oldest();
    }

    private @Nullable CacheEntry oldest() {
        boolean isNewOnesTurn = freshBytes * NEW_PARTS >= freshBytes + restBytes;
        Map<Sha256, CacheEntry> queue = rest.isEmpty() || (isNewOnesTurn && !fresh.isEmpty()) ? fresh : rest;
        return queue.isEmpty() ? null : queue.values().iterator().next();
    }

    /** As many as there are entries. */
    private void remember(Sha256 key) {
        gone.add(key);
        if (gone.size() > size()) {
            gone.remove(gone.iterator().next());
        }
    }

    /** Makes the order that of {@code age}. */
    void order(Comparator<CacheEntry> age) {
        for (Map<Sha256, CacheEntry> queue : List.of(fresh, rest)) {
            List<CacheEntry> entries = new ArrayList<>(queue.values());
            entries.sort(age);
            queue.clear();
            entries.forEach(entry -> queue.put(entry.name().key(), entry));
        }
    }

    List<CacheEntry> all() {
        List<CacheEntry> all = new ArrayList<>(rest.values());
        all.addAll(fresh.values());
        return all;
    }

    int size() {
        return fresh.size() + rest.size();
    }
}
