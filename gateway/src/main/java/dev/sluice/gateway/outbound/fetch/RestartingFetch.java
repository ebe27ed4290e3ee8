package dev.sluice.gateway.outbound.fetch;

import java.util.function.Function;
import reactor.core.publisher.Mono;

/**
 * Fetches again, from the first URL and the first byte, what broke off in the middle and could not be continued. The
 * reader is then called again, with the new body.
 */
final class RestartingFetch implements OriginFetch {
    private final FetchProperties.Retry bounds;
    private final Runnable onRetry;
    private final OriginFetch fetch;

    /** @param onRetry told before each further try */
    RestartingFetch(FetchProperties.Retry bounds, Runnable onRetry, OriginFetch fetch) {
        this.bounds = bounds;
        this.onRetry = onRetry;
        this.fetch = fetch;
    }

    @Override
    public <T> Mono<T> fetch(FetchRequest request, Function<OriginResponse, Mono<T>> reader) {
        return Mono.deferContextual(context -> {
            Trip trip = Trip.of(context);
            return fetch.fetch(request, reader).onErrorResume(FetchException.class, failure -> {
                if (!BrokenBodyException.is(failure) || !trip.mayAskAgain(bounds)) {
                    return Mono.error(failure);
                }
                onRetry.run();
                return Mono.delay(bounds.backoff(), trip.lane().scheduler()).then(fetch(request, reader));
            });
        });
    }
}
