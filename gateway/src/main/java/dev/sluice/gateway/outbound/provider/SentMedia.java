package dev.sluice.gateway.outbound.provider;

import java.net.URI;
import org.jspecify.annotations.Nullable;

/**
 * A file that is in a media library.
 *
 * @param id the library's number for it
 * @param link its page, http or https
 * @param sourceUrl the file itself, http or https
 * @param altTextProblem why it has no alternative text though one was given, or null; the file is there all the same,
 *     and sending it again would put it there twice
 */
public record SentMedia(
        long id, URI link, URI sourceUrl, @Nullable String altTextProblem) {

    SentMedia without(String altText) {
        return new SentMedia(id, link, sourceUrl, altText);
    }
}
