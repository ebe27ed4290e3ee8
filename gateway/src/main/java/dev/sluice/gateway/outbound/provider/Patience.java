package dev.sluice.gateway.outbound.provider;

import java.time.Duration;

/**
 * How long one answer may take altogether.
 *
 * @param deadline around everything: both tries, the pause, and the whole of a streamed answer
 * @param tryTimeout what one try is given; a second one is only made while at least half of that is left
 * @param retryPause before the second try
 */
public record Patience(Duration deadline, Duration tryTimeout, Duration retryPause) {

    /** The latest start of a second try, from the start of the first. */
    Duration lastRetry() {
        return deadline.minus(tryTimeout.dividedBy(2));
    }
}
