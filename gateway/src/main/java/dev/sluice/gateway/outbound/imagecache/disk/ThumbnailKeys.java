package dev.sluice.gateway.outbound.imagecache.disk;

import dev.sluice.gateway.outbound.picture.Pictures;
import java.util.List;

/** Under which names thumbnails are kept beside their originals. No canonical URL has a space in it. */
public final class ThumbnailKeys {
    private ThumbnailKeys() {}

    /** Of one width. */
    public static String of(String url, int width) {
        return url + " w=" + width;
    }

    /** Of all widths, narrowest first. */
    public static List<String> all(String url) {
        return Pictures.WIDTHS.stream().map(width -> of(url, width)).toList();
    }
}
