package dev.sluice.zipstream;

import java.time.Duration;

/** Upstream sent less than it must; see {@link ByteStreams#withMinimumRate}. Carries no stack trace. */
public final class BodyTooSlowException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final long bytesPerSecond;
    private final Duration grace;
    private final long count;

    BodyTooSlowException(MinimumRate rate, long count) {
        super(
                "body: too slow after " + count + " bytes (expected: at least " + rate.bytesPerSecond()
                        + " bytes per second, pauses up to " + rate.grace() + ")",
                null,
                true,
                false);
        this.bytesPerSecond = rate.bytesPerSecond();
        this.grace = rate.grace();
        this.count = count;
    }

    /** The rate that was not kept. */
    public MinimumRate rate() {
        return new MinimumRate(bytesPerSecond, grace);
    }

    /** Bytes received until then. */
    public long count() {
        return count;
    }
}
