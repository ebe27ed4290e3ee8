package dev.sluice.gateway.outbound.provider;

import java.io.Serial;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A provider gave no answer, or no whole one. The message may be shown to the caller. It has no cause, on purpose: what
 * the network libraries say may quote what a provider echoed, so only a scrubbed line of it is kept.
 */
public final class ProviderException extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1L;

    private final ProviderFailure failure;
    private final @Nullable Duration retryAfter;
    private final @Nullable String reason;

    /** A failure with nothing more to say. */
    public ProviderException(ProviderFailure failure, String message) {
        this(failure, message, null, null);
    }

    /**
     * A failure.
     *
     * @param message for the caller
     * @param retryAfter when to come back, if the provider said so
     * @param reason one line for the log, without anything secret
     */
    ProviderException(ProviderFailure failure, String message, @Nullable Duration retryAfter, @Nullable String reason) {
        super(message, null, false, false);
        this.failure = failure;
        this.retryAfter = retryAfter;
        this.reason = reason;
    }

    /** What kind of failure it was. */
    public ProviderFailure failure() {
        return failure;
    }

    /** When to come back, if the provider said so. */
    public @Nullable Duration retryAfter() {
        return retryAfter;
    }

    /** For the log. */
    @Nullable String reason() {
        return reason;
    }
}
