package dev.sluice.gateway.outbound.picture.format;

import dev.sluice.gateway.outbound.picture.format.PictureException.Kind;

/**
 * How large a picture may be, judged by what its header says.
 *
 * @param most pixels, width times height
 */
record PixelLimit(long most) {

    /**
     * @param width unsigned, of up to 32 bits
     * @param height likewise
     * @return width times height
     * @throws PictureException for more pixels than are taken, and for none
     */
    long check(String format, long width, long height) {
        if (width <= 0 || height <= 0) {
            throw PictureException.damaged(format, width + " x " + height + " pixels");
        }
        if (width > most / height || width > Integer.MAX_VALUE || height > Integer.MAX_VALUE) {
            throw new PictureException(
                    Kind.TOO_MANY_PIXELS, width + " x " + height + " pixels (expected: at most " + most + ")", null);
        }
        return width * height;
    }
}
