package dev.sluice.gateway.outbound.picture.decode.inprocess;

import dev.sluice.gateway.outbound.picture.decode.ThumbnailSizes;
import dev.sluice.gateway.outbound.picture.format.PictureException;
import dev.sluice.gateway.outbound.picture.format.PictureHeader;

/**
 * The source and target size of a downscaling, both as the picture is stored: before it is turned upright.
 *
 * @param width in pixels, as the header says
 * @param height likewise
 * @param toWidth no more than {@code width}
 * @param toHeight no more than {@code height}
 */
record Scaling(int width, int height, int toWidth, int toHeight) {

    /** @param uprightWidth of the smaller picture, as people see it */
    static Scaling of(PictureHeader header, int uprightWidth) {
        return of(header, uprightWidth, height(header, uprightWidth));
    }

    /** Likewise, with a height of its own. */
    static Scaling of(PictureHeader header, int uprightWidth, int uprightHeight) {
        return header.isTransposed()
                ? new Scaling(header.height(), header.width(), uprightHeight, uprightWidth)
                : new Scaling(header.width(), header.height(), uprightWidth, uprightHeight);
    }

    /** The height, as people see it, that belongs to a width of a picture made smaller. */
    static int height(PictureHeader header, int uprightWidth) {
        return ThumbnailSizes.height(header.width(), header.height(), uprightWidth);
    }

    /** @throws PictureException if what is decoded has another size than the header says */
    void check(long decodedWidth, long decodedHeight) {
        if (decodedWidth != width || decodedHeight != height) {
            throw PictureException.damaged(
                    "image",
                    "it is " + decodedWidth + " x " + decodedHeight + " pixels (expected: " + width + " x " + height
                            + ", as its header says)");
        }
    }
}
