package dev.sluice.gateway.outbound.link;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import java.time.Clock;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The links that this process uses: one object for each token while anybody references it, and longer if there is room.
 * What is evicted is read again from the store.
 */
final class LinkCache<T> {
    private final Cache<String, Link<T>> canonical;
    private final Cache<String, Link<T>> latest;

    LinkCache(Links.Format<T> format, Links.Bounds bounds, Clock clock) {
        Ticker ticker = () -> TimeUnit.MILLISECONDS.toNanos(clock.millis());
        this.canonical =
                Caffeine.newBuilder().weakValues().executor(Runnable::run).build();
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
        return recent == null ? canonical.getIfPresent(token) : recent;
    }

    /** The link as this process knows it: the first of two that are found at the same time. */
    Link<T> remember(Link<T> link) {
        Link<T> first = canonical.get(link.token(), token -> link);
        latest.put(link.token(), first);
        return first;
    }
}
