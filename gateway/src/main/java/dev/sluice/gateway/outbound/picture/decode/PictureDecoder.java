package dev.sluice.gateway.outbound.picture.decode;

import dev.sluice.gateway.outbound.picture.format.PictureException;
import dev.sluice.gateway.outbound.picture.format.PictureHeader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/**
 * One way of decoding image files. Its callers bound how many decode at a time and how much memory they take together:
 * see {@link #memoryFor}. Thread-safe.
 */
public interface PictureDecoder {

    /** For the log and for health, for example {@code libvips 8.14.1} or {@code in process}. */
    String name();

    /** Media types that it decodes. What it does not is not kept by the gateway. */
    Set<String> mediaTypes();

    /** Bytes that decoding a file with this header takes at most, heap, native memory and other processes together. */
    long memoryFor(PictureHeader header);

    /**
     * Whether it makes a thumbnail of this width of a picture with this header; it may lack the memory for tall ones.
     */
    default boolean makes(PictureHeader header, int width) {
        return true;
    }

    /**
     * Decodes every pixel of the first frame and makes thumbnails. Blocks, for a bounded time.
     *
     * @param file alone in its directory with what belongs to it; nobody changes it meanwhile
     * @param header what the file says of itself
     * @param widths of the thumbnails to make, ascending, none larger than {@code header.width()}; may be empty
     * @param directory of this call alone, where thumbnails are left; the caller deletes it
     * @throws PictureException if the file is damaged, is not supported, or decodes to another size than its header
     *     says
     * @throws DecoderException if the decoder failed at it: it died, or reached one of its limits
     * @throws IOException if a file cannot be read or written
     */
    Decoded decode(Path file, PictureHeader header, List<Integer> widths, Path directory) throws IOException;
}
