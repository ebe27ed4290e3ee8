package dev.sluice.gateway.inbound.identity;

import dev.sluice.gateway.contract.SigningSecret;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;
import org.springframework.security.oauth2.jose.jws.MacAlgorithm;
import org.springframework.security.oauth2.jwt.JwsHeader;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.oauth2.jwt.JwtClaimsSet;
import org.springframework.security.oauth2.jwt.JwtEncoderParameters;
import org.springframework.security.oauth2.jwt.JwtValidators;
import org.springframework.security.oauth2.jwt.NimbusJwtEncoder;
import org.springframework.security.oauth2.jwt.NimbusReactiveJwtDecoder;
import org.springframework.security.oauth2.jwt.ReactiveJwtDecoder;

/**
 * The issuer of development: signs with a key of the signing secret, so that whoever is signed in stays so over a
 * restart, and at every gateway with that secret. HS256, RFC 7518 section 3.2.
 */
final class Tokens {
    private static final String ALGORITHM = "HmacSHA256";

    private final SecretKey key;
    private final NimbusJwtEncoder encoder;
    private final Clock clock;
    private final Duration ttl;

    Tokens(SigningSecret secret, Clock clock, Duration ttl) {
        this.key = new SecretKeySpec(secret.keyFor("development-tokens").mac("HS256"), ALGORITHM);
        this.encoder = NimbusJwtEncoder.withSecretKey(key)
                .algorithm(MacAlgorithm.HS256)
                .build();
        this.clock = clock;
        this.ttl = ttl;
    }

    /** A signed token. */
    Jwt issue(String user, List<String> roles, List<String> projects) {
        Instant now = clock.instant();
        JwtClaimsSet claims = JwtClaimsSet.builder()
                .issuer(TokenClaims.ISSUER)
                .subject(user)
                .issuedAt(now)
                .expiresAt(now.plus(ttl))
                .claim(TokenClaims.ROLES, roles)
                .claim(TokenClaims.PROJECTS, projects)
                .build();
        return encoder.encode(
                JwtEncoderParameters.from(JwsHeader.with(MacAlgorithm.HS256).build(), claims));
    }

    /** Takes the tokens of {@link #issue} and no others. */
    ReactiveJwtDecoder decoder() {
        NimbusReactiveJwtDecoder decoder = NimbusReactiveJwtDecoder.withSecretKey(key)
                .macAlgorithm(MacAlgorithm.HS256)
                .build();
        decoder.setJwtValidator(JwtValidators.createDefaultWithIssuer(TokenClaims.ISSUER));
        return decoder;
    }
}
