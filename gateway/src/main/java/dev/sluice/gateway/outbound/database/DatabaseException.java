package dev.sluice.gateway.outbound.database;

import java.io.Serial;

/** A query or transaction that failed, or whose outcome is unknown. */
public class DatabaseException extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1L;

    private final Kind kind;

    /** With the driver's error. */
    public DatabaseException(Kind kind, String message, Throwable cause) {
        super(message, cause);
        this.kind = kind;
    }

    /** Without a cause: a statement's result shows it. */
    public DatabaseException(Kind kind, String message) {
        super(message);
        this.kind = kind;
    }

    /** What to make of it. */
    public Kind kind() {
        return kind;
    }

    /** What to make of a {@link DatabaseException}. */
    public enum Kind {
        /** No effect: no connection in time, or the statement was cut off. Trying again may help. */
        UNAVAILABLE,
        /**
         * The connection was lost while the change was being committed: it took effect or not, and only a query can
         * tell. Do not roll back what belongs to it.
         */
        IN_DOUBT,
        /** No effect: it conflicts with the rows, or with a concurrent transaction. */
        CONFLICT,
        /** No effect: the owner would exceed a quota; the subclass says which. */
        QUOTA,
        /** No effect: the database does not store such a value. */
        REJECTED,
        /** No effect, for a defect of the gateway or of the schema. */
        DEFECT
    }
}
