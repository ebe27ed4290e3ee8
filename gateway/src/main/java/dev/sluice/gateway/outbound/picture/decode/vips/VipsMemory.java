package dev.sluice.gateway.outbound.picture.decode.vips;

import dev.sluice.gateway.outbound.picture.format.PictureHeader;
import dev.sluice.gateway.outbound.picture.format.PictureHeader.Coding;

/**
 * What one of libvips' processes takes, resident, as it was measured with pictures of 12 to 50 megapixels: a base, most
 * of it code; and what must be held of the picture, some rows of it or all.
 */
final class VipsMemory {
    private static final long BASE = 48L << 20;

    /** Of each row of pixels: what libvips holds while it shrinks, which with transparency is numbers of 32 bits. */
    private static final long OF_ROWS = 4 << 10;

    private static final long OF_ROWS_WITH_ALPHA = 18 << 10;
    private static final long OF_PIXEL = 2;
    private static final long OF_PIXEL_WITH_ALPHA = 5;

    /** SVG is drawn at the size of the largest thumbnail, on several canvases if it uses filters. */
    private static final long OF_DRAWING = 160L << 20;

    private VipsMemory() {}

    static long of(PictureHeader header) {
        long pixels = header.decodedPixels();
        long width = header.isTransposed() ? header.height() : header.width();
        long rows = header.hasAlpha()
                ? Math.min(width * OF_ROWS_WITH_ALPHA, pixels * OF_PIXEL_WITH_ALPHA)
                : Math.min(width * OF_ROWS, pixels * OF_PIXEL);
        return switch (header.type().mediaType()) {
            case "image/svg+xml" -> BASE + OF_DRAWING;
            case "image/webp" ->
                // The plane of transparency is coded as a whole even where the colours are not.
                BASE + rows + pixels * (header.coding() == Coding.WHOLE ? 5 : header.hasAlpha() ? 1 : 0);
            default -> BASE + rows + (header.coding() == Coding.WHOLE ? pixels * ofWhole(header) : 0);
        };
    }

    /** Bytes a pixel of what is refined as a whole: the most that its format can need in 8 bits a sample. */
    private static long ofWhole(PictureHeader header) {
        return switch (header.type().mediaType()) {
            case "image/jpeg" -> 6; // coefficients of 16 bits
            case "image/gif" -> 6;
            case "image/jxl" -> 24; // numbers of 32 bits
            default -> 8; // PNG of 16 bits a sample; HEIF in planes, then in pixels
        };
    }
}
