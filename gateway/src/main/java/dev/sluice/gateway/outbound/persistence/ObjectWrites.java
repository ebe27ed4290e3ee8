package dev.sluice.gateway.outbound.persistence;

import dev.sluice.gateway.contract.DurationWords;
import dev.sluice.gateway.outbound.database.DatabaseException;
import dev.sluice.gateway.outbound.database.image.ObjectIntents;
import dev.sluice.gateway.outbound.database.image.ObjectIntents.QuotaMode;
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
 * Writes of objects that are put and then named by a row, or deleted again. The order of the steps is drawn on the page
 * of {@link dev.sluice.gateway.outbound.database.image}; what a crash leaves between them is deleted when its intent
 * expires.
 */
public final class ObjectWrites {
    private static final Logger LOG = LoggerFactory.getLogger(ObjectWrites.class);

    private final ObjectStore store;
    private final ObjectIntents intents;
    private final Duration timeout;

    /**
     * Of one store and its database.
     *
     * @param timeout how long the puts and their transaction may take
     */
    public ObjectWrites(ObjectStore store, ObjectIntents intents, Duration timeout) {
        this.store = store;
        this.intents = intents;
        this.timeout = timeout;
    }

    /**
     * Announces {@code announced}, then runs {@code work}, which puts the objects and commits the rows that name them
     * in one transaction. If that fails, is cancelled or completes empty, the objects are deleted.
     *
     * <p>Fails as {@code work} does; with {@link StorageException} when it takes too long; before any of it with
     * {@link dev.sluice.gateway.outbound.database.image.QuotaExceededException.OfStorage} when they exceed the owner's
     * quota.
     *
     * @param owner whose they are
     * @param announced under keys never used before
     */
    public <T> Mono<T> run(
            String owner,
            List<ObjectIntents.Announced> announced,
            UUID imageId,
            QuotaMode mode,
            Supplier<Mono<T>> work) {
        List<ObjectKey> keys =
                announced.stream().map(object -> new ObjectKey(object.key())).toList();
        return Mono.usingWhen(
                        intents.announce(owner, announced, imageId, timeout, mode)
                                .thenReturn(keys),
                        known -> work.get().switchIfEmpty(Mono.error(NotCommittedException::new)),
                        named -> Mono.empty(),
                        this::rollBack,
                        unwanted -> rollBack(unwanted, new NotCommittedException()))
                .onErrorResume(NotCommittedException.class, unwanted -> Mono.empty())
                .timeout(timeout, Mono.error(() -> late(keys)));
    }

    private StorageException late(List<ObjectKey> keys) {
        return new StorageException(
                StorageException.Kind.UNAVAILABLE,
                keys.getFirst() + ": not stored within " + DurationWords.of(timeout),
                null);
    }

    /** A commit in doubt may have taken effect: then the intents stay, and the reconciler checks. */
    private Mono<Void> rollBack(List<ObjectKey> keys, Throwable failure) {
        if (failure instanceof DatabaseException lost && lost.kind() == DatabaseException.Kind.IN_DOUBT) {
            return Mono.empty();
        }
        return Flux.fromIterable(keys).concatMap(this::rollBack).then();
    }

    private Mono<Void> rollBack(ObjectKey key) {
        return intents.abandon(key.value())
                .filter(abandoned -> abandoned)
                .flatMap(abandoned -> store.delete(key).then(intents.forget(key.value())))
                .onErrorResume(later -> {
                    LOG.warn("object {} is left to the reconciler: {}", key, later.toString());
                    return Mono.empty();
                });
    }

    /** No row names the objects; nothing has failed. */
    private static final class NotCommittedException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        NotCommittedException() {
            super("no row names the objects", null, false, false);
        }
    }
}
