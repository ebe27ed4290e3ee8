package dev.sluice.gateway.outbound.custody;

import dev.sluice.gateway.outbound.database.ObjectIntent;
import dev.sluice.gateway.outbound.database.ObjectIntents;
import dev.sluice.gateway.outbound.storage.ObjectKey;
import dev.sluice.gateway.outbound.storage.ObjectStore;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Keys that were announced and that no row came to name in time, or that were given up: their objects go, then the keys
 * are forgotten. May be repeated, and may run on several gateways at once.
 */
public final class ExpiredIntents {
    private static final int BATCH = 100;

    private final ObjectIntents intents;
    private final ObjectStore store;

    /** Those of one store and its database. */
    public ExpiredIntents(ObjectIntents intents, ObjectStore store) {
        this.intents = intents;
        this.store = store;
    }

    /** Removes them all, one after the other, and tells each that is gone; goes on without those that fail. */
    public Flux<ObjectIntent> remove(Failures failures) {
        return intents.takeExpired(BATCH)
                .expand(taken -> taken.size() < BATCH ? Mono.empty() : intents.takeExpired(BATCH))
                .concatMapIterable(taken -> taken, 1)
                .concatMap(
                        intent -> failures.without(
                                intent.key(),
                                store.delete(new ObjectKey(intent.key()))
                                        .then(intents.forget(intent.key()))
                                        .thenReturn(intent)),
                        1);
    }
}
