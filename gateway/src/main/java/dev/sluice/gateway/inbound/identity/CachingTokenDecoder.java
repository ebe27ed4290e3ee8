package dev.sluice.gateway.inbound.identity;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.springframework.security.oauth2.jwt.ReactiveJwtDecoder;
import reactor.core.publisher.Mono;

/**
 * Tokens that were verified a moment ago, letter by letter the same: checking a signature costs more than all else that
 * a small request does, and a page that shows sixty images sends the same token sixty times. A token is remembered
 * until it expires, and for a minute at most: so long a key that its issuer has withdrawn may still be good.
 */
final class CachingTokenDecoder {
    private static final Duration LONGEST = Duration.ofMinutes(1);
    private static final long MOST_CHARACTERS = 8_000_000;
    private static final int ENTRY_OVERHEAD = 2_000; // roles and projects, as objects

    private final ReactiveJwtDecoder decoder;
    private final TokenClaims claims;
    private final Cache<String, Verified> verified;

    /**
     * What a token says.
     *
     * @param subject null if it names none
     */
    record User(@Nullable String subject, Set<String> roles, Set<String> projects) {}

    private record Verified(User user, @Nullable Instant expiresAt) {}

    CachingTokenDecoder(ReactiveJwtDecoder decoder, TokenClaims claims, Clock clock) {
        this.decoder = decoder;
        this.claims = claims;
        this.verified = Caffeine.newBuilder()
                .maximumWeight(MOST_CHARACTERS)
                .weigher((String token, Verified user) -> token.length() + ENTRY_OVERHEAD)
                .ticker(() -> TimeUnit.MILLISECONDS.toNanos(clock.millis()))
                .expireAfter(Expiry.writing((String token, Verified user) -> left(user.expiresAt(), clock.instant())))
                .build();
    }

    /** The user of a token that was verified a moment ago; null when it is to be verified. */
    @Nullable User known(String token) {
        Verified known = verified.getIfPresent(token);
        return known == null ? null : known.user();
    }

    /** Verifies a token. Fails as its decoder does. */
    Mono<User> verify(String token) {
        return decoder.decode(token).map(jwt -> {
            User user = new User(jwt.getSubject(), claims.roles(jwt), claims.projects(jwt));
            verified.put(token, new Verified(user, jwt.getExpiresAt()));
            return user;
        });
    }

    private static Duration left(@Nullable Instant expiry, Instant now) {
        Duration left = expiry == null ? Duration.ZERO : Duration.between(now, expiry);
        return left.compareTo(LONGEST) < 0 ? left : LONGEST;
    }
}
