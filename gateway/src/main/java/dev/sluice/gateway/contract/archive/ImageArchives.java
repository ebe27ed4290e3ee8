package dev.sluice.gateway.contract.archive;

import dev.sluice.gateway.contract.GatewayException;
import java.util.List;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferFactory;
import reactor.core.publisher.Flux;

/**
 * Archives of remote images, for features that want one without being the one that makes them. All share one pipeline
 * with its bounds: guarded fetches, a few images of an archive at a time, memory and disk reserved before a byte comes.
 */
public interface ImageArchives {

    /** One archive in the making. */
    interface Archive {
        /**
         * The archive, once; nothing is fetched before. Holds the images alone, in order. Its first byte comes when the
         * first image is in. Fails with {@link GatewayException}: {@code no_image_available} or {@code upstream_failed}
         * with the images that failed as {@code images}, or {@code overloaded}. The subscriber owns each buffer;
         * cancelling frees everything else.
         */
        Flux<DataBuffer> bytes();

        /** Images that are not in it, in order; complete when the bytes are. */
        List<SkippedImage> skipped();
    }

    /** Most bytes that an archive of so many images can have. */
    long mostBytes(int images);

    /**
     * An archive of these images.
     *
     * @param images at least 1
     * @param buffers makes the buffers of headers, and of images that waited on disk
     */
    Archive of(List<RemoteImage> images, OnError onError, DataBufferFactory buffers);
}
