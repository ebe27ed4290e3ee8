package dev.sluice.gateway.outbound.persistence;

import java.util.LinkedHashMap;
import java.util.Map;
import reactor.core.publisher.Mono;

/** The errors of one pass over many objects or rows, delayed to its end. Not thread-safe: steps follow one another. */
public final class DelayedErrors {
    /** More errors than single broken objects explain. */
    private static final int MOST = 10;

    private final Map<String, Throwable> byKey = new LinkedHashMap<>();

    /** Completes empty if {@code repair} fails, until too many have failed; a key that failed is not tried again. */
    public <T> Mono<T> delay(String key, Mono<T> repair) {
        return byKey.containsKey(key)
                ? Mono.empty()
                : repair.onErrorResume(failure -> {
                    byKey.put(key, failure);
                    return byKey.size() < MOST ? Mono.empty() : Mono.error(failure);
                });
    }

    /** The result of the pass, or one error that names all. */
    public <T> Mono<T> orResult(T result) {
        return byKey.isEmpty()
                ? Mono.just(result)
                : Mono.error(() -> new IllegalStateException("not repaired: " + byKey));
    }
}
