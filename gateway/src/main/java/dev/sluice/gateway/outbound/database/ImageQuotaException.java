package dev.sluice.gateway.outbound.database;

import java.io.Serial;

/** Not carried out: the owner would have more images than it may, however small they are. */
public final class ImageQuotaException extends DatabaseException {
    @Serial
    private static final long serialVersionUID = 1L;

    private final int quota;

    ImageQuotaException(long there, int quota) {
        super(DatabaseFailure.QUOTA, there + " images are there or announced (expected: at most " + quota + ")");
        this.quota = quota;
    }

    /** Images that one owner may have. */
    public int quota() {
        return quota;
    }
}
