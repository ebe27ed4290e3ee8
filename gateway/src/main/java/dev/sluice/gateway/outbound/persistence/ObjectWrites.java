package dev.sluice.gateway.outbound.custody;

import dev.sluice.gateway.contract.DurationWords;
import dev.sluice.gateway.outbound.database.AnnouncedObject;
import dev.sluice.gateway.outbound.database.DatabaseException;
import dev.sluice.gateway.outbound.database.DatabaseFailure;
import dev.sluice.gateway.outbound.database.ObjectIntents;
import dev.sluice.gateway.outbound.database.ObjectIntents.Room;
import dev.sluice.gateway.outbound.storage.ObjectKey;
import dev.sluice.gateway.outbound.storage.ObjectStore;
import dev.sluice.gateway.outbound.storage.StorageException;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Objects that are put and then named by a row, or are removed again. The order of the steps is drawn on the page of
 * {@link dev.sluice.gateway.outbound.database}; what dies between them is removed when its intent has expired.
 */
public final class AnnouncedObjects {
    private static final Logger LOG = LoggerFactory.getLogger(AnnouncedObjects.class);

    private final ObjectStore store;
    private final ObjectIntents intents;
    private final Duration patience;

    /**
     * Those of one store and its database.
     *
     * @param patience how long the puts and their transaction may take
     */
    public AnnouncedObjects(ObjectStore store, ObjectIntents intents, Duration patience) {
        this.store = store;
        this.intents = intents;
        this.patience = patience;
    }

    /**
     * Announces {@code announced}, then does {@code work}, which puts the objects and has rows name them all in one
     * transaction. When that fails, is cancelled or comes back empty, what is there of the objects is removed.
     *
     * <p>Fails as {@code work} does; with {@link StorageException} when it takes too long; before any of it with
     * {@link dev.sluice.gateway.outbound.database.StorageQuotaException} when the owner has no room for them.
     *
     * @param owner whose they are
     * @param announced under keys never used before
     */
    public <T> Mono<T> named(
            String owner, List<AnnouncedObject> announced, UUID imageId, Room room, Supplier<Mono<T>> work) {
        List<ObjectKey> keys =
                announced.stream().map(object -> new ObjectKey(object.key())).toList();
        return Mono.usingWhen(
                        intents.announce(owner, announced, imageId, patience, room)
                                .thenReturn(keys),
                        known -> work.get().switchIfEmpty(Mono.error(NotNamedException::new)),
                        named -> Mono.empty(),
                        this::takeBack,
                        unwanted -> takeBack(unwanted, new NotNamedException()))
                .onErrorResume(NotNamedException.class, unwanted -> Mono.empty())
                .timeout(patience, Mono.error(() -> late(keys)));
    }

    private StorageException late(List<ObjectKey> keys) {
        return new StorageException(
                StorageException.Kind.UNAVAILABLE,
                keys.getFirst() + ": not stored within " + DurationWords.of(patience),
                null);
    }

    /** A commit in doubt may have taken place: then the intents stay, and the reconciler looks. */
    private Mono<Void> takeBack(List<ObjectKey> keys, Throwable failure) {
        if (failure instanceof DatabaseException lost && lost.failure() == DatabaseFailure.IN_DOUBT) {
            return Mono.empty();
        }
        return Flux.fromIterable(keys).concatMap(this::takeBack).then();
    }

    private Mono<Void> takeBack(ObjectKey key) {
        return intents.abandon(key.value())
                .filter(abandoned -> abandoned)
                .flatMap(abandoned -> store.delete(key).then(intents.forget(key.value())))
                .onErrorResume(later -> {
                    LOG.warn("object {} is left to the reconciler: {}", key, later.toString());
                    return Mono.empty();
                });
    }

    /** No row came to name the objects; nothing has failed. */
    private static final class NotNamedException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        NotNamedException() {
            super("no row names the objects", null, false, false);
        }
    }
}
