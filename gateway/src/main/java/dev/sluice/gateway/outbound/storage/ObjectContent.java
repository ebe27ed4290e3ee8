package dev.sluice.gateway.outbound.storage;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.buffer.DataBuffer;
import reactor.core.publisher.Flux;

/** The bytes of one object. As objects never change, any number of reads give the same. */
public interface ObjectContent {

    /** What is known of the object. */
    StoredObject object();

    /**
     * {@code count} bytes from {@code position} on, read as they are asked for; cancelling stops reading and releases
     * file or connection. The subscriber owns the buffers. An object that was deleted before the subscription fails
     * with {@link StorageException.Kind#GONE}; one that is deleted during it is read to its end.
     *
     * @throws IllegalArgumentException if the range is not within the object
     */
    Flux<DataBuffer> bytes(long position, long count);

    /** All bytes. */
    default Flux<DataBuffer> bytes() {
        return bytes(0, object().length());
    }

    /**
     * The file whose bytes are exactly the object's, if it is one: it may be sent from file to socket. A deleted object
     * has no file any more; one that was open by then stays readable on Linux, whole and unchanged.
     */
    @Nullable Path file();
}
