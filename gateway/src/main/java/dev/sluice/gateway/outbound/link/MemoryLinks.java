package dev.sluice.gateway.outbound.link;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import java.time.Clock;
import java.util.concurrent.TimeUnit;
import reactor.core.publisher.Mono;

/** Links of this process alone. */
final class MemoryLinks<T> implements Links<T> {
    private final LinkFormat<T> format;
    private final Bounds bounds;
    private final Clock clock;
    private final Cache<String, Link<T>> links;

    MemoryLinks(LinkFormat<T> format, Bounds bounds, Clock clock) {
        this.format = format;
        this.bounds = bounds;
        this.clock = clock;
        Ticker ticker = () -> TimeUnit.MILLISECONDS.toNanos(clock.millis());
        this.links = Caffeine.newBuilder()
                .expireAfterWrite(bounds.ttl())
                .maximumWeight(Long.MAX_VALUE) // never evicts; weighed so that `keep` can refuse
                .weigher((String token, Link<T> link) -> format.weight(link.content()))
                .ticker(ticker)
                .executor(Runnable::run)
                .build();
    }

    @Override
    public Mono<Link<T>> keep(T content) {
        return Mono.fromCallable(() -> {
            Link<T> link = Link.create(content, clock.instant().plus(bounds.ttl()));
            synchronized (links) {
                if (held() + format.weight(content) > bounds.capacity()) {
                    throw bounds.full();
                }
                links.put(link.token(), link);
            }
            return link;
        });
    }

    @Override
    public Mono<Link<T>> find(String token) {
        return Mono.fromSupplier(() -> links.getIfPresent(token));
    }

    private long held() {
        links.cleanUp();
        return links.policy()
                .eviction()
                .map(eviction -> eviction.weightedSize().orElse(0))
                .orElse(0L);
    }
}
