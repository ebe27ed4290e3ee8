package dev.sluice.gateway.outbound.database;

import java.util.List;

/** What came of the wish to delete an image. */
public sealed interface DeletionStart {

    /** The image is invisible now. Remove its object, if it has one, then finish. */
    record Begun(Image image) implements DeletionStart {}

    /** Nothing has changed: it is in use. */
    record InUse(List<UsageCount> usages) implements DeletionStart {
        public InUse {
            usages = List.copyOf(usages);
        }
    }

    /** There is no such image in scope. */
    record Absent() implements DeletionStart {}
}
