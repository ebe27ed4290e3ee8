package dev.sluice.gateway.outbound.picture.decode;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What decoding a file gave.
 *
 * @param width in pixels, as people see the picture
 * @param height likewise
 * @param placeholder a few bytes that stand for the picture until it is loaded, as text for an API; null if there is
 *     none
 * @param thumbnails one for each width asked for, in that order
 */
public record Decoded(int width, int height, @Nullable String placeholder, List<Thumbnail> thumbnails) {
    public Decoded {
        thumbnails = List.copyOf(thumbnails);
    }
}
