package dev.sluice.gateway.outbound.fetch;

import org.jspecify.annotations.Nullable;

/** A fetch that did not succeed. Its message is safe to show to the caller who named the URL. */
public final class FetchException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final FetchFailure failure;
    private final int status;

    /** A failure without an HTTP status. */
    public FetchException(FetchFailure failure, String detail, @Nullable Throwable cause) {
        this(failure, 0, detail, cause);
    }

    /** A failure after the origin answered with {@code status}; 0 when it did not answer. */
    public FetchException(FetchFailure failure, int status, String detail, @Nullable Throwable cause) {
        super(detail, cause, false, cause != null);
        this.failure = failure;
        this.status = status;
    }

    /** The kind of failure. */
    public FetchFailure failure() {
        return failure;
    }

    /** The origin's status, or 0 when it gave none. */
    public int status() {
        return status;
    }

    /** Whether the origin says that there is no such thing any more. */
    public boolean isGone() {
        return status == 404 || status == 410;
    }

    /** The same for one who remembers it: the traces of its causes would weigh more than all else. */
    public FetchException withoutCause() {
        return new FetchException(failure, status, String.valueOf(getMessage()), null);
    }
}
