package dev.sluice.gateway.outbound.picture.decode;

import io.trbl.blurhash.BlurHash;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;

/**
 * Encodes a picture as a BlurHash, which stands for it until it is loaded: some 28 characters of ASCII from which a
 * browser draws its colours, blurred.
 *
 * @see <a href="https://github.com/woltapp/blurhash/blob/master/Algorithm.md">BlurHash, the algorithm</a>
 */
public final class BlurHashEncoder {
    /** Longest side of the picture that it is made from: more takes longer and changes nothing that can be seen. */
    public static final int SIDE = 32;

    private static final int LONG_SIDE_COMPONENTS = 4;
    private static final int SHORT_SIDE_COMPONENTS = 3;

    private BlurHashEncoder() {}

    /**
     * The placeholder of a picture, upright and in sRGB. Where it is transparent it stands before white, for the text
     * knows no transparency. Takes a time that grows with the pixels: callers shrink to {@link #SIDE} first.
     */
    public static String of(BufferedImage small) {
        int width = small.getWidth();
        int height = small.getHeight();
        boolean isWide = width >= height;
        BufferedImage opaque = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        Graphics2D canvas = opaque.createGraphics();
        try {
            canvas.drawImage(small, 0, 0, Color.WHITE, null);
        } finally {
            canvas.dispose();
        }
        return BlurHash.encode(
                opaque,
                isWide ? LONG_SIDE_COMPONENTS : SHORT_SIDE_COMPONENTS,
                isWide ? SHORT_SIDE_COMPONENTS : LONG_SIDE_COMPONENTS);
    }
}
