package dev.sluice.gateway.outbound.picture.decode;

import dev.sluice.gateway.outbound.picture.format.PictureHeader;
import dev.sluice.gateway.outbound.picture.format.PictureHeader.Coding;

/**
 * What decoding in process takes at most, as it was measured with pictures of 24 megapixels (the JVM's heap fixed, what
 * the process takes beyond it read from the kernel):
 *
 * <pre>
 *   native, per pixel of the picture        measured   charged
 *   JPEG of one scan                        0.2        0
 *   JPEG of several, 4:2:0 / 4:4:4 / CMYK   3 / 6 / 8  6, and 16 MB: more is refused
 *   PNG, GIF                                0          0
 *   WebP, lossy / lossless / with alpha     0.2/4.1/5  0 / 4 / 5, and its bytes: more than 32 MB are refused
 *
 *   per pixel of the largest thumbnail      measured   charged
 *   native, encoding it, without/with alpha 5 / 29     8 / 32
 *   heap, samples and copies of them                   16 / 20
 *   heap, sums while passes are not over               16
 * </pre>
 */
final class DecodingMemory {
    /** Bytes of coded pixels in a WebP, which libwebp wants in one piece. */
    static final long MOST_WEBP = 32L << 20;

    private static final long BASE = 8L << 20;
    private static final long COEFFICIENTS = 6;
    private static final long MORE_COEFFICIENTS = 16L << 20;
    private static final int WIDEST = 1280;
    private static final int HIGHEST = 16_383;

    private DecodingMemory() {}

    static long of(PictureHeader header) {
        int width = Math.min(header.width(), WIDEST);
        long thumbnail = (long) width * Math.min(HIGHEST, Sizes.height(header, width));
        boolean isGif = header.type().mediaType().equals("image/gif");
        boolean hasAlpha = header.hasAlpha() || isGif;
        long encoding = thumbnail * (hasAlpha ? 32 : 8);
        long heap = thumbnail * (hasAlpha ? 20 : 16);
        return BASE + Math.max(decoding(header, thumbnail), encoding) + heap;
    }

    private static long decoding(PictureHeader header, long thumbnail) {
        long pixels = header.decodedPixels();
        boolean isWhole = header.coding() == Coding.WHOLE;
        return switch (header.type().mediaType()) {
            case "image/webp" -> Math.min(pixels * 4, MOST_WEBP) + pixels * (header.hasAlpha() ? 5 : isWhole ? 4 : 0);
            case "image/jpeg" -> isWhole ? pixels * COEFFICIENTS + MORE_COEFFICIENTS : 0;
            default -> isWhole ? thumbnail * 16 : 0;
        };
    }

    /** Whether a JPEG's coefficients, two bytes each, are more than was charged for them. */
    static boolean isBeyondCharge(long pixels, int bands) {
        return pixels * bands * 2 > pixels * COEFFICIENTS + MORE_COEFFICIENTS;
    }
}
