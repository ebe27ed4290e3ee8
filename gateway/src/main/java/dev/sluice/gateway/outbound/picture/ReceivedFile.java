package dev.sluice.gateway.outbound.picture;

import dev.sluice.gateway.outbound.picture.decode.Thumbnail;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An image in a work file, whole and checked.
 *
 * @param file where it is
 * @param size in bytes
 * @param crc32 of all its bytes, unsigned
 * @param etag strong and quoted, of all its bytes
 * @param picture what it shows itself to be
 * @param thumbnails smaller copies, narrowest first; in files that go with this one
 * @param placeholder what stands for the picture until it is loaded, as text; null if there is none
 */
public record ReceivedFile(
        Path file,
        long size,
        long crc32,
        String etag,
        Picture picture,
        List<Thumbnail> thumbnails,
        @Nullable String placeholder) {
    public ReceivedFile {
        thumbnails = List.copyOf(thumbnails);
    }
}
