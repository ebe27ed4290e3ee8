package dev.sluice.gateway.outbound.database.image;

import dev.sluice.gateway.outbound.database.DatabaseException;
import java.io.Serial;

/** Not carried out: the owner would have more than its quota. */
public abstract sealed class QuotaExceededException extends DatabaseException {
    @Serial
    private static final long serialVersionUID = 1L;

    private QuotaExceededException(String message) {
        super(DatabaseException.Kind.QUOTA, message);
    }

    /** The owner would have more of the store than its quota. */
    public static final class OfStorage extends QuotaExceededException {
        @Serial
        private static final long serialVersionUID = 1L;

        private final long used;
        private final long requested;
        private final long quota;

        OfStorage(long used, long requested, long quota) {
            super(used + " bytes are used and " + requested + " requested (expected: at most " + quota + ")");
            this.used = used;
            this.requested = requested;
            this.quota = quota;
        }

        /** Bytes that are the owner's already. */
        public long used() {
            return used;
        }

        /** Bytes that were asked for. */
        public long requested() {
            return requested;
        }

        /** Bytes that the owner may have. */
        public long quota() {
            return quota;
        }
    }

    /** The owner would have more images than it may, however small they are. */
    public static final class OfImages extends QuotaExceededException {
        @Serial
        private static final long serialVersionUID = 1L;

        private final int quota;

        OfImages(long present, int quota) {
            super(present + " images are stored or announced (expected: at most " + quota + ")");
            this.quota = quota;
        }

        /** Images that one owner may have. */
        public int quota() {
            return quota;
        }
    }

    /** The owner's images would have more usages than they may. */
    public static final class OfUsages extends QuotaExceededException {
        @Serial
        private static final long serialVersionUID = 1L;

        private final int quota;

        OfUsages(int quota) {
            super("the owner's images have " + quota + " usages (expected: at most as many)");
            this.quota = quota;
        }

        /** Usages that the images of one owner may have. */
        public int quota() {
            return quota;
        }
    }
}
