package dev.sluice.gateway.outbound.wordpress;

import java.time.Duration;
import java.util.Map;
import org.springframework.util.unit.DataSize;

/**
 * Which sites there are and what sending to one may take.
 *
 * @param sites by the names under which callers know them
 * @param userAgent what this side calls itself
 * @param connectTimeout for a free place among the connections, then for the connection, then for TLS
 * @param deadline from the start to the end of one sending, its alternative text included
 * @param maxAnswer largest answer, in bytes of JSON
 * @param connections to each site at one time; four times as many sendings may wait for one
 */
public record WordPressSettings(
        Map<String, WordPressSite> sites,
        String userAgent,
        Duration connectTimeout,
        Duration deadline,
        DataSize maxAnswer,
        int connections) {

    /** Takes a copy. */
    public WordPressSettings {
        sites = Map.copyOf(sites);
    }
}
