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
 *   heap, samples and copies of them        10 / 14    16 / 20
 *   heap, sums while passes are not over    12 / 16    16
 * </pre>
 *
 * <p>What is on the heap is charged twice, for there is less of it than of memory, and a picture that would take more
 * than a share of it is refused: more than 1280 x 5200 pixels of RGB where the heap has 256 MB.
 */
final class DecodingMemory {
    /** Bytes of coded pixels in a WebP, which libwebp wants in one piece. */
    static final long MOST_WEBP = 32L << 20;

    private static final long BASE = 8L << 20;
    private static final long COEFFICIENTS = 6;
    private static final long MORE_COEFFICIENTS = 16L << 20;
    private static final int HEAP_WEIGHT = 2;
    private static final double LARGEST_SHARE = 0.4;
    private static final int WIDEST = 1280;
    private static final int HIGHEST = 16_383;

    private DecodingMemory() {}

    /** Bytes that decoding a picture with this header takes, those on the heap weighted. */
    static long of(PictureHeader header) {
        long encoding = thumbnail(header) * (hasAlpha(header) ? 32 : 8);
        return BASE + Math.max(decoding(header), encoding) + heap(header) * HEAP_WEIGHT;
    }

    /** Whether it would take more of a heap of this size than one picture may. */
    static boolean isBeyondHeap(PictureHeader header, long maxHeap) {
        return heap(header) > maxHeap * LARGEST_SHARE;
    }

    private static long heap(PictureHeader header) {
        boolean inPasses =
                header.coding() == Coding.WHOLE && !header.type().mediaType().equals("image/webp");
        return thumbnail(header) * ((hasAlpha(header) ? 20 : 16) + (inPasses ? 16 : 0));
    }

    private static long decoding(PictureHeader header) {
        long pixels = header.decodedPixels();
        boolean isWhole = header.coding() == Coding.WHOLE;
        return switch (header.type().mediaType()) {
            case "image/webp" -> Math.min(pixels * 4, MOST_WEBP) + pixels * (hasAlpha(header) ? 5 : isWhole ? 4 : 0);
            case "image/jpeg" -> isWhole ? pixels * COEFFICIENTS + MORE_COEFFICIENTS : 0;
            default -> 0;
        };
    }

    /** Pixels of the largest thumbnail that anybody asks for. */
    private static long thumbnail(PictureHeader header) {
        int width = Math.min(header.width(), WIDEST);
        return (long) width * Math.min(HIGHEST, Sizes.height(header, width));
    }

    /** Frames of GIF and animated WebP may leave a part of the screen free. */
    private static boolean hasAlpha(PictureHeader header) {
        return header.hasAlpha()
                || header.frames() > 1
                || header.type().mediaType().equals("image/gif");
    }

    /** Whether a JPEG's coefficients, two bytes each, are more than was charged for them. */
    static boolean isBeyondCharge(long pixels, int bands) {
        return pixels * bands * 2 > pixels * COEFFICIENTS + MORE_COEFFICIENTS;
    }
}
