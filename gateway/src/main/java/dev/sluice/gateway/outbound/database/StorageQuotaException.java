package dev.sluice.gateway.outbound.database;

import java.io.Serial;

/** Not carried out: the owner would have more of the store than its quota. */
public final class StorageQuotaException extends DatabaseException {
    @Serial
    private static final long serialVersionUID = 1L;

    private final long used;
    private final long wanted;
    private final long quota;

    StorageQuotaException(long used, long wanted, long quota) {
        super(
                DatabaseFailure.QUOTA,
                used + " bytes are used and " + wanted + " wanted (expected: at most " + quota + ")");
        this.used = used;
        this.wanted = wanted;
        this.quota = quota;
    }

    /** Bytes that are the owner's already. */
    public long used() {
        return used;
    }

    /** Bytes that were asked for. */
    public long wanted() {
        return wanted;
    }

    /** Bytes that the owner may have. */
    public long quota() {
        return quota;
    }
}
