package dev.sluice.gateway.outbound.picture.format;

import dev.sluice.gateway.outbound.imagetype.ImageType;

/**
 * What an image file says of itself.
 *
 * @param type as its magic bytes tell it
 * @param width in pixels, as people see the picture: upright (Exif orientation, {@code irot}), cropped ({@code clap}),
 *     the screen of an animation
 * @param height likewise
 * @param decodedPixels pixels that a decoder of the first frame produces, before cropping: width times height as coded
 * @param frames 1 for a still; an animation's first frame stands for it. Also 1 where only a decoder could count them:
 *     JPEG XL, AVIF sequences, pages of TIFF
 * @param orientation Exif's 1 to 8: what is left to do for whoever decodes the stored pixels; 1 where the container's
 *     own transformations (HEIF) are the decoder's affair
 * @param coding what a decoder must hold
 * @param hasAlpha whether pixels can be transparent
 */
public record PictureHeader(
        ImageType type,
        int width,
        int height,
        long decodedPixels,
        int frames,
        int orientation,
        Coding coding,
        boolean hasAlpha) {
    private static final int SIDEWAYS = 5;

    /** @throws IllegalArgumentException for what no file can say */
    public PictureHeader {
        if (width < 1 || height < 1 || decodedPixels < 1 || frames < 1) {
            throw new IllegalArgumentException("size: " + width + " x " + height + ", " + decodedPixels + " pixels, "
                    + frames + " frames (expected: each at least 1)");
        }
        if (orientation < 1 || orientation > 8) {
            throw new IllegalArgumentException("orientation: " + orientation + " (expected: 1 to 8)");
        }
    }

    /** Of a picture that is stored as large as {@code width} and {@code height} say, and turned when it is shown. */
    static PictureHeader ofStored(
            ImageType type, int width, int height, int frames, int orientation, Coding coding, boolean hasAlpha) {
        boolean lies = orientation >= SIDEWAYS;
        long pixels = (long) width * height;
        return new PictureHeader(
                type, lies ? height : width, lies ? width : height, pixels, frames, orientation, coding, hasAlpha);
    }

    /** In which order the pixels are coded, which decides how much of the picture a decoder must hold at a time. */
    public enum Coding {
        /** From top to bottom: a decoder holds some rows. Baseline JPEG, PNG without interlacing, lossy WebP, TIFF. */
        ROWS,
        /**
         * Refined or predicted as a whole: a decoder holds all of it. Progressive JPEG, interlaced PNG, lossless WebP,
         * every frame that is drawn on a screen (GIF, animated WebP), HEIF, JPEG XL, SVG.
         */
        WHOLE
    }

    /** Whether the stored pixels lie on their side. */
    public boolean isTransposed() {
        return orientation >= SIDEWAYS;
    }
}
