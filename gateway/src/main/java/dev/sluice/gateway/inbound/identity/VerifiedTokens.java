package dev.sluice.gateway.inbound.identity;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.oauth2.jwt.ReactiveJwtDecoder;
import reactor.core.publisher.Mono;

/**
 * Tokens that were verified a moment ago, letter by letter the same: checking a signature costs more than all else that
 * a small request does, and a page that shows sixty images sends the same token sixty times. A token is remembered
 * until it expires, and for a minute at most: so long a key that its issuer has withdrawn may still be good.
 */
final class VerifiedTokens implements ReactiveJwtDecoder {
    private static final Duration LONGEST = Duration.ofMinutes(1);
    private static final long MOST_CHARACTERS = 8_000_000;
    private static final int ENTRY_OVERHEAD = 2_000; // the claims, as objects

    private final ReactiveJwtDecoder decoder;
    private final Cache<String, Jwt> verified;

    VerifiedTokens(ReactiveJwtDecoder decoder, Clock clock) {
        this.decoder = decoder;
        this.verified = Caffeine.newBuilder()
                .maximumWeight(MOST_CHARACTERS)
                .weigher((String token, Jwt jwt) -> token.length() + ENTRY_OVERHEAD)
                .ticker(() -> TimeUnit.MILLISECONDS.toNanos(clock.millis()))
                .expireAfter(Expiry.writing((String token, Jwt jwt) -> left(jwt.getExpiresAt(), clock.instant())))
                .build();
    }

    @Override
    public Mono<Jwt> decode(String token) {
        Jwt known = verified.getIfPresent(token);
        return known == null ? decoder.decode(token).doOnNext(jwt -> verified.put(token, jwt)) : Mono.just(known);
    }

    private static Duration left(@Nullable Instant expiry, Instant now) {
        Duration left = expiry == null ? Duration.ZERO : Duration.between(now, expiry);
        return left.compareTo(LONGEST) < 0 ? left : LONGEST;
    }
}
