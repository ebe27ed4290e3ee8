package dev.sluice.gateway.inbound.identity;

import dev.sluice.gateway.contract.http.HttpUrl;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How callers are known.
 *
 * @param signingSecret the operator's secret, at least 32 bytes; if empty, the one in {@code signingSecretFile}
 * @param signingSecretFile file with the secret of a gateway that is given none; made at the first start
 * @param previousSigningSecret the secret before the present one, whose signatures stay valid; empty for none
 * @param trustedProxies CIDR blocks and addresses of the proxies before the gateway; what they say about a client's
 *     address, and about the scheme and host that it used, is believed
 * @param publicUrl the one scheme, host and port by which clients reach the gateway, whatever a request says; empty for
 *     what each request says
 * @param access who may call what
 * @param identity where tokens come from
 */
@ConfigurationProperties("sluice")
public record IdentityProperties(
        @DefaultValue("") String signingSecret,
        @DefaultValue("sluice-data/signing-secret") Path signingSecretFile,
        @DefaultValue("") String previousSigningSecret,
        @DefaultValue List<String> trustedProxies,
        @DefaultValue("") String publicUrl,
        @DefaultValue Access access,
        @DefaultValue Identity identity) {
    private static final int SHORTEST_SECRET = 32;

    /**
     * Who may call what.
     *
     * @param anonymous whether callers without credentials may use what is open to them
     */
    public record Access(@DefaultValue("true") boolean anonymous) {}

    /**
     * Where tokens come from.
     *
     * @param issuerUri the issuer whose tokens are accepted; its keys are found by OpenID discovery
     * @param jwkSetUri URL of the issuer's keys, where OpenID discovery is not to be used
     * @param audience what {@code aud} of a token must contain; not checked when empty
     * @param rolesClaim where tokens of that issuer have the roles: a claim, or the path to a member of one with dots
     *     between, such as {@code realm_access.roles}
     * @param developmentLogin whether {@code POST /api/session} hands out a token for any name; by default outside the
     *     profile {@code prod} alone
     * @param sessionTtl how long a token of {@code POST /api/session} lives
     * @param forwardedField header field in which trusted proxies write the client's address
     */
    public record Identity(
            @DefaultValue("") String issuerUri,
            @DefaultValue("") String jwkSetUri,
            @DefaultValue("") String audience,
            @DefaultValue("roles") String rolesClaim,
            @Nullable Boolean developmentLogin,
            @DefaultValue("8h") Duration sessionTtl,
            @DefaultValue("X_FORWARDED_FOR") TrustedProxies.ForwardedField forwardedField) {

        /** Checks the bounds. */
        public Identity {
            checkUri("sluice.identity.issuer-uri", issuerUri);
            checkUri("sluice.identity.jwk-set-uri", jwkSetUri);
            if (rolesClaim.isBlank()) {
                throw new IllegalArgumentException(
                        "sluice.identity.roles-claim: '" + rolesClaim + "' (expected: the name of a claim)");
            }
            if (sessionTtl.compareTo(Duration.ofMinutes(1)) < 0 || sessionTtl.compareTo(Duration.ofDays(30)) > 0) {
                throw new IllegalArgumentException(
                        "sluice.identity.session-ttl: " + sessionTtl + " (expected: 1m to 30d)");
            }
        }
    }

    /** Checks the bounds. */
    public IdentityProperties {
        trustedProxies = List.copyOf(trustedProxies);
        checkSecret("sluice.signing-secret", signingSecret);
        checkSecret("sluice.previous-signing-secret", previousSigningSecret);
        trustedProxies.forEach(TrustedProxies::check);
        publicUrl = publicUrl.strip();
        if (!publicUrl.isEmpty()) {
            checkOrigin(publicUrl);
        }
    }

    private static void checkOrigin(String text) {
        if (HttpUrl.isRoot(text)) {
            return;
        }
        throw new IllegalArgumentException(
                "sluice.public-url: " + text + " (expected: http://host:port or https://host:port)");
    }

    private static void checkSecret(String name, String secret) {
        int length = secret.getBytes(StandardCharsets.UTF_8).length;
        if (length > 0 && length < SHORTEST_SECRET) {
            throw new IllegalArgumentException(
                    name + ": " + length + " bytes (expected: at least " + SHORTEST_SECRET + ")");
        }
    }

    /** Never prints a secret. */
    @Override
    public String toString() {
        return "IdentityProperties[trustedProxies=" + trustedProxies + ", publicUrl=" + publicUrl + ", access=" + access
                + ", identity=" + identity + "]";
    }

    private static void checkUri(String name, String value) {
        if (!value.isEmpty() && HttpUrl.parse(value) == null) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: an http or https URL)");
        }
    }
}
