package dev.sluice.gateway.inbound.identity;

import dev.sluice.gateway.contract.FeatureRoutes;
import dev.sluice.gateway.contract.SigningSecret;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import org.springframework.core.env.Profiles;
import org.springframework.security.oauth2.jwt.ReactiveJwtDecoder;
import org.springframework.security.oauth2.jwt.SupplierReactiveJwtDecoder;

/** Wires how callers are known: Spring Security's decoders verify tokens, and decide nothing else. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(IdentityProperties.class)
public class IdentityConfiguration {
    private static final Logger LOG = LoggerFactory.getLogger(IdentityConfiguration.class);

    @Bean
    SigningSecret signingSecret(IdentityProperties properties) {
        byte[][] previous = properties.previousSigningSecret().isEmpty()
                ? new byte[0][]
                : new byte[][] {properties.previousSigningSecret().getBytes(StandardCharsets.UTF_8)};
        if (!properties.signingSecret().isEmpty()) {
            return new SigningSecret(properties.signingSecret().getBytes(StandardCharsets.UTF_8), previous);
        }
        return new SigningSecret(SecretFile.read(properties.signingSecretFile()), previous);
    }

    /** The tokens of development, or none. */
    @Bean
    DevelopmentLogin developmentLogin(IdentityProperties properties, SigningSecret secret, Environment environment) {
        boolean production = isProduction(environment);
        Boolean wanted = properties.identity().developmentLogin();
        if (production && Boolean.TRUE.equals(wanted)) {
            throw new IllegalStateException(
                    "sluice.identity.development-login: true (expected: false in the profile prod)");
        }
        if (production || Boolean.FALSE.equals(wanted)) {
            return new DevelopmentLogin(null);
        }
        LOG.warn(
                "Development login is on: POST /api/session makes anybody whoever they wish to be{}",
                listensToOthers(environment)
                        ? ", and SERVER_ADDRESS lets other machines reach it; a container's port is kept to this one by"
                                + " docker run -p 127.0.0.1:8080:8080"
                        : "");
        return new DevelopmentLogin(
                new Tokens(secret, Clock.systemUTC(), properties.identity().sessionTtl()));
    }

    @Bean
    CachingTokenDecoder verifiedTokens(IdentityProperties properties, DevelopmentLogin development) {
        List<ReactiveJwtDecoder> decoders = new ArrayList<>();
        Tokens tokens = development.tokens();
        if (tokens != null) {
            decoders.add(tokens.decoder());
        }
        IdentityProperties.Identity identity = properties.identity();
        if (!identity.issuerUri().isEmpty() || !identity.jwkSetUri().isEmpty()) {
            if (identity.audience().isEmpty()) {
                LOG.warn(
                        "sluice.identity.audience is not set: a token that the same issuer made for another application"
                                + " is taken too, with its roles");
            }
            // Keys are fetched with the first token, so that an issuer that is down does not keep the gateway down.
            decoders.add(new SupplierReactiveJwtDecoder(() -> IssuerKeys.decoder(identity)));
        }
        return new CachingTokenDecoder(
                new CompositeJwtDecoder(decoders), new TokenClaims(identity.rolesClaim()), Clock.systemUTC());
    }

    @Bean
    AnonymousCookie anonymousCookie(SigningSecret secret) {
        return new AnonymousCookie(secret);
    }

    @Bean
    AnonymousIdentity anonymousIdentity(
            AnonymousCookie cookie, IdentityProperties properties, Environment environment) {
        return new AnonymousIdentity(
                cookie, cookieSecurity(environment), properties.access().anonymous());
    }

    @Bean
    TrustedProxies trustedProxies(IdentityProperties properties) {
        return new TrustedProxies(
                properties.trustedProxies(), properties.identity().forwardedField());
    }

    @Bean
    Callers callers(TrustedProxies proxies, AnonymousCookie cookie, SigningSecret secret, CachingTokenDecoder tokens) {
        return new Callers(proxies, cookie, secret, tokens);
    }

    @Bean
    FeatureRoutes sessionRoutes(
            DevelopmentLogin development, Environment environment, ObjectProvider<CallerLimits> limits) {
        return new SessionRoutes(
                development.tokens(),
                cookieSecurity(environment),
                caller -> limits.getObject().of(caller));
    }

    /**
     * The issuer of development tokens, where there is one.
     *
     * @param tokens null when the development login is off
     */
    record DevelopmentLogin(@Nullable Tokens tokens) {}

    private static CookieSecurity cookieSecurity(Environment environment) {
        return isProduction(environment) ? CookieSecurity.HTTPS_ONLY : CookieSecurity.ANY;
    }

    private static boolean listensToOthers(Environment environment) {
        String address = environment.getProperty("server.address", "").strip();
        // Without one development listens on 127.0.0.1.
        return !address.isEmpty()
                && !address.startsWith("127.")
                && !address.equals("::1")
                && !address.equals("localhost");
    }

    private static boolean isProduction(Environment environment) {
        return environment.acceptsProfiles(Profiles.of("prod"));
    }
}
