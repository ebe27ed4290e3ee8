package dev.sluice.gateway.outbound.http;

import dev.sluice.gateway.outbound.retry.Backoff;
import dev.sluice.gateway.outbound.retry.RetryPolicy;
import java.time.Duration;
import java.util.Objects;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Which failures of a provider's call are retried, and how: those that pass by themselves. */
public final class ProviderRetries {
    private static final Logger LOG = LoggerFactory.getLogger(ProviderRetries.class);

    private ProviderRetries() {}

    /**
     * The policy of calls to providers.
     *
     * @param firstPause before the first retry, a fifth more or less
     * @param retries at most
     */
    public static RetryPolicy policy(Duration firstPause, int retries) {
        return new RetryPolicy(retries, new Backoff(firstPause, Backoff.Jitter.FIFTH));
    }

    /** Failures of {@code provider}, as it is named in the log. */
    public static RetryPolicy.Failures failures(String provider) {
        return new RetryPolicy.Failures(
                ProviderRetries::isRetryable,
                ProviderRetries::retryAfter,
                (failure, pause) -> LOG.atDebug()
                        .addKeyValue("provider", provider)
                        .addKeyValue(
                                "failure.code",
                                ((ProviderException) failure).failure().code())
                        .addKeyValue("pause", pause)
                        .log("call fails and is retried: {}", failure.getMessage()));
    }

    private static boolean isRetryable(Throwable failure) {
        return failure instanceof ProviderException known
                && switch (known.failure()) {
                    case BUSY, OVERLOADED -> true;
                    default -> known.failure().isRetryable();
                };
    }

    /** Of a retryable failure. */
    private static Duration retryAfter(Throwable failure) {
        return Objects.requireNonNullElse(((ProviderException) failure).retryAfter(), Duration.ZERO);
    }
}
