package dev.sluice.gateway.outbound.ai.text;

import java.time.Duration;

/**
 * How long one call is waited for, and when it is repeated.
 *
 * @param tryTimeout what the first try is given before a second one is made, which is only done while at least half of
 *     that is left; a try that no other can follow has all the time that is left
 * @param retryPause before the second try
 */
public record TryPolicy(Duration tryTimeout, Duration retryPause) {

    /** The latest start of a second try, from the start of the first, when both may take {@code within}. */
    Duration lastRetry(Duration within) {
        return within.minus(tryTimeout.dividedBy(2));
    }
}
