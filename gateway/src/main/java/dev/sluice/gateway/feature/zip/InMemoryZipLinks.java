package dev.sluice.gateway.feature.zip;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import reactor.core.publisher.Mono;

/**
 * Links of this process alone. Full means full: a new link is refused rather than another caller's evicted, or anyone
 * could end other people's downloads by asking for many of their own.
 */
final class InMemoryZipLinks implements ZipLinks {
    private final Clock clock;
    private final Duration ttl;
    private final long capacity;
    private final Cache<String, ZipLink> links;

    /** Keeps requests of about {@code capacity} bytes together, each for {@code ttl}. */
    InMemoryZipLinks(Duration ttl, long capacity, Clock clock) {
        this.clock = clock;
        this.ttl = ttl;
        this.capacity = capacity;
        Ticker ticker = () -> TimeUnit.MILLISECONDS.toNanos(clock.millis());
        this.links = Caffeine.newBuilder()
                .expireAfterWrite(ttl)
                .maximumWeight(Long.MAX_VALUE) // never evicts; weighed so that `keep` can refuse
                .weigher((String token, ZipLink link) -> link.weight())
                .ticker(ticker)
                .executor(Runnable::run)
                .build();
    }

    @Override
    public Mono<ZipLink> keep(ZipRequest request) {
        return Mono.fromCallable(() -> {
            ZipLink link = ZipLink.create(request, clock.instant().plus(ttl));
            synchronized (links) {
                if (held() + link.weight() > capacity) {
                    throw new GatewayException(ProblemCode.OVERLOADED, "No room for another link at present.")
                            .retryAfter(ttl);
                }
                links.put(link.token(), link);
            }
            return link;
        });
    }

    @Override
    public Mono<ZipLink> find(String token) {
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
