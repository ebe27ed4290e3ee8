package dev.sluice.gateway.outbound.database;

import java.io.Serial;

/** Not carried out: the owner's images would have more usages than they may. */
public final class UsageQuotaException extends DatabaseException {
    @Serial
    private static final long serialVersionUID = 1L;

    private final int quota;

    UsageQuotaException(int quota) {
        super(DatabaseFailure.QUOTA, quota + " usages are noted (expected: at most so many)");
        this.quota = quota;
    }

    /** Usages that the images of one owner may have. */
    public int quota() {
        return quota;
    }
}
