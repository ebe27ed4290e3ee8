package dev.sluice.gateway.outbound.picture.decode.inprocess;

import dev.sluice.gateway.outbound.picture.format.PictureException;
import java.io.IOException;
import java.nio.file.Path;

/** Reads a format without ever holding the picture at its full size on the heap. */
@FunctionalInterface
interface DownscalingReader {

    /**
     * Decodes every pixel of the first frame.
     *
     * @throws PictureException if the file is damaged, not supported, or not of this size
     * @throws DecoderException if it takes longer than the deadline or more memory than there is
     * @throws IOException if the file cannot be read
     */
    DownscaledPicture read(Path file, Scaling scaling, Deadline deadline) throws IOException;
}
