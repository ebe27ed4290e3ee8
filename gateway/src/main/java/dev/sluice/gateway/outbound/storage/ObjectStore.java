package dev.sluice.gateway.outbound.storage;

import java.time.Instant;
import org.springframework.core.io.buffer.DataBuffer;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Keeps objects: bytes that never change under a key that is used once. Nothing happens before subscription, nothing
 * blocks the subscriber, and every wait has a deadline. Whatever the store itself does wrong is a
 * {@link StorageException}.
 */
public interface ObjectStore {

    /**
     * Stores exactly {@link NewObject#length()} bytes. The object is invisible until it is complete, and a failed or
     * cancelled put leaves nothing behind; only S3 may complete an object whose put was cancelled, or lost its
     * connection, after the last byte was sent. Deleting the key makes sure.
     *
     * <p>Fails with {@link StorageException.Kind#EXISTS} if there is an object under the key, and never replaces it;
     * with {@link StorageException.Kind#LENGTH_MISMATCH} if the body is shorter or longer. A failure of {@code body}
     * passes through as it is: it is not the store's.
     *
     * @param body subscribed to at most once, not at all if the put is refused before; takes ownership of the buffers
     */
    Mono<StoredObject> put(ObjectKey key, NewObject object, Flux<DataBuffer> body);

    /** What is known of an object; empty if there is none. */
    Mono<StoredObject> stat(ObjectKey key);

    /** The way to an object's bytes; empty if there is none. Holds nothing open and need not be closed. */
    Mono<ObjectContent> open(ObjectKey key);

    /** Completes when there is no object under the key (any more). Reads that have begun may go on to their end. */
    Mono<Void> delete(ObjectKey key);

    /**
     * All objects whose key begins with {@code prefix}, in the order of their keys, read as they are asked for. What is
     * put or deleted meanwhile may be seen or not. What is in the store under a name that is no {@link ObjectKey} is
     * not ours and is left out.
     *
     * @param prefix any beginning of a key, not only whole segments; empty for all
     */
    Flux<Summary> list(String prefix);

    /**
     * An object as a listing shows it; {@link ObjectStore#stat} shows more.
     *
     * @param key what it is found by
     * @param length bytes
     * @param lastModified when it was stored, by the store's clock
     */
    record Summary(ObjectKey key, long length, Instant lastModified) {}
}
