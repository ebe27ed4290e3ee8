package dev.sluice.gateway.outbound.fetch;

import dev.sluice.gateway.outbound.fetch.policy.UrlPolicy;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * One resource to fetch and its bounds.
 *
 * @param url as the caller gave it; judged by the fetch itself
 * @param maxBytes largest body accepted, in bytes, 0 or more
 * @param deadline for the whole exchange, reader included; more than zero
 * @param urlPolicy which URLs this use may name
 * @param media what the body must be
 * @param known what the caller has of the resource already; an origin that has nothing newer answers 304
 */
public record FetchRequest(
        String url, long maxBytes, Duration deadline, UrlPolicy urlPolicy, Media media, Validators known) {

    /** For a caller that has nothing of the resource yet. */
    public FetchRequest(String url, long maxBytes, Duration deadline, UrlPolicy urlPolicy, Media media) {
        this(url, maxBytes, deadline, urlPolicy, media, Validators.NONE);
    }

    /** @throws IllegalArgumentException for a bound that is none */
    public FetchRequest {
        if (maxBytes < 0) {
            throw new IllegalArgumentException("maxBytes: " + maxBytes + " (expected: 0 or more)");
        }
        if (!deadline.isPositive()) {
            throw new IllegalArgumentException("deadline: " + deadline + " (expected: more than zero)");
        }
    }

    /**
     * What an origin said of the representation that a caller keeps, RFC 9110 section 8.8. Sent back as they came, with
     * {@code If-None-Match} and {@code If-Modified-Since}.
     *
     * @param etag null when the origin named none
     * @param lastModified null when the origin named none
     */
    public record Validators(
            @Nullable String etag, @Nullable String lastModified) {
        /** Nothing is kept, or nothing is known of it. */
        public static final Validators NONE = new Validators(null, null);

        /** Whether there is anything to ask with. */
        public boolean present() {
            return etag != null || lastModified != null;
        }
    }

    /** What the body must declare and begin with. */
    public enum Media {
        /** Anything; nothing is checked. */
        ANY,
        /** {@code image/*} except SVG, declared and recognised by magic bytes. */
        RASTER_IMAGE,
        /** As {@link #RASTER_IMAGE}, or {@code image/svg+xml} that starts like one. */
        IMAGE
    }
}
