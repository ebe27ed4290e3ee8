package dev.sluice.gateway.feature.imageproxy;

import dev.sluice.gateway.outbound.fetch.FetchException;
import dev.sluice.gateway.outbound.imagecache.ImageStore;
import dev.sluice.gateway.outbound.imagecache.NegativeCache;
import reactor.core.publisher.Mono;

/** Makes this gateway forget images: what it keeps of them, and that they could not be had or made smaller. */
final class LocalPurges {
    private final ImageStore store;
    private final NegativeCache<FetchException> failures;
    private final FailedTransforms transforms;

    LocalPurges(ImageStore store, NegativeCache<FetchException> failures, FailedTransforms transforms) {
        this.store = store;
        this.failures = failures;
        this.transforms = transforms;
    }

    /**
     * Forgets what is known of {@code url}; whether there was anything. What is on its way now is not stored either.
     */
    Mono<Boolean> one(String url) {
        return Mono.defer(() -> {
            boolean hadFailed = failures.forget(url);
            boolean wasUndecodable = transforms.forget(url);
            return store.purge(url).map(purged -> purged || hadFailed || wasUndecodable);
        });
    }

    /** Forgets all; gives how many entries there were. */
    Mono<Integer> all() {
        return Mono.defer(() -> {
            failures.forgetAll();
            transforms.forgetAll();
            return store.purgeAll();
        });
    }
}
