package dev.sluice.gateway.outbound.fetch;

import dev.sluice.gateway.contract.http.StrongTag;
import dev.sluice.gateway.outbound.fetch.policy.UrlPolicy;
import java.net.URI;
import java.nio.charset.StandardCharsets;
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
     * {@code If-None-Match} and {@code If-Modified-Since}, and only to the URL that gave them: where a redirect leads
     * elsewhere by now, another file may have the same ETag, or be older than this one.
     *
     * @param etag null when the origin named none
     * @param lastModified null when the origin named none
     * @param source which URL gave them, as {@link OriginResponse#validators} names it; null when that is not known,
     *     and then they are sent to none
     */
    public record Validators(
            @Nullable String etag,
            @Nullable String lastModified,
            @Nullable String source) {
        /** Nothing is kept, or nothing is known of it. */
        public static final Validators NONE = new Validators(null, null, null);
        /** The source of what the URL that was asked for has answered itself. */
        public static final String NOT_REDIRECTED = "";

        /** Whether there is anything to ask with. */
        public boolean present() {
            return source != null && (etag != null || lastModified != null);
        }

        /** These for a request to the URL that gave them, none for a request to another. */
        Validators at(URI requested, URI target) {
            return present() && source(requested, target).equals(source) ? this : NONE;
        }

        /** A digest, since URLs that redirects lead to are long, and some are good for whoever has them. */
        static String source(URI requested, URI target) {
            return target.equals(requested)
                    ? NOT_REDIRECTED
                    : StrongTag.of(StrongTag.digest().digest(target.toString().getBytes(StandardCharsets.UTF_8)));
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
