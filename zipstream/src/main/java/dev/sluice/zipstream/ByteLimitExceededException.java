package dev.sluice.zipstream;

/** A body went over its limit; see {@link ByteStreams#capped}. Carries no stack trace: it is an answer, not a fault. */
public final class ByteLimitExceededException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final long limit;
    private final long count;

    ByteLimitExceededException(long limit, long count) {
        super("body: " + count + " bytes and not at its end (expected: at most " + limit + ")", null, true, false);
        this.limit = limit;
        this.count = count;
    }

    /** The limit in bytes. */
    public long limit() {
        return limit;
    }

    /** Bytes seen when the limit was found broken, those of the offending buffer included. */
    public long count() {
        return count;
    }
}
