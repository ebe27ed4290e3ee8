package dev.sluice.gateway.feature.gallery;

import dev.sluice.gateway.outbound.database.ObjectReference;
import dev.sluice.gateway.outbound.storage.ListedObject;
import dev.sluice.gateway.outbound.storage.ObjectKey;
import java.util.ArrayList;
import java.util.List;

/**
 * What a comparison of the store's listing with the rows found, owner after owner in the order of keys.
 *
 * <p>An owner is believed while its differences are few and most of what was seen of it agrees; one who is not is left
 * alone, and nobody else for it. An empty database beside a full store, or a store that is not mounted, looks as if
 * everything were left over or lost: so nobody is believed when little agrees in all, or when too many owners differ.
 * No owner weighs more than a tenth of what makes that so, and one who is left alone weighs one. Not safe for use by
 * several threads at once.
 */
final class Differences {
    /** Fewer are believed though little agrees, if anything does: a small gallery has its accidents too. */
    private static final int FEW = 10;

    private static final int MOST_TOLD = 5;

    private final int most;
    private final int heaviest;
    private final Count unnamedInAll = new Count();
    private final Count lostInAll = new Count();
    private final List<ListedObject> unnamed = new ArrayList<>();
    private final List<ObjectReference> lost = new ArrayList<>();
    private final List<String> doubted = new ArrayList<>();
    private long agreeing;
    private Owner owner = new Owner("");

    /** @param most differences of either kind that are believed at once, of one owner and, weighed, of all */
    Differences(int most) {
        this.most = most;
        this.heaviest = Math.clamp(most / FEW, 1, FEW);
    }

    /** Of either kind. */
    private static final class Count {
        private long found;
        private long weight;
    }

    /** The owner whose keys are being told. */
    private static final class Owner {
        private final String tenant;
        private final List<ListedObject> unnamed = new ArrayList<>();
        private final List<ObjectReference> lost = new ArrayList<>();
        private long agreeing;

        Owner(String tenant) {
            this.tenant = tenant;
        }
    }

    /** An object and its row. */
    void agree(String key) {
        of(key).agreeing++;
        agreeing++;
    }

    /** An object without a row. */
    void unnamed(ListedObject object) {
        Owner its = of(object.key().value());
        unnamedInAll.found++;
        if (its.unnamed.size() <= most) {
            its.unnamed.add(object);
        }
    }

    /** A row without its object. */
    void lost(ObjectReference row) {
        Owner its = of(row.key());
        lostInAll.found++;
        if (its.lost.size() <= most) {
            its.lost.add(row);
        }
    }

    private Owner of(String key) {
        String tenant = ObjectKey.tenantOf(key);
        if (!owner.tenant.equals(tenant)) {
            judge();
            owner = new Owner(tenant);
        }
        return owner;
    }

    /** Everything has been told. */
    Differences end() {
        judge();
        owner = new Owner("");
        return this;
    }

    private void judge() {
        boolean isBelieved = isFew(owner.unnamed.size(), owner.agreeing) && isFew(owner.lost.size(), owner.agreeing);
        int heaviestOfThis = isBelieved ? heaviest : 1;
        unnamedInAll.weight += Math.min(heaviestOfThis, owner.unnamed.size());
        lostInAll.weight += Math.min(heaviestOfThis, owner.lost.size());
        if (isBelieved && unnamedInAll.weight <= most && lostInAll.weight <= most) {
            unnamed.addAll(owner.unnamed);
            lost.addAll(owner.lost);
        } else if (!isBelieved && doubted.size() <= MOST_TOLD) {
            doubted.add(owner.tenant);
        }
    }

    private boolean isFew(long differing, long agreeing) {
        return differing <= most && differing <= Math.max(FEW, agreeing);
    }

    /** Whether the two belong to each other, so that what one does not know may be taken from the other. */
    boolean areCredible() {
        return isCredible(unnamedInAll.weight) && isCredible(lostInAll.weight);
    }

    private boolean isCredible(long weight) {
        return weight == 0 || (agreeing > 0 && isFew(weight, agreeing));
    }

    /** Whether there are owners who are not believed. */
    boolean areDoubted() {
        return !doubted.isEmpty();
    }

    /** Of the owners who are believed. */
    List<ListedObject> unnamed() {
        return unnamed;
    }

    /** Of the owners who are believed. */
    List<ObjectReference> lost() {
        return lost;
    }

    /** For the operator. */
    @Override
    public String toString() {
        String all = unnamedInAll.found + " objects without a row, " + lostInAll.found + " rows without an object, "
                + agreeing + " objects with a row";
        return doubted.isEmpty()
                ? all
                : all + "; too many differ of "
                        + String.join(", ", doubted.stream().limit(MOST_TOLD).toList())
                        + (doubted.size() > MOST_TOLD ? " and others" : "");
    }
}
