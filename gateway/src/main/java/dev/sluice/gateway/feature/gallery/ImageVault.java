package dev.sluice.gateway.feature.gallery;

import dev.sluice.gateway.outbound.custody.AnnouncedObjects;
import dev.sluice.gateway.outbound.database.AnnouncedObject;
import dev.sluice.gateway.outbound.database.Image;
import dev.sluice.gateway.outbound.database.ImageDeletion;
import dev.sluice.gateway.outbound.database.ObjectIntents.Room;
import dev.sluice.gateway.outbound.database.StoredObject;
import dev.sluice.gateway.outbound.picture.ReceivedFile;
import dev.sluice.gateway.outbound.storage.NewObject;
import dev.sluice.gateway.outbound.storage.ObjectKey;
import dev.sluice.gateway.outbound.storage.ObjectStore;
import java.time.Clock;
import java.util.List;
import java.util.UUID;
import java.util.function.Function;
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
    private static final int READ_BYTES = 64 * 1024;

    private final ObjectStore store;
    private final AnnouncedObjects objects;
    private final ImageDeletion deletions;
    private final Clock clock;
    private final NettyDataBufferFactory buffers;

    ImageVault(
            ObjectStore store,
            AnnouncedObjects objects,
            ImageDeletion deletions,
            Clock clock,
            NettyDataBufferFactory buffers) {
        this.store = store;
        this.objects = objects;
        this.deletions = deletions;
        this.clock = clock;
        this.buffers = buffers;
    }

    /**
     * Stores a file and has {@code row} name its object. When that fails, is given up or comes back empty, the object
     * is removed again. Fails with {@link dev.sluice.gateway.outbound.database.StorageQuotaException} before anything
     * is stored.
     *
     * @param room whether there must be room in the owner's quota, or was promised before
     * @param row one transaction, which redeems the key's intent
     */
    <T> Mono<T> put(UUID imageId, String owner, ReceivedFile file, Room room, Function<StoredObject, Mono<T>> row) {
        return Mono.defer(() -> {
            // Never the image's id: another attempt has another key, so that one that comes too late overwrites
            // nothing.
            ObjectKey key = ObjectKey.image(
                    owner,
                    clock.instant(),
                    UUID.randomUUID(),
                    file.picture().type().extension());
            List<AnnouncedObject> announced = List.of(new AnnouncedObject(key.value(), file.size()));
            return objects.named(
                    owner, announced, imageId, room, () -> placed(key, file).flatMap(row));
        });
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

    /**
     * Removes the object of an image whose deletion has begun, then those of its thumbnails, then its row. Fails as the
     * store does: nothing is gone as long as the image's own object is there.
     */
    Mono<Void> remove(Image image) {
        StoredObject object = image.object();
        Mono<Void> removed = object == null ? Mono.empty() : store.delete(new ObjectKey(object.key()));
        return removed.then(removeRest(image));
    }

    /** Ends a deletion that has removed the object of the image itself. */
    Mono<Void> removeRest(Image image) {
        return Flux.fromIterable(image.thumbnails().stored())
                .concatMap(thumbnail -> store.delete(new ObjectKey(thumbnail.key())), 1)
                .then(deletions.finish(image.id()));
    }

    /** Whether the store has the object of an image. Fails as the store does. */
    Mono<Boolean> isThere(Image image) {
        StoredObject object = image.object();
        return object == null
                ? Mono.just(false)
                : store.stat(new ObjectKey(object.key())).hasElement();
    }
}
