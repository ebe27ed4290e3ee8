package dev.sluice.gateway.outbound.picture.decode;

import java.util.List;

/**
 * How large thumbnails are: one rule, whoever asks for them, however many at a time, and whatever decodes.
 *
 * <pre>
 *   the widest      its height to the nearest pixel        1280 x 853
 *   each further    half of the wider one, rounded up       640 x 427, 320 x 214, 160 x 107
 * </pre>
 *
 * The widest is that of all that can be made of a picture, also where only a narrower one is asked for.
 */
public final class ThumbnailSizes {
    /** Every width that a thumbnail can have, in pixels, ascending: a closed set. Each is half of the next. */
    public static final List<Integer> WIDTHS = List.of(160, 320, 640, 1280);

    /**
     * Longest side of a thumbnail: that of a tile of libvips' pyramids, and half of what a WebP file can have (RFC 9649
     * section 2.6).
     */
    public static final int LONGEST_SIDE = 8192;

    private ThumbnailSizes() {}

    /** Widths of {@link #WIDTHS}, ascending, at which a picture is made smaller and is no higher than may be. */
    public static List<Integer> widths(int pictureWidth, int pictureHeight) {
        return WIDTHS.stream()
                .filter(width -> width < pictureWidth && rounded(pictureWidth, pictureHeight, width) <= LONGEST_SIDE)
                .toList();
    }

    /** The height that belongs to a width, no more than the picture's own. */
    public static int height(int pictureWidth, int pictureHeight, int width) {
        List<Integer> widths = widths(pictureWidth, pictureHeight);
        if (!widths.contains(width)) {
            return rounded(pictureWidth, pictureHeight, width);
        }
        int height = rounded(pictureWidth, pictureHeight, widths.getLast());
        for (int wider = widths.getLast(); wider > width; wider /= 2) {
            height = Math.ceilDiv(height, 2);
        }
        return height;
    }

    private static int rounded(int pictureWidth, int pictureHeight, int width) {
        return Math.max(1, (int) Math.round((double) width * pictureHeight / pictureWidth));
    }
}
