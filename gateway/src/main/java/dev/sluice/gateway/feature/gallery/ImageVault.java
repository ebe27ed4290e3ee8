package dev.sluice.gateway.feature.gallery;

import dev.sluice.gateway.outbound.database.DatabaseException;
import dev.sluice.gateway.outbound.database.DatabaseFailure;
import dev.sluice.gateway.outbound.database.Image;
import dev.sluice.gateway.outbound.database.ImageDeletion;
import dev.sluice.gateway.outbound.database.ObjectIntents;
import dev.sluice.gateway.outbound.database.StoredObject;
import dev.sluice.gateway.outbound.picture.ReceivedFile;
import dev.sluice.gateway.outbound.storage.NewObject;
import dev.sluice.gateway.outbound.storage.ObjectKey;
import dev.sluice.gateway.outbound.storage.ObjectStore;
import dev.sluice.gateway.outbound.storage.StorageException;
import java.time.Clock;
import java.time.Duration;
import java.util.UUID;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.core.io.buffer.NettyDataBufferFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Objects and rows, changed so that neither is ever without the other for good. The order of the steps is drawn on the
 * page of {@link dev.sluice.gateway.outbound.database}: a key is announced, the object is put, one transaction makes
 * the row name the key; what fails before is taken back here, and what dies before by the {@link Reconciler}.
 */
final class ImageVault {
    private static final Logger LOG = LoggerFactory.getLogger(ImageVault.class);
    private static final int READ_BYTES = 64 * 1024;

    private final ObjectStore store;
    private final ObjectIntents intents;
    private final ImageDeletion deletions;
    private final Duration patience;
    private final Clock clock;
    private final NettyDataBufferFactory buffers;

    /** @param patience how long a put and its transaction may take */
    ImageVault(
            ObjectStore store,
            ObjectIntents intents,
            ImageDeletion deletions,
            Duration patience,
            Clock clock,
            NettyDataBufferFactory buffers) {
        this.store = store;
        this.intents = intents;
        this.deletions = deletions;
        this.patience = patience;
        this.clock = clock;
        this.buffers = buffers;
    }

    /**
     * Stores a file and has {@code row} name its object. When that fails, is given up or comes back empty, the object
     * is removed again.
     *
     * @param row one transaction, which redeems the key's intent
     */
    <T> Mono<T> put(UUID imageId, String owner, ReceivedFile file, Function<StoredObject, Mono<T>> row) {
        return Mono.defer(() -> {
            // Never the image's id: another attempt has another key, so that one that comes too late overwrites
            // nothing.
            ObjectKey key = ObjectKey.image(
                    owner,
                    clock.instant(),
                    UUID.randomUUID(),
                    file.picture().type().extension());
            return Mono.usingWhen(
                            intents.announce(key.value(), imageId, patience).thenReturn(key),
                            announced -> placed(announced, file)
                                    .flatMap(row)
                                    .switchIfEmpty(Mono.error(NotNamedException::new)),
                            named -> Mono.empty(),
                            this::takeBack,
                            unwanted -> takeBack(unwanted, new NotNamedException()))
                    .onErrorResume(NotNamedException.class, unwanted -> Mono.empty())
                    .timeout(patience, Mono.error(() -> late(key)));
        });
    }

    private StorageException late(ObjectKey key) {
        return new StorageException(StorageException.Kind.UNAVAILABLE, key + ": not stored within " + patience, null);
    }

    private Mono<StoredObject> placed(ObjectKey key, ReceivedFile file) {
        String type = file.picture().type().mediaType();
        Flux<DataBuffer> bytes = DataBufferUtils.read(file.file(), buffers, READ_BYTES);
        return store.put(key, new NewObject(type, file.size()), bytes)
                .thenReturn(new StoredObject(
                        key.value(),
                        type,
                        file.size(),
                        file.crc32(),
                        file.etag(),
                        file.picture().width(),
                        file.picture().height()));
    }

    /** A commit in doubt may have taken place: then the intent stays, and the reconciler looks. */
    private Mono<Void> takeBack(ObjectKey key, Throwable failure) {
        if (failure instanceof DatabaseException lost && lost.failure() == DatabaseFailure.IN_DOUBT) {
            return Mono.empty();
        }
        return intents.abandon(key.value())
                .filter(abandoned -> abandoned)
                .flatMap(abandoned -> store.delete(key).then(intents.forget(key.value())))
                .onErrorResume(later -> {
                    LOG.warn("object {} is left to the reconciler: {}", key, later.toString());
                    return Mono.empty();
                });
    }

    /** Removes the object of an image whose deletion has begun, then its row. Fails as the store does. */
    Mono<Void> remove(Image image) {
        StoredObject object = image.object();
        Mono<Void> removed = object == null ? Mono.empty() : store.delete(new ObjectKey(object.key()));
        return removed.then(deletions.finish(image.id()));
    }

    /** Whether the store has the object of an image. Fails as the store does. */
    Mono<Boolean> isThere(Image image) {
        StoredObject object = image.object();
        return object == null
                ? Mono.just(false)
                : store.stat(new ObjectKey(object.key())).hasElement();
    }

    /** The row did not come to name the object; nothing has failed. */
    private static final class NotNamedException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        NotNamedException() {
            super("no row names the object", null, false, false);
        }
    }
}
