package dev.sluice.gateway.feature.zip;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.Base64;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * Links of this process alone. Full means full: a new link is refused rather than another caller's evicted, or anyone
 * could end other people's downloads by asking for many of their own.
 */
final class InMemoryZipLinks implements ZipLinks {
    private static final int TOKEN_BYTES = 24;
    private static final int FIXED_WEIGHT = 512;
    private static final int WEIGHT_PER_IMAGE = 256;

    private final SecureRandom random = new SecureRandom();
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
                .weigher((String token, ZipLink link) -> weight(link.request()))
                .ticker(ticker)
                .executor(Runnable::run)
                .build();
    }

    @Override
    public Mono<ZipLink> keep(ZipRequest request) {
        return Mono.fromCallable(() -> {
            ZipLink link = new ZipLink(newToken(), request, clock.instant().plus(ttl));
            synchronized (links) {
                if (held() + weight(request) > capacity) {
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

    private String newToken() {
        byte[] bytes = new byte[TOKEN_BYTES];
        random.nextBytes(bytes);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    /** About the bytes that a request takes on the heap: two per character, and its objects. */
    private static int weight(ZipRequest request) {
        int weight = FIXED_WEIGHT + 2 * length(request.filename());
        for (ZipRequest.ImageRef image : request.images()) {
            weight += WEIGHT_PER_IMAGE + 2 * (length(image.url()) + length(image.name()));
        }
        return weight;
    }

    private static int length(@Nullable String text) {
        return text == null ? 0 : text.length();
    }
}
