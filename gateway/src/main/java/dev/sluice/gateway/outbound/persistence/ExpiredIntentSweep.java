package dev.sluice.gateway.outbound.persistence;

import dev.sluice.gateway.outbound.database.image.ObjectIntents;
import dev.sluice.gateway.outbound.storage.ObjectKey;
import dev.sluice.gateway.outbound.storage.ObjectStore;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Deletes the objects of expired and abandoned intents, then the intents. Idempotent, and may run on several gateways
 * at once.
 */
public final class ExpiredIntentSweep {
    private static final int BATCH = 100;

    private final ObjectIntents intents;
    private final ObjectStore store;

    /** Of one store and its database. */
    public ExpiredIntentSweep(ObjectIntents intents, ObjectStore store) {
        this.intents = intents;
        this.store = store;
    }

    /** Removes them all, one after the other, and emits each; delays errors. */
    public Flux<ObjectIntents.Intent> remove(DelayedErrors errors) {
        return intents.takeExpired(BATCH)
                .expand(taken -> taken.size() < BATCH ? Mono.empty() : intents.takeExpired(BATCH))
                .concatMapIterable(taken -> taken, 1)
                .concatMap(
                        intent -> errors.delay(
                                intent.key(),
                                store.delete(new ObjectKey(intent.key()))
                                        .then(intents.forget(intent.key()))
                                        .thenReturn(intent)),
                        1);
    }
}
