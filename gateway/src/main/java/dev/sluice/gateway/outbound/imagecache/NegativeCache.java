package dev.sluice.gateway.outbound.imagecache;

import dev.sluice.gateway.outbound.fetch.FetchException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What could not be had a moment ago, so that a broken image does not hammer its origin. What the origin decided is
 * remembered longer than what merely went wrong.
 */
public final class NegativeCache {
    private static final long MOST_CHARACTERS = 4_000_000;
    private static final int ENTRY_OVERHEAD = 100;

    private final Duration decided;
    private final Duration wentWrong;
    private final Clock clock;
    private final ExpiringFailures<Failure> failures;

    /**
     * A failure and until when it is taken for granted.
     *
     * @param exception what happened
     * @param until when the origin is asked again
     */
    public record Failure(FetchException exception, Instant until) implements ExpiringFailures.Expiring {}

    /**
     * @param decided how long an answer that is no image is remembered: gone, too large, something else
     * @param wentWrong how long everything else is: timeouts, connections, other statuses, refused addresses
     */
    public NegativeCache(Duration decided, Duration wentWrong, Clock clock) {
        this.decided = decided;
        this.wentWrong = wentWrong;
        this.clock = clock;
        this.failures =
                new ExpiringFailures<>(MOST_CHARACTERS, ENTRY_OVERHEAD, known -> time(known.exception()), clock);
    }

    /** What is known of {@code url}, or null. */
    public @Nullable Failure find(String url) {
        return failures.find(url);
    }

    /** Remembers a failure. */
    public void remember(String url, FetchException failure) {
        Duration time = time(failure);
        if (time.isPositive()) {
            failures.remember(
                    url, new Failure(withoutCause(failure), clock.instant().plus(time)));
        }
    }

    private Duration time(FetchException failure) {
        return isDecision(failure) ? decided : wentWrong;
    }

    /** What is told of it again; the traces of its causes would weigh more than all else here. */
    private static FetchException withoutCause(FetchException failure) {
        return new FetchException(failure.failure(), failure.status(), String.valueOf(failure.getMessage()), null);
    }

    /** Forgets what is known of {@code url}; whether there was anything. */
    public boolean forget(String url) {
        return failures.forget(url);
    }

    /** Forgets everything. */
    public void forgetAll() {
        failures.forgetAll();
    }

    /** Whether the origin says that there is no such image any more. */
    public static boolean isGone(FetchException failure) {
        return failure.status() == 404 || failure.status() == 410;
    }

    private static boolean isDecision(FetchException failure) {
        return switch (failure.failure()) {
            case TOO_LARGE, NOT_AN_IMAGE, BAD_ENCODING, INVALID_URL -> true;
            case UPSTREAM_STATUS -> isGone(failure);
            case BLOCKED_ADDRESS, TIMED_OUT, CONNECTION_FAILED -> false;
        };
    }
}
