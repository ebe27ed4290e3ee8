package dev.sluice.gateway.feature.gallery;

import dev.sluice.gateway.outbound.custody.ImageFiles;
import dev.sluice.gateway.outbound.database.Image;
import dev.sluice.gateway.outbound.database.ImageDeletion;
import dev.sluice.gateway.outbound.database.ObjectIntents.Room;
import dev.sluice.gateway.outbound.database.StoredObject;
import dev.sluice.gateway.outbound.picture.ReceivedFile;
import dev.sluice.gateway.outbound.storage.ObjectKey;
import dev.sluice.gateway.outbound.storage.ObjectStore;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Objects and rows, changed so that neither is ever without the other for good. The order of the steps is drawn on the
 * page of {@link dev.sluice.gateway.outbound.database}: a key is announced, the object is put, one transaction makes
 * the row name the key; what fails before is taken back here, and what dies before by the {@link Reconciler}.
 */
final class ImageVault {
    private final ObjectStore store;
    private final ImageFiles files;
    private final ImageDeletion deletions;

    ImageVault(ObjectStore store, ImageFiles files, ImageDeletion deletions) {
        this.store = store;
        this.files = files;
        this.deletions = deletions;
    }

    /**
     * Stores a file and has {@code row} name its object. When that fails, is given up or comes back empty, the object
     * is removed again. Fails with {@link dev.sluice.gateway.outbound.database.StorageQuotaException} or
     * {@link dev.sluice.gateway.outbound.database.ImageQuotaException} before anything is stored.
     *
     * @param room whether there must be room in the owner's quota, or was promised before
     * @param row one transaction, which redeems the key's intent
     */
    <T> Mono<T> put(UUID imageId, String owner, ReceivedFile file, Room room, Function<StoredObject, Mono<T>> row) {
        return files.put(imageId, owner, file, Map.of(), room, row);
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
