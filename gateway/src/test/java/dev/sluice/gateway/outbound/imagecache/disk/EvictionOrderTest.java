package dev.sluice.gateway.outbound.imagecache.disk;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.sluice.gateway.outbound.imagecache.disk.CacheIndex.Removal;
import dev.sluice.gateway.outbound.imagecache.disk.CacheSpace.Reservation;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** How many requests the order of eviction turns into hits, beside Caffeine's W-TinyLFU on the same requests. */
class EvictionOrderTest {
    private static final int ROOM = 1_000; // images
    private static final int REQUESTS = 200_000;
    private static final double BEHIND = 0.03;

    private final CacheIndex index = new CacheIndex(Long.MAX_VALUE / 2, ROOM);
    private final Cache<Integer, Integer> caffeine =
            Caffeine.newBuilder().maximumSize(ROOM).executor(Runnable::run).build();

    EvictionOrderTest() {
        index.complete();
    }

    @Test
    void itKeepsUpWhereSomeImagesAreWantedMoreThanOthers() {
        Ratios hits = hits(zipf(20_000, 0.9));

        assertThat(hits.ours()).isGreaterThan(hits.caffeine() - BEHIND);
    }

    /** Pages of pictures that nobody looks at twice, between those that many look at. */
    @Test
    void itKeepsUpWhereEverThirdRequestIsForSomethingNew() {
        List<Integer> requests = zipf(5_000, 0.9);
        for (int i = 0; i < REQUESTS; i += 3) {
            requests.set(i, 1_000_000 + i);
        }

        Ratios hits = hits(requests);

        assertThat(hits.ours()).isGreaterThan(hits.caffeine() - 2 * BEHIND);
    }

    @Test
    void itKeepsUpWhereWhatIsWantedChanges() {
        List<Integer> requests = zipf(5_000, 0.9);
        for (int i = 0; i < REQUESTS; i++) {
            requests.set(i, requests.get(i) + 2_000 * (i / 20_000));
        }

        Ratios hits = hits(requests);

        assertThat(hits.ours()).isGreaterThan(hits.caffeine() - BEHIND);
    }

    private record Ratios(double ours, double caffeine) {}

    private Ratios hits(List<Integer> requests) {
        int ours = 0;
        int theirs = 0;
        for (int wanted : requests) {
            ours += isHit(wanted) ? 1 : 0;
            if (caffeine.getIfPresent(wanted) == null) {
                caffeine.put(wanted, wanted);
            } else {
                theirs++;
            }
        }
        return new Ratios((double) ours / requests.size(), (double) theirs / requests.size());
    }

    private boolean isHit(int wanted) {
        Sha256 key = new Sha256(wanted, 0, 0, 0);
        CacheEntry known = index.pin(key);
        if (known != null) {
            index.unpin(known);
            return true;
        }
        Reservation reservation = index.reserve(key, 1_000);
        assertThat(reservation).isNotNull();
        while (!index.isWhole(reservation)) {
            Removal least = index.evict();
            assertThat(least).isNotNull();
            index.deleted(least.entry(), null);
        }
        CachedMeta meta = new CachedMeta("u", "image/png", "\"e\"", 900, Instant.EPOCH, null, null, null);
        CacheEntry entry = new CacheEntry(reservation.name(), new EntryFile.Header(meta, key, 0, 100));
        index.commit(reservation, entry);
        index.unpin(entry);
        return false;
    }

    /** Numbers of which the n-th most frequent comes 1/n^s as often as the first. */
    private static List<Integer> zipf(int images, double s) {
        double[] sums = new double[images];
        double sum = 0;
        for (int n = 0; n < images; n++) {
            sum += 1 / Math.pow(n + 1.0, s);
            sums[n] = sum;
        }
        Random random = new Random(1);
        List<Integer> requests = new ArrayList<>();
        for (int i = 0; i < REQUESTS; i++) {
            int found = java.util.Arrays.binarySearch(sums, random.nextDouble() * sum);
            requests.add(found < 0 ? -found - 1 : found);
        }
        return requests;
    }
}
