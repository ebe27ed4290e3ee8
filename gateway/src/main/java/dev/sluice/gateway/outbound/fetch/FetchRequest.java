package dev.sluice.gateway.outbound.fetch;

import java.time.Duration;
import java.util.Set;

/**
 * One resource to fetch and its bounds.
 *
 * @param url as the caller gave it; judged by the fetch itself
 * @param maxBytes largest body accepted, in bytes
 * @param deadline for the whole exchange, reader included
 * @param reach which URLs this use may name
 * @param media what the body must be
 */
public record FetchRequest(String url, long maxBytes, Duration deadline, Reach reach, Media media) {

    /** What the body must declare and begin with. */
    public enum Media {
        /** Anything; nothing is checked. */
        ANY,
        /** {@code image/*} except SVG, declared and recognised by magic bytes. */
        RASTER_IMAGE,
        /** As {@link #RASTER_IMAGE}, or {@code image/svg+xml} that starts like one. */
        IMAGE
    }

    /**
     * Which URLs a use may name.
     *
     * @param schemes {@code http}, {@code https} or both
     * @param domains each admits itself and its subdomains; empty admits every host
     */
    public record Reach(Set<String> schemes, Set<String> domains) {
        /** Any public host, by http or https. */
        public static final Reach PUBLIC_WEB = new Reach(Set.of("http", "https"), Set.of());
    }
}
