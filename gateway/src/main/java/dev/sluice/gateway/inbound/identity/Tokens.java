package dev.sluice.gateway.inbound.identity;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.interfaces.ECPrivateKey;
import java.security.interfaces.ECPublicKey;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.springframework.security.oauth2.jose.jws.SignatureAlgorithm;
import org.springframework.security.oauth2.jwt.JwsHeader;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.oauth2.jwt.JwtClaimsSet;
import org.springframework.security.oauth2.jwt.JwtEncoderParameters;
import org.springframework.security.oauth2.jwt.JwtValidators;
import org.springframework.security.oauth2.jwt.NimbusJwtEncoder;
import org.springframework.security.oauth2.jwt.NimbusReactiveJwtDecoder;
import org.springframework.security.oauth2.jwt.ReactiveJwtDecoder;
import reactor.core.publisher.Flux;

/** The issuer of development: signs with a key that lives as long as the process. ES256, RFC 7518 section 3.4. */
final class Tokens {

    private final NimbusJwtEncoder encoder;
    private final JWK publicKey;
    private final Clock clock;
    private final Duration ttl;

    Tokens(Clock clock, Duration ttl) {
        KeyPair keys = newKeys();
        this.encoder = NimbusJwtEncoder.withKeyPair((ECPublicKey) keys.getPublic(), (ECPrivateKey) keys.getPrivate())
                .build();
        this.publicKey = publicKey((ECPublicKey) keys.getPublic());
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
        return encoder.encode(JwtEncoderParameters.from(
                JwsHeader.with(SignatureAlgorithm.ES256).build(), claims));
    }

    /** Takes the tokens of {@link #issue} and no others. */
    ReactiveJwtDecoder decoder() {
        NimbusReactiveJwtDecoder decoder = NimbusReactiveJwtDecoder.withJwkSource(token -> Flux.just(publicKey))
                .jwsAlgorithm(SignatureAlgorithm.ES256)
                .build();
        decoder.setJwtValidator(JwtValidators.createDefaultWithIssuer(TokenClaims.ISSUER));
        return decoder;
    }

    /** Named by its thumbprint, as the encoder names it in a token's header. */
    private static JWK publicKey(ECPublicKey key) {
        try {
            return new ECKey.Builder(Curve.P_256, key).keyIDFromThumbprint().build();
        } catch (JOSEException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static KeyPair newKeys() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(Curve.P_256.toECParameterSpec());
            return generator.generateKeyPair();
        } catch (GeneralSecurityException impossible) {
            throw new IllegalStateException(impossible);
        }
    }
}
