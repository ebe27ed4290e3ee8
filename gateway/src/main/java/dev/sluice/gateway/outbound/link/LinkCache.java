package dev.sluice.gateway.outbound.link;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import java.time.Clock;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Links as this process uses them: of a token one object for as long as anybody holds it, and for a while longer as
 * long as there is room. What is forgotten is read anew from where it is kept.
 */
final class KnownLinks<T> {
    private final Cache<String, Link<T>> held;
    private final Cache<String, Link<T>> latest;

    KnownLinks(LinkFormat<T> format, Links.Bounds bounds, Clock clock) {
        Ticker ticker = () -> TimeUnit.MILLISECONDS.toNanos(clock.millis());
        this.held = Caffeine.newBuilder().weakValues().executor(Runnable::run).build();
        this.latest = Caffeine.newBuilder()
                .expireAfterWrite(bounds.ttl())
                .maximumWeight(bounds.capacity())
                .weigher((String token, Link<T> link) -> format.weight(link.content()))
                .ticker(ticker)
                .executor(Runnable::run)
                .build();
    }

    @Nullable Link<T> find(String token) {
        Link<T> recent = latest.getIfPresent(token);
        return recent == null ? held.getIfPresent(token) : recent;
    }

    /** The link as this process knows it: the first of two that are found at the same time. */
    Link<T> remember(Link<T> link) {
        Link<T> first = held.get(link.token(), token -> link);
        latest.put(link.token(), first);
        return first;
    }
}
