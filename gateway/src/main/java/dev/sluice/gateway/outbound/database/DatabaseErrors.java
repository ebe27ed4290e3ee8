package dev.sluice.gateway.outbound.database;

import static dev.sluice.gateway.outbound.database.DatabaseException.Kind.CONFLICT;
import static dev.sluice.gateway.outbound.database.DatabaseException.Kind.DEFECT;
import static dev.sluice.gateway.outbound.database.DatabaseException.Kind.IN_DOUBT;
import static dev.sluice.gateway.outbound.database.DatabaseException.Kind.REJECTED;
import static dev.sluice.gateway.outbound.database.DatabaseException.Kind.UNAVAILABLE;

import io.r2dbc.spi.R2dbcException;
import io.r2dbc.spi.R2dbcNonTransientResourceException;
import io.r2dbc.spi.R2dbcTimeoutException;
import io.r2dbc.spi.R2dbcTransientResourceException;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import reactor.pool.PoolAcquirePendingLimitException;
import reactor.pool.PoolShutdownException;

/** Classifies the errors of the drivers, the pool and Spring, by SQLSTATE if there is one. */
final class DatabaseErrors {

    /** SQLSTATE: read_only_sql_transaction. */
    static final String READ_ONLY = "25006";

    /** What a pooler before the server needs so that it keeps the prepared statements of its clients apart. */
    static final String POOLER = "PgBouncer has to be 1.21 or later, with max_prepared_statements above 0";

    /**
     * SQLSTATE: a prepared statement is there already, or is not. Each connection has its own, but not through all
     * poolers.
     */
    private static final List<String> MIXED_UP = List.of("42P05", "26000");

    private DatabaseErrors() {}

    static DatabaseException of(Throwable error, boolean committing) {
        if (error instanceof DatabaseException ours) {
            return ours;
        }
        // Drivers class the two states differently; to a caller they are one fault, and not of his request.
        DatabaseException.Kind failure = isMixedUp(error) ? UNAVAILABLE : failure(error);
        if (committing && (failure == UNAVAILABLE || failure == DEFECT)) {
            failure = IN_DOUBT;
        }
        String what = switch (failure) {
            case UNAVAILABLE -> "the database is unavailable";
            case IN_DOUBT -> "the database was lost during a commit";
            case CONFLICT -> "the change contradicts what is in the database";
            case QUOTA -> "a quota is exceeded";
            case REJECTED -> "the database does not accept a value";
            case DEFECT -> "the database refuses a statement";
        };
        return new DatabaseException(
                failure,
                isMixedUp(error)
                        ? what + ": a pooler before it mixes up the prepared statements of its clients; " + POOLER
                        : what,
                error);
    }

    /** Whether a pooler before the server gives statements of one client to another. */
    static boolean isMixedUp(Throwable error) {
        return MIXED_UP.contains(String.valueOf(state(error)));
    }

    /** Whether the server is a standby, or was made one: it takes no changes, on no connection. */
    static boolean isReadOnly(Throwable error) {
        return READ_ONLY.equals(state(error));
    }

    /** What the server or the driver says, below what the pool and we make of it. */
    static String reason(Throwable error) {
        Throwable last = error;
        // The pool's own says more than the timer below it.
        while (last.getCause() != null && !(last instanceof R2dbcTimeoutException)) {
            last = last.getCause();
        }
        return isMixedUp(error) ? last + " (" + POOLER + ")" : last.toString();
    }

    /** The SQLSTATE that the server gave, or else the driver; null if there is none. */
    static @Nullable String state(Throwable error) {
        String state = null;
        for (Throwable each = error; each != null; each = each.getCause()) {
            if (each instanceof R2dbcException r2dbc && r2dbc.getSqlState() != null) {
                state = r2dbc.getSqlState();
            }
        }
        return state;
    }

    private static DatabaseException.Kind failure(Throwable error) {
        for (Throwable each = error; each != null; each = each.getCause()) {
            if (each instanceof R2dbcException r2dbc) {
                return failure(r2dbc);
            }
            if (each instanceof IOException
                    || each instanceof TimeoutException
                    || each instanceof RejectedExecutionException
                    || each instanceof PoolAcquirePendingLimitException
                    || each instanceof PoolShutdownException) {
                return UNAVAILABLE;
            }
        }
        return DEFECT;
    }

    private static DatabaseException.Kind failure(R2dbcException error) {
        String state = stateClass(error.getSqlState());
        return switch (state) {
            case "08", "53", "55", "57", "58", "90", "HY" -> UNAVAILABLE;
            case "23" -> notStorable(error.getSqlState()) ? REJECTED : CONFLICT;
            case "40" -> CONFLICT;
            case "22" -> REJECTED;
            default ->
                error instanceof R2dbcNonTransientResourceException
                                || error instanceof R2dbcTransientResourceException
                                || error instanceof R2dbcTimeoutException
                                || state.isEmpty()
                        ? UNAVAILABLE
                        : DEFECT;
        };
    }

    /** NOT NULL and CHECK, in the numbers of either database. */
    private static boolean notStorable(@Nullable String state) {
        return "23502".equals(state) || "23514".equals(state) || "23513".equals(state);
    }

    private static String stateClass(@Nullable String state) {
        return state == null || state.length() < 2 ? "" : state.substring(0, 2);
    }
}
