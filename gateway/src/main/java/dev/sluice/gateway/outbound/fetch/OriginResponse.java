package dev.sluice.gateway.outbound.fetch;

import dev.sluice.gateway.outbound.fetch.FetchRequest.Validators;
import dev.sluice.gateway.outbound.imagetype.ImageType;
import dev.sluice.zipstream.BodyTotals;
import java.net.URI;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.http.HttpHeaders;
import reactor.core.publisher.Flux;

/**
 * An origin's successful answer, before its body is read.
 *
 * @param requested the canonical spelling of the URL that was asked for, before redirects
 * @param url where the answer came from, after redirects
 * @param status 2xx, or 304 when the request said what is known and nothing newer is to be had; then there is no body
 * @param headers the origin's headers, read only
 * @param image the recognised type when an image was asked for, else null
 * @param contentLength the declared length in bytes, when there is one; of a body that had to be decoded there is none
 * @param body the counted, capped and timed bytes; subscribed at most once; the subscriber owns each buffer. A body
 *     shorter than its declared length ends in an error, never in completion.
 * @param totals of the body, as far as it has come; of a body that had to be decoded, of its decoded bytes
 */
public record OriginResponse(
        URI requested,
        URI url,
        int status,
        HttpHeaders headers,
        @Nullable ImageType image,
        OptionalLong contentLength,
        Flux<DataBuffer> body,
        BodyTotals totals) {
    static final int NOT_MODIFIED = 304;

    /** Whether what the caller has is still what the origin has. */
    public boolean notModified() {
        return status == NOT_MODIFIED;
    }

    /** What the origin said of this representation, and which URL it was that did. */
    public Validators validators() {
        return new Validators(
                headers.getFirst(HttpHeaders.ETAG),
                headers.getFirst(HttpHeaders.LAST_MODIFIED),
                Validators.source(requested, url));
    }
}
