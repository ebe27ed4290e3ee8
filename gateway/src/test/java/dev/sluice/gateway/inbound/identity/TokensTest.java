package dev.sluice.gateway.inbound.identity;

import dev.sluice.gateway.contract.SigningSecret;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.springframework.security.oauth2.jwt.BadJwtException;
import reactor.test.StepVerifier;

class TokensTest {
    private static Tokens tokens(String secret) {
        return new Tokens(
                new SigningSecret(secret.repeat(32).getBytes(StandardCharsets.UTF_8)),
                Clock.systemUTC(),
                Duration.ofHours(8));
    }

    @Test
    void tokenOutlivesARestartWithTheSameSecret() {
        String token = tokens("a").issue("alice", List.of("user"), List.of()).getTokenValue();

        StepVerifier.create(tokens("a").decoder().decode(token))
                .expectNextMatches(known -> "alice".equals(known.getSubject()))
                .verifyComplete();
    }

    @Test
    void tokenOfAnotherSecretIsRefused() {
        String token = tokens("a").issue("alice", List.of("user"), List.of()).getTokenValue();

        StepVerifier.create(tokens("b").decoder().decode(token)).verifyError(BadJwtException.class);
    }
}
