package dev.sluice.gateway.outbound.wordpress;

import java.net.URI;
import org.jspecify.annotations.Nullable;

/**
 * A file that is in a media library.
 *
 * @param id the library's number for it
 * @param link its page, http or https; null when the library names none
 * @param sourceUrl the file itself, http or https; null when the library names none
 * @param warning what the library did not take or tell beside the file, or null; the file is there all the same, and
 *     sending it again would put it there twice
 */
public record UploadedMedia(
        long id,
        @Nullable URI link,
        @Nullable URI sourceUrl,
        @Nullable String warning) {

    UploadedMedia with(String another) {
        return new UploadedMedia(id, link, sourceUrl, warning == null ? another : warning + " " + another);
    }
}
