package dev.sluice.gateway.outbound.database;

import java.util.List;

/** What came of the wish to delete an image. */
public sealed interface DeletionStart {

    /**
     * The image is invisible now. Remove its object, if it has one, then finish.
     *
     * @param attempt 1 for the deletion that made it invisible; the fence of {@link ImageDeletion#restore}
     */
    record Begun(Image image, int attempt) implements DeletionStart {}

    /** Nothing has changed: it is in use. */
    record InUse(List<UsageCount> usages) implements DeletionStart {
        public InUse {
            usages = List.copyOf(usages);
        }
    }

    /** There is no such image in scope. */
    record Absent() implements DeletionStart {}
}
