package dev.sluice.gateway.outbound.storage;

import java.io.Serial;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A failed call of the store. The message names the key and never a credential; the cause stays. */
public final class StorageException extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1L;

    private final Kind kind;

    /** A failure. */
    public StorageException(Kind kind, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.kind = kind;
    }

    StorageException(Kind kind, String message) {
        this(kind, message, null);
    }

    /** What went wrong. */
    public Kind kind() {
        return kind;
    }

    /** What can go wrong. */
    public enum Kind {
        /** The store cannot be reached, is too slow or is overloaded: later it may work. */
        UNAVAILABLE,
        /** There is no room for the object. */
        FULL,
        /** There is an object under that key already. */
        EXISTS,
        /** The body was not as long as announced. */
        LENGTH_MISMATCH,
        /** The object was deleted before it was read. */
        GONE,
        /**
         * The place of all objects is not there: the bucket was deleted, or the directory is not mounted. It says
         * nothing of the object that was asked for.
         */
        MISSING,
        /** The store does not let the gateway do that: permissions, credentials. */
        REFUSED,
        /** What is stored is damaged, or the store's response is unexpected. */
        BROKEN;

        /** Whether the same may succeed later without anybody changing anything. */
        public boolean isRetryable() {
            return this == UNAVAILABLE;
        }

        /** In lower case, for meters and logs. */
        public String code() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
