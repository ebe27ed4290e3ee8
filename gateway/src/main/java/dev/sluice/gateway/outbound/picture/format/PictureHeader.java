package dev.sluice.gateway.outbound.picture.format;

import dev.sluice.gateway.outbound.fetch.ImageType;

/**
 * What an image file says of itself.
 *
 * @param type as its magic bytes tell it
 * @param width in pixels, as people see the picture: upright (Exif orientation, {@code irot}), cropped ({@code clap}),
 *     the screen of an animation
 * @param height likewise
 * @param decodedPixels pixels that a decoder of the first frame produces, before cropping: width times height as coded
 * @param frames 1 for a still; an animation's first frame stands for it
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

    /** In which order the pixels are coded, which decides how much of the picture a decoder must hold at a time. */
    public enum Coding {
        /** From top to bottom: a decoder holds some rows. Baseline JPEG, PNG without interlacing, lossy WebP. */
        ROWS,
        /** Refined as a whole: a decoder holds all of it. Progressive JPEG, interlaced PNG, lossless WebP, HEIF. */
        WHOLE
    }

    /** Whether the stored pixels lie on their side. */
    public boolean isTransposed() {
        return orientation >= 5;
    }
}
