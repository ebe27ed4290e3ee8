package dev.sluice.limits.redis;

import io.lettuce.core.cluster.SlotHash;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The hash tags of keys: which of them share a slot of a cluster.
 *
 * <p>All keys of one subject have one tag, and so have those of one address: what is decided together lies on one node.
 * There are {@value #COUNT} tags for all subjects and addresses, not one for each of them: only requests of one slot
 * can share a command, and a command a request is what costs Redis most. Their slots lie one in the middle of each
 * {@value #COUNT}th of all slots, so that masters which share the slots evenly share the tags evenly, up to
 * {@value #COUNT} of them. What all share has a tag of its own, by the name of its limit.
 */
final class Tags {
    /** A number that 2, 3, 4, 6, 8 and 12 masters share without a remainder. */
    static final int COUNT = 24;

    private static final int CANDIDATES = 1000;
    /** Some six for each slot. */
    private static final int MOST_TRIES = 100_000;

    private static final String[] SPREAD = spread();

    private Tags() {}

    /** Of {@value #CANDIDATES} names, the one whose slot lies nearest to the middle of each part. */
    private static String[] spread() {
        String[] tags = new String[COUNT];
        int[] distances = new int[COUNT];
        Arrays.fill(distances, Integer.MAX_VALUE);
        for (int i = 0; i < CANDIDATES; i++) {
            String tag = String.format(Locale.ROOT, "s%03d", i);
            int slot = SlotHash.getSlot(tag);
            int part = slot * COUNT / SlotHash.SLOT_COUNT;
            int distance = Math.abs(slot - (2 * part + 1) * SlotHash.SLOT_COUNT / (2 * COUNT));
            if (distance < distances[part]) {
                tags[part] = tag;
                distances[part] = distance;
            }
        }
        return tags;
    }

    /** Of a subject or an address; all of the same length. */
    static String of(String who) {
        int hash = who.hashCode() * 0x9E3779B9; // names that differ in a digit go to different tags
        return SPREAD[Integer.remainderUnsigned(hash >>> 8, COUNT)];
    }

    /** All tags of subjects and addresses. */
    static List<String> all() {
        return List.of(SPREAD);
    }

    /** One whose slot is among those, of a subject if there is one; empty if there is hardly any such slot. */
    static Optional<String> within(IntPredicate slots) {
        return Stream.concat(
                        Arrays.stream(SPREAD), IntStream.range(0, MOST_TRIES).mapToObj(i -> "n" + i))
                .filter(tag -> slots.test(SlotHash.getSlot(tag)))
                .findFirst();
    }

    /** Of a limit that all share. */
    static String ofAll(String limit) {
        return "g-" + limit;
    }
}
