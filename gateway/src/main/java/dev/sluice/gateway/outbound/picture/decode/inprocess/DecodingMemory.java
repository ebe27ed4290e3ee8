package dev.sluice.gateway.outbound.picture.decode.inprocess;

import dev.sluice.gateway.outbound.picture.decode.ThumbnailSizes;
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
 *   WebP, lossy / lossless / with alpha     0.2/4.1/5  0 / 4 / 5; its bytes are mapped
 *
 *   per pixel of the largest thumbnail      measured   charged
 *   native, encoding it, without/with alpha 5 / 29     8 / 32
 *   heap, samples and copies of them        10 / 14    16 / 20
 *   heap, sums while passes are not over    12 / 16    16
 * </pre>
 *
 * <p>What is on the heap is charged twice, for there is less of it than of memory. A thumbnail that would take more
 * than a share of it is not made: one of more than 1280 x 5200 pixels of RGB where the heap has 256 MB.
 */
final class DecodingMemory {
    private static final long BASE = 8L << 20;
    private static final long COEFFICIENTS = 6;
    private static final long MORE_COEFFICIENTS = 16L << 20;
    private static final int HEAP_WEIGHT = 2;
    private static final double LARGEST_SHARE = 0.4;

    private DecodingMemory() {}

    /**
     * Bytes that decoding a picture with this header takes, those on the heap weighted, with the largest thumbnail that
     * is made of it.
     *
     * @param maxHeap bytes that the heap may have
     */
    static long of(PictureHeader header, long maxHeap) {
        long thumbnail = ThumbnailSizes.widths(header.width(), header.height()).stream()
                .filter(width -> isMade(header, width, maxHeap))
                .mapToLong(width -> pixels(header, width))
                .max()
                .orElse(0);
        long encoding = thumbnail * (hasAlpha(header) ? 32 : 8);
        return BASE + Math.max(decoding(header), encoding) + heap(header, thumbnail) * HEAP_WEIGHT;
    }

    /** Whether a thumbnail of this width takes no more of such a heap than one may. */
    static boolean isMade(PictureHeader header, int width, long maxHeap) {
        return heap(header, pixels(header, width)) <= maxHeap * LARGEST_SHARE;
    }

    private static long heap(PictureHeader header, long thumbnail) {
        boolean inPasses = switch (header.type().mediaType()) {
            case "image/jpeg", "image/webp" -> false;
            default -> header.coding() == Coding.WHOLE;
        };
        return thumbnail * ((hasAlpha(header) ? 20 : 16) + (inPasses ? 16 : 0));
    }

    private static long decoding(PictureHeader header) {
        long pixels = header.decodedPixels();
        boolean isWhole = header.coding() == Coding.WHOLE;
        return switch (header.type().mediaType()) {
            case "image/webp" -> pixels * (hasAlpha(header) ? 5 : isWhole ? 4 : 0);
            case "image/jpeg" -> isWhole ? pixels * COEFFICIENTS + MORE_COEFFICIENTS : 0;
            default -> 0;
        };
    }

    private static long pixels(PictureHeader header, int width) {
        return (long) width * Scaling.height(header, width);
    }

    /** Frames of GIF and animated WebP may leave a part of the screen free. */
    private static boolean hasAlpha(PictureHeader header) {
        return header.hasAlpha()
                || header.frames() > 1
                || header.type().mediaType().equals("image/gif");
    }

    /** Whether so many bytes of a JPEG's coefficients are more than was charged for them. */
    static boolean isBeyondCharge(long pixels, long bytes) {
        return bytes > pixels * COEFFICIENTS + MORE_COEFFICIENTS;
    }
}
