package dev.sluice.gateway.inbound.identity;

import io.netty.channel.ChannelOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.springframework.http.client.reactive.ReactorClientHttpConnector;
import org.springframework.security.oauth2.core.OAuth2TokenValidator;
import org.springframework.security.oauth2.jose.jws.SignatureAlgorithm;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.oauth2.jwt.JwtClaimNames;
import org.springframework.security.oauth2.jwt.JwtClaimValidator;
import org.springframework.security.oauth2.jwt.JwtIssuerValidator;
import org.springframework.security.oauth2.jwt.JwtTypeValidator;
import org.springframework.security.oauth2.jwt.JwtValidators;
import org.springframework.security.oauth2.jwt.NimbusReactiveJwtDecoder;
import org.springframework.security.oauth2.jwt.NimbusReactiveJwtDecoder.JwkSetUriReactiveJwtDecoderBuilder;
import org.springframework.security.oauth2.jwt.ReactiveJwtDecoder;
import org.springframework.web.reactive.function.client.WebClient;
import reactor.netty.http.client.HttpClient;

/** The keys of the operator's token issuer: an operator's URL, asked with a deadline and a bound of its own. */
final class IssuerKeys {
    private static final int CONNECT_MILLIS = 3_000;
    private static final Duration KEYS_WITHIN = Duration.ofSeconds(5);
    private static final int LARGEST_KEY_SET = 512 * 1024;

    private IssuerKeys() {}

    /** Takes what the issuer signed with one of its keys, which are fetched when first needed and then kept. */
    static ReactiveJwtDecoder decoder(IdentityProperties.Identity identity) {
        HttpClient http = HttpClient.create()
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_MILLIS)
                .responseTimeout(KEYS_WITHIN);
        WebClient client = WebClient.builder()
                .clientConnector(new ReactorClientHttpConnector(http))
                .filter(new CoalescingCache())
                .codecs(codecs -> codecs.defaultCodecs().maxInMemorySize(LARGEST_KEY_SET))
                .build();
        JwkSetUriReactiveJwtDecoderBuilder builder = identity.jwkSetUri().isEmpty()
                ? NimbusReactiveJwtDecoder.withIssuerLocation(identity.issuerUri())
                : NimbusReactiveJwtDecoder.withJwkSetUri(identity.jwkSetUri());
        NimbusReactiveJwtDecoder decoder = builder.webClient(client)
                .validateType(false) // a validator does
                // Signatures by public keys alone: an issuer's secret has no place here.
                .jwsAlgorithms(algorithms -> {
                    algorithms.add(SignatureAlgorithm.RS256);
                    algorithms.add(SignatureAlgorithm.ES256);
                    algorithms.add(SignatureAlgorithm.PS256);
                })
                .build();
        decoder.setJwtValidator(validator(identity));
        return decoder;
    }

    private static OAuth2TokenValidator<Jwt> validator(IdentityProperties.Identity identity) {
        List<OAuth2TokenValidator<Jwt>> validators = new ArrayList<>();
        validators.add(accessTokens());
        if (!identity.issuerUri().isEmpty()) {
            validators.add(new JwtIssuerValidator(identity.issuerUri()));
        }
        // A token that never ends could never be taken back.
        validators.add(new JwtClaimValidator<>(JwtClaimNames.EXP, expiry -> expiry != null));
        if (!identity.audience().isEmpty()) {
            validators.add(new JwtClaimValidator<List<String>>(
                    JwtClaimNames.AUD, audience -> audience != null && audience.contains(identity.audience())));
        }
        return JwtValidators.createDefaultWithValidators(validators);
    }

    /** RFC 9068 section 2.1; older issuers say {@code JWT}, or nothing. */
    private static JwtTypeValidator accessTokens() {
        JwtTypeValidator types = new JwtTypeValidator(List.of("JWT", "at+jwt", "application/at+jwt"));
        types.setAllowEmpty(true);
        return types;
    }
}
