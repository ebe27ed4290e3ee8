package dev.sluice.gateway.outbound.imagecache;

import dev.sluice.gateway.outbound.imagecache.disk.Sha256;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Which images were asked for within the last hour, so that one that is wanted once does not take the place of others:
 * it enters the store at its second request. In half a megabyte: 65,536 images are remembered, in buckets of four, and
 * in a full bucket the one that was asked for longest ago is forgotten. Two images are taken for one once in about a
 * billion times, which costs a file. Any thread may ask.
 *
 * <pre>
 *   slot   32 bits  part of the SHA-256 of the URL   │ 32 bits  second of its last request; 0: empty
 * </pre>
 */
final class AdmissionSketch {
    private static final int BUCKETS = 1 << 14;
    private static final int WAYS = 4;
    private static final int HOUR = (int) Duration.ofHours(1).toSeconds();

    private final AtomicLongArray slots = new AtomicLongArray(BUCKETS * WAYS);
    private final Clock clock;
    private final long start;

    AdmissionSketch(Clock clock) {
        this.clock = clock;
        this.start = TimeUnit.MILLISECONDS.toSeconds(clock.millis()) - 1;
    }

    /** Notes a request for {@code url}; whether there was one before it within an hour. */
    boolean again(String url) {
        Sha256 key = Sha256.of(url);
        int now = now();
        int slot = find(key);
        long known = slots.get(slot);
        if (!isOf(known, key)) {
            slots.set(slot, slot(key, now));
            return false;
        }
        int age = now - second(known);
        if (age < 0 && age >= -HOUR) { // barred
            return false;
        }
        slots.set(slot, slot(key, now));
        return age >= 0 && age <= HOUR;
    }

    /** Keeps {@code url} out for an hour: it could not be stored. */
    void bar(String url) {
        Sha256 key = Sha256.of(url);
        slots.set(find(key), slot(key, now() + HOUR));
    }

    private int now() {
        return (int) (TimeUnit.MILLISECONDS.toSeconds(clock.millis()) - start);
    }

    /** The key's own slot, or else the one in its bucket that is empty or oldest. */
    private int find(Sha256 key) {
        int first = (int) (key.a() & (BUCKETS - 1)) * WAYS;
        int oldest = first;
        for (int slot = first; slot < first + WAYS; slot++) {
            if (isOf(slots.get(slot), key)) {
                return slot;
            }
            if (second(slots.get(slot)) < second(slots.get(oldest))) {
                oldest = slot;
            }
        }
        return oldest;
    }

    private static boolean isOf(long slot, Sha256 key) {
        return slot != 0 && (int) (slot >>> Integer.SIZE) == (int) key.b();
    }

    private static long slot(Sha256 key, int second) {
        return (key.b() << Integer.SIZE) | Integer.toUnsignedLong(second);
    }

    private static int second(long slot) {
        return (int) slot;
    }
}
