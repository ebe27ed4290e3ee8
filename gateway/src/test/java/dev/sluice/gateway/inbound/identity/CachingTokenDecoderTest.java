package dev.sluice.gateway.inbound.identity;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.springframework.security.oauth2.jwt.BadJwtException;
import org.springframework.security.oauth2.jwt.Jwt;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

/** How long a token that was verified is taken without verifying it again. */
class CachingTokenDecoderTest {
    private static final Instant START = Instant.parse("2026-11-21T12:00:00Z");

    private Instant now = START;
    private @Nullable Instant expiry = START.plusSeconds(3600);
    private final AtomicInteger verified = new AtomicInteger();
    private final CachingTokenDecoder tokens =
            new CachingTokenDecoder(this::verify, new TokenClaims("roles"), new Clock() {
                @Override
                public Instant instant() {
                    return now;
                }

                @Override
                public ZoneId getZone() {
                    return ZoneOffset.UTC;
                }

                @Override
                public Clock withZone(ZoneId zone) {
                    return this;
                }
            });

    private Mono<Jwt> verify(String token) {
        return Mono.fromSupplier(() -> {
            verified.incrementAndGet();
            if (token.startsWith("forged")) {
                throw new BadJwtException("forged");
            }
            Jwt.Builder jwt = Jwt.withTokenValue(token).header("alg", "ES256").subject(token);
            return (expiry == null ? jwt : jwt.expiresAt(expiry)).build();
        });
    }

    private void decode(String token) {
        CachingTokenDecoder.User known = tokens.known(token);
        StepVerifier.create(known == null ? tokens.verify(token) : Mono.just(known))
                .assertNext(user -> assertThat(user.subject()).isEqualTo(token))
                .verifyComplete();
    }

    @Test
    void sameTokenIsVerifiedOnceAMinute() {
        decode("a");
        now = now.plusSeconds(59);
        decode("a");
        assertThat(verified).hasValue(1);

        now = now.plusSeconds(1);
        decode("a");
        assertThat(verified).hasValue(2);
    }

    @Test
    void otherTokensAreVerifiedForThemselves() {
        decode("a");
        decode("A");
        decode("a.");
        assertThat(verified).hasValue(3);
    }

    @Test
    void tokenIsNotRememberedLongerThanItLives() {
        expiry = START.plusSeconds(5);
        decode("a");
        now = now.plus(Duration.ofMillis(4_999));
        decode("a");
        assertThat(verified).hasValue(1);

        now = START.plusSeconds(5);
        decode("a");
        assertThat(verified).hasValue(2);
    }

    @Test
    void tokenThatIsTakenAfterItsEndForSkewedClocksIsNotRemembered() {
        expiry = START.minusSeconds(30);
        decode("a");
        decode("a");
        assertThat(verified).hasValue(2);
    }

    @Test
    void tokenThatNeverEndsIsNotRemembered() {
        expiry = null;
        decode("a");
        decode("a");
        assertThat(verified).hasValue(2);
    }

    @Test
    void refusedTokenIsNotRemembered() {
        for (int time = 1; time <= 2; time++) {
            StepVerifier.create(tokens.verify("forged")).verifyError(BadJwtException.class);
            assertThat(verified).hasValue(time);
        }
    }

    @Test
    void noMoreAreRememberedThanTheirBoundAdmits() {
        String filler = "x".repeat(8_000);
        for (int token = 0; token < 2_000; token++) {
            decode(token + filler);
        }
        int first = verified.get();
        for (int token = 0; token < 2_000; token++) {
            decode(token + filler);
        }

        // 10,000 characters each of 8,000,000: at most 800 of them.
        assertThat(verified.get() - first).isGreaterThanOrEqualTo(1_200);
    }
}
