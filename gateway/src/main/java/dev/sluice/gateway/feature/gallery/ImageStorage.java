package dev.sluice.gateway.feature.gallery;

import dev.sluice.gateway.outbound.database.image.Image;
import dev.sluice.gateway.outbound.database.image.ImageDeletion;
import dev.sluice.gateway.outbound.database.image.ImageObject;
import dev.sluice.gateway.outbound.database.image.ObjectIntents.QuotaMode;
import dev.sluice.gateway.outbound.persistence.ImageFiles;
import dev.sluice.gateway.outbound.picture.ReceivedFile;
import dev.sluice.gateway.outbound.storage.ObjectKey;
import dev.sluice.gateway.outbound.storage.ObjectStore;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Changes objects and rows so that neither stays without the other. The order of the steps is drawn on the page of
 * {@link dev.sluice.gateway.outbound.database.image}: a key is announced, the object is put, one transaction commits
 * the row that names the key. This class rolls back what fails before; the {@link Reconciler} removes what a crash
 * leaves.
 */
final class ImageStorage {
    private final ObjectStore store;
    private final ImageFiles files;
    private final ImageDeletion deletions;

    ImageStorage(ObjectStore store, ImageFiles files, ImageDeletion deletions) {
        this.store = store;
        this.files = files;
        this.deletions = deletions;
    }

    /**
     * Stores a file and runs {@code row}, which names its object. If that fails, is cancelled or completes empty, the
     * object is deleted. Fails with {@link dev.sluice.gateway.outbound.database.image.QuotaExceededException.OfStorage}
     * or {@link dev.sluice.gateway.outbound.database.image.QuotaExceededException.OfImages} before anything is stored.
     *
     * @param mode whether the owner's quota is enforced, or was checked before
     * @param row one transaction, which consumes the key's intent
     */
    <T> Mono<T> put(UUID imageId, String owner, ReceivedFile file, QuotaMode mode, Function<ImageObject, Mono<T>> row) {
        return files.put(imageId, owner, file, Map.of(), mode, row);
    }

    /**
     * Removes the object of an image whose deletion has begun, then those of its thumbnails, then its row. Fails as the
     * store does: nothing is gone as long as the image's own object is there.
     */
    Mono<Void> remove(Image image) {
        ImageObject object = image.object();
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
        ImageObject object = image.object();
        return object == null
                ? Mono.just(false)
                : store.stat(new ObjectKey(object.key())).hasElement();
    }
}
