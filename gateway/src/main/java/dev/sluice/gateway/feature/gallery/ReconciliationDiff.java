package dev.sluice.gateway.feature.gallery;

import dev.sluice.gateway.outbound.database.image.ObjectReferences;
import dev.sluice.gateway.outbound.storage.ObjectKey;
import dev.sluice.gateway.outbound.storage.ObjectStore;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * What a comparison of the store's listing with the rows found, owner after owner in the order of keys.
 *
 * <p>The differences of an owner are plausible if they are few and most of its keys agree; an owner whose differences
 * are not is skipped, the others are not. With an empty database beside a full store, or a store that is not mounted,
 * everything looks left over or lost: so the whole is implausible if little agrees, or if too many owners differ. One
 * owner weighs at most a tenth of that bound, and a skipped owner weighs one.
 *
 * <p>A row is only believed to have lost its object if the store still has one that is older than its image. What was
 * emptied or made anew, and has taken new images since, has none: its few images would agree, and all that were there
 * before would be lost. Not thread-safe.
 */
final class ReconciliationDiff {
    /** As many are plausible even if little agrees, as long as anything does: a small gallery has accidents too. */
    private static final int FEW = 10;

    private static final int MOST_NAMED = 5;

    private final int most;
    private final int heaviest;
    private final Count allUnnamed = new Count();
    private final Count allLost = new Count();
    private final List<ObjectStore.Summary> unnamed = new ArrayList<>();
    private final List<ObjectReferences.Reference> lost = new ArrayList<>();
    private final List<String> skipped = new ArrayList<>();
    private long agreeing;
    private int doubted;
    private Instant oldest = Instant.MAX;
    private Owner owner = new Owner("");

    /** @param most differences of either kind that are plausible at once, of one owner and, weighed, of all */
    ReconciliationDiff(int most) {
        this.most = most;
        this.heaviest = Math.clamp(most / FEW, 1, FEW);
    }

    /** Of either kind. */
    private static final class Count {
        private long found;
        private long weight;
    }

    /** The owner whose keys are being compared. */
    private static final class Owner {
        private final String tenant;
        private final List<ObjectStore.Summary> unnamed = new ArrayList<>();
        private final List<ObjectReferences.Reference> lost = new ArrayList<>();
        private long agreeing;

        Owner(String tenant) {
            this.tenant = tenant;
        }
    }

    /**
     * An object and its row.
     *
     * @param stored when, by the store's clock
     */
    void agree(String key, Instant stored) {
        of(key).agreeing++;
        agreeing++;
        oldest = stored.isBefore(oldest) ? stored : oldest;
    }

    /** An object without a row. */
    void unnamed(ObjectStore.Summary object) {
        Owner its = of(object.key().value());
        allUnnamed.found++;
        if (its.unnamed.size() <= most) {
            its.unnamed.add(object);
        }
    }

    /** A row without its object. */
    void lost(ObjectReferences.Reference row) {
        Owner its = of(row.key());
        allLost.found++;
        if (its.lost.size() <= most) {
            its.lost.add(row);
        }
    }

    private Owner of(String key) {
        String tenant = ObjectKey.tenantOf(key);
        if (!owner.tenant.equals(tenant)) {
            evaluate();
            owner = new Owner(tenant);
        }
        return owner;
    }

    /** All keys have been compared. */
    ReconciliationDiff end() {
        evaluate();
        owner = new Owner("");
        int before = lost.size();
        lost.removeIf(row -> !row.since().isAfter(oldest));
        doubted = before - lost.size();
        return this;
    }

    private void evaluate() {
        boolean isPlausible = isFew(owner.unnamed.size(), owner.agreeing) && isFew(owner.lost.size(), owner.agreeing);
        int heaviestOfThis = isPlausible ? heaviest : 1;
        allUnnamed.weight += Math.min(heaviestOfThis, owner.unnamed.size());
        allLost.weight += Math.min(heaviestOfThis, owner.lost.size());
        if (isPlausible && allUnnamed.weight <= most && allLost.weight <= most) {
            unnamed.addAll(owner.unnamed);
            lost.addAll(owner.lost);
        } else if (!isPlausible && skipped.size() <= MOST_NAMED) {
            skipped.add(owner.tenant);
        }
    }

    private boolean isFew(long differing, long agreeing) {
        return differing <= most && differing <= Math.max(FEW, agreeing);
    }

    /** Whether store and database belong to each other, so that differences may be repaired. */
    boolean arePlausible() {
        return isPlausible(allUnnamed.weight) && isPlausible(allLost.weight);
    }

    private boolean isPlausible(long weight) {
        return weight == 0 || (agreeing > 0 && isFew(weight, agreeing));
    }

    /** Whether owners are skipped. */
    boolean hasSkippedOwners() {
        return !skipped.isEmpty();
    }

    /** Whether there are rows, and not one object: the store was emptied, or is another one. */
    boolean isStoreEmpty() {
        return agreeing == 0 && allUnnamed.found == 0 && allLost.found > 0;
    }

    /** Rows without an object that are older than every object there is, and so are not believed. */
    int doubted() {
        return doubted;
    }

    /** Of owners that are not skipped. */
    List<ObjectStore.Summary> unnamed() {
        return unnamed;
    }

    /** Of owners that are not skipped, without those that are doubted. */
    List<ObjectReferences.Reference> lost() {
        return lost;
    }

    /** For the operator. */
    @Override
    public String toString() {
        String all = allUnnamed.found + " objects without a row, " + allLost.found + " rows without an object, "
                + agreeing + " objects with a row"
                + (doubted > 0 ? ", " + doubted + " of the rows older than every object" : "");
        return skipped.isEmpty()
                ? all
                : all + "; too many differ of "
                        + String.join(", ", skipped.stream().limit(MOST_NAMED).toList())
                        + (skipped.size() > MOST_NAMED ? " and others" : "");
    }
}
