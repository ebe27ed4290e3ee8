package dev.sluice.gateway.outbound.custody;

import java.util.LinkedHashMap;
import java.util.Map;
import reactor.core.publisher.Mono;

/** What one pass over many objects or rows could not do. Used by one pass, by one step of it at a time. */
public final class Failures {
    /** A pass with so many has met more than single broken objects. */
    private static final int MOST = 10;

    private final Map<String, Throwable> byKey = new LinkedHashMap<>();

    /** Goes on without it, until there are too many; not tried again in the same pass. */
    public <T> Mono<T> without(String key, Mono<T> repair) {
        return byKey.containsKey(key)
                ? Mono.empty()
                : repair.onErrorResume(failure -> {
                    byKey.put(key, failure);
                    return byKey.size() < MOST ? Mono.empty() : Mono.error(failure);
                });
    }

    /** The result of the pass, or a failure that tells of all. */
    public <T> Mono<T> orElse(T result) {
        return byKey.isEmpty()
                ? Mono.just(result)
                : Mono.error(() -> new IllegalStateException("not repaired: " + byKey));
    }
}
