package dev.sluice.gateway.testing;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSSigner;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.PlainJWT;
import com.nimbusds.jwt.SignedJWT;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Date;
import java.util.List;

/** A token issuer with its keys on a loopback port, as OpenID Connect discovery finds them. */
public final class TokenIssuer implements AutoCloseable {
    private final HostileOrigin server = HostileOrigin.start();
    private final RSAKey key;
    private final RSAKey foreign;

    private TokenIssuer() throws JOSEException {
        this.key = new RSAKeyGenerator(2048).keyID("known").generate();
        this.foreign = new RSAKeyGenerator(2048).keyID("known").generate();
        server.on("/.well-known/openid-configuration", json("""
                {"issuer":"%s","jwks_uri":"%s","subject_types_supported":["public"],"id_token_signing_alg_values_supported":["RS256"]}\
                """.formatted(uri(), server.url("/keys"))));
        server.on("/keys", json(new JWKSet(key.toPublicJWK()).toString()));
    }

    /** An issuer on a free port. */
    public static TokenIssuer start() {
        try {
            return new TokenIssuer();
        } catch (JOSEException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /** Its name, which is also where it is. */
    public String uri() {
        return server.url("");
    }

    /** Claims of a user that are good for an hour. */
    public JWTClaimsSet.Builder claims(String user) {
        return new JWTClaimsSet.Builder()
                .issuer(uri())
                .subject(user)
                .claim("roles", List.of("user"))
                .expirationTime(Date.from(Instant.now().plusSeconds(3600)));
    }

    /** A token signed as it should be. */
    public String sign(JWTClaimsSet.Builder claims) {
        return signed(JWSAlgorithm.RS256, claims, key);
    }

    /** A token signed as it should be, of a {@code typ} of its own. */
    public String sign(String type, JWTClaimsSet.Builder claims) {
        try {
            SignedJWT token = new SignedJWT(
                    new JWSHeader.Builder(JWSAlgorithm.RS256)
                            .keyID("known")
                            .type(new JOSEObjectType(type))
                            .build(),
                    claims.build());
            token.sign(new RSASSASigner(key));
            return token.serialize();
        } catch (JOSEException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /** A token that claims to be signed by the issuer's key and is signed by another. */
    public String forge(JWTClaimsSet.Builder claims) {
        return signed(JWSAlgorithm.RS256, claims, foreign);
    }

    /** A token that names a key which the issuer has never had. */
    public String signWithUnknownKey(JWTClaimsSet.Builder claims, String keyId) {
        try {
            SignedJWT token = new SignedJWT(
                    new JWSHeader.Builder(JWSAlgorithm.RS256).keyID(keyId).build(), claims.build());
            token.sign(new RSASSASigner(foreign));
            return token.serialize();
        } catch (JOSEException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /** How often the keys were asked for. */
    public long keyRequests() {
        return server.requests("/keys");
    }

    /** A token without a signature: {@code alg: none}. */
    public String unsigned(JWTClaimsSet.Builder claims) {
        return new PlainJWT(claims.build()).serialize();
    }

    /** A token signed with the public key as if it were a shared secret. */
    public String confused(JWTClaimsSet.Builder claims) {
        try {
            byte[] secret = key.toPublicJWK().toString().getBytes(StandardCharsets.UTF_8);
            return serialized(JWSAlgorithm.HS256, claims, new MACSigner(secret));
        } catch (JOSEException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static String signed(JWSAlgorithm algorithm, JWTClaimsSet.Builder claims, RSAKey by) {
        try {
            return serialized(algorithm, claims, new RSASSASigner(by));
        } catch (JOSEException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static String serialized(JWSAlgorithm algorithm, JWTClaimsSet.Builder claims, JWSSigner signer)
            throws JOSEException {
        SignedJWT token =
                new SignedJWT(new JWSHeader.Builder(algorithm).keyID("known").build(), claims.build());
        token.sign(signer);
        return token.serialize();
    }

    private static HostileOrigin.Behaviour json(String text) {
        return Behaviours.body("application/json", text.getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public void close() {
        server.close();
    }
}
