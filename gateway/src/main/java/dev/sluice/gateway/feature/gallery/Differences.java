package dev.sluice.gateway.feature.gallery;

import dev.sluice.gateway.outbound.database.ObjectReference;
import dev.sluice.gateway.outbound.storage.ListedObject;
import java.util.ArrayList;
import java.util.List;

/**
 * What a comparison of the store's listing with the rows found. An empty database beside a full store, or a store that
 * is not mounted, looks as if everything were left over or lost; so differences count as credible only while they are
 * few and most of what was seen agrees. Not safe for use by several threads at once.
 */
final class Differences {
    /** Fewer are believed though little agrees, if anything does: a small gallery has its accidents too. */
    private static final int FEW = 10;

    private final int most;
    private final List<ListedObject> unnamed = new ArrayList<>();
    private final List<ObjectReference> lost = new ArrayList<>();
    private long agreeing;

    /** @param most differences of either kind that are believed at once; no more are kept */
    Differences(int most) {
        this.most = most;
    }

    /** An object and its row. */
    void agree() {
        agreeing++;
    }

    /** An object without a row. */
    void unnamed(ListedObject object) {
        if (unnamed.size() <= most) {
            unnamed.add(object);
        }
    }

    /** A row without its object. */
    void lost(ObjectReference row) {
        if (lost.size() <= most) {
            lost.add(row);
        }
    }

    /** Whether the two belong to each other, so that what one does not know may be taken from the other. */
    boolean areCredible() {
        return isCredible(unnamed.size()) && isCredible(lost.size());
    }

    private boolean isCredible(int differing) {
        return differing == 0 || (agreeing > 0 && differing <= most && differing <= Math.max(FEW, agreeing));
    }

    List<ListedObject> unnamed() {
        return unnamed;
    }

    List<ObjectReference> lost() {
        return lost;
    }

    /** For the operator. */
    @Override
    public String toString() {
        return count(unnamed) + " objects without a row, " + count(lost) + " rows without an object, " + agreeing
                + " objects with a row";
    }

    private String count(List<?> found) {
        return found.size() > most ? "more than " + most : Integer.toString(found.size());
    }
}
