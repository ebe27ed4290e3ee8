package dev.sluice.zipstream;

import java.time.Duration;

/** A body was not complete in time; see {@link ByteStreams#withDeadline}. Carries no stack trace. */
public final class DeadlineExceededException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final Duration deadline;

    DeadlineExceededException(Duration deadline) {
        super("body: not complete after " + deadline, null, true, false);
        this.deadline = deadline;
    }

    /** The time that was allowed for the whole body. */
    public Duration deadline() {
        return deadline;
    }
}
