package dev.sluice.gateway.feature.zip;

import dev.sluice.gateway.outbound.imagetype.ImageType;
import java.time.Instant;
import org.springframework.core.io.buffer.DataBuffer;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;

/**
 * An image that was fetched whole and checked.
 *
 * @param urlName what its URL calls it: the last segment of the path, decoded; may be empty
 * @param type what its bytes are
 * @param size in bytes
 * @param crc32 of its bytes
 * @param lastModified as its origin says, or a fixed date
 * @param content its bytes, once
 * @param resources frees its bytes, its reservation and its permit among the request's images
 */
record FetchedImage(
        String urlName,
        ImageType type,
        long size,
        long crc32,
        Instant lastModified,
        Flux<DataBuffer> content,
        Disposable resources) {

    /** This image, whose resources include {@code more}. */
    FetchedImage withResource(Disposable more) {
        return new FetchedImage(
                urlName, type, size, crc32, lastModified, content, Disposables.composite(resources, more));
    }
}
