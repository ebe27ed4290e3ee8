package dev.sluice.gateway.outbound.database;

/** What to make of a {@link DatabaseException}. */
public enum DatabaseFailure {
    /** Not carried out: no connection in time, or the statement was cut off. Trying again may help. */
    UNAVAILABLE,
    /**
     * The connection was lost while the change was being committed: it took place or it did not, and only looking
     * tells. Do not undo what belongs to it.
     */
    IN_DOUBT,
    /** Not carried out: it contradicts what is there, or another change that went on at once. */
    CONFLICT,
    /**
     * Not carried out: the owner would have more than it may; see {@link StorageQuotaException},
     * {@link ImageQuotaException} and {@link UsageQuotaException}.
     */
    QUOTA,
    /** Not carried out: the database will not store such a value. */
    REJECTED,
    /** Not carried out, for a defect of the gateway or of the schema. */
    DEFECT
}
