package dev.sluice.gateway.outbound.thumbnail;

import dev.sluice.gateway.outbound.database.image.Image;
import dev.sluice.gateway.outbound.picture.Pictures;
import java.util.List;

/**
 * A smaller copy of an image as clients see it.
 *
 * @param width in pixels
 * @param height in pixels
 * @param url where its bytes are
 * @param contentType what they are
 * @param size in bytes
 */
public record ThumbnailLink(int width, int height, String url, String contentType, long size) {

    /** Those that an image has, narrowest first. */
    public static List<ThumbnailLink> of(Image image) {
        return image.thumbnails().stored().stream()
                .map(each -> new ThumbnailLink(
                        each.width(),
                        each.height(),
                        "/api/images/" + image.id() + "/file?w=" + asked(each.width()),
                        each.contentType(),
                        each.size()))
                .toList();
    }

    /** What a client asks for to get this one: it gets the narrowest that is not narrower. */
    private static int asked(int width) {
        return Pictures.WIDTHS.stream()
                .filter(each -> each >= width)
                .findFirst()
                .orElse(Pictures.WIDTHS.getLast());
    }
}
