package dev.sluice.gateway.outbound.provider;

import java.time.Duration;

/**
 * How often a provider is asked.
 *
 * @param firstPause between the first two looks; each further pause is half as long again
 * @param longestPause between two looks
 * @param retryPause before a failed call is repeated; doubled before each further repetition
 * @param retries how often one call is repeated
 */
public record ImagePatience(Duration firstPause, Duration longestPause, Duration retryPause, int retries) {

    /** Looks after 500 ms, 750 ms and so on up to 3 s; repeats after 1 s, 2 s and 4 s. */
    public static final ImagePatience DEFAULTS =
            new ImagePatience(Duration.ofMillis(500), Duration.ofSeconds(3), Duration.ofSeconds(1), 3);
}
