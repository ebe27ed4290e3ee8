package dev.sluice.gateway.outbound.database;

import java.io.Serial;

/** A question or change that the database did not carry out, or may not have. */
public sealed class DatabaseException extends RuntimeException
        permits ImageQuotaException, StorageQuotaException, UsageQuotaException {
    @Serial
    private static final long serialVersionUID = 1L;

    private final DatabaseFailure failure;

    DatabaseException(DatabaseFailure failure, String message, Throwable cause) {
        super(message, cause);
        this.failure = failure;
    }

    DatabaseException(DatabaseFailure failure, String message) {
        super(message);
        this.failure = failure;
    }

    /** What to make of it. */
    public DatabaseFailure failure() {
        return failure;
    }
}
