package dev.sluice.gateway.outbound.http;

import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import java.io.Serial;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A provider did not answer, or answered in part. The message may be shown to the caller. It has no cause, on purpose:
 * what the network libraries say may quote what a provider echoed, so only a scrubbed line of it is kept.
 */
public final class ProviderException extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1L;

    private static final Duration SHORT_WAIT = Duration.ofSeconds(1);

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
    public ProviderException(
            ProviderFailure failure, String message, @Nullable Duration retryAfter, @Nullable String reason) {
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
    public @Nullable String reason() {
        return reason;
    }

    /** This failure as a caller is told of it. */
    public GatewayException problem() {
        ProblemCode code = switch (failure) {
            case NOT_CONFIGURED -> ProblemCode.PROVIDER_NOT_CONFIGURED;
            case OVERLOADED -> ProblemCode.OVERLOADED;
            case TIMED_OUT, STALLED, UNCERTAIN -> ProblemCode.UPSTREAM_TIMEOUT;
            case BUSY -> ProblemCode.PROVIDER_BUSY;
            case BLOCKED -> ProblemCode.PROMPT_REJECTED;
            case INCOMPLETE -> ProblemCode.ANSWER_INCOMPLETE;
            case UNREACHABLE, SERVER_ERROR, REFUSED, FAILED, BROKEN_ANSWER -> ProblemCode.UPSTREAM_FAILED;
        };
        GatewayException problem = new GatewayException(code, String.valueOf(getMessage()), this);
        Duration wait = failure == ProviderFailure.OVERLOADED ? SHORT_WAIT : retryAfter;
        return wait == null ? problem : problem.retryAfter(wait);
    }
}
