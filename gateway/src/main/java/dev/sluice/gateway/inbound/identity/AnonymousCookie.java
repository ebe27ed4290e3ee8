package dev.sluice.gateway.inbound.identity;

import dev.sluice.gateway.contract.SigningKey;
import dev.sluice.gateway.contract.SigningSecret;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Base64;
import org.jspecify.annotations.Nullable;
import org.springframework.http.ResponseCookie;
import org.springframework.http.server.reactive.ServerHttpRequest;

/**
 * The cookie by which a caller without a token is known again: a random id and the gateway's signature of it, so that
 * nobody can make up ids. Who throws it away is counted by address until it is sent back.
 */
final class AnonymousCookie {
    static final String NAME = "sluice_anon";
    private static final int ID_BYTES = 16;
    private static final Duration LIFETIME = Duration.ofDays(365);

    private final SecureRandom random = new SecureRandom();
    private final SigningKey key;

    AnonymousCookie(SigningSecret secret) {
        this.key = secret.keyFor("anonymous-cookie");
    }

    /** The id of a cookie that this gateway made, or null. */
    @Nullable String read(ServerHttpRequest request) {
        String value = CookieSecurity.value(request, NAME);
        int dot = value == null ? -1 : value.indexOf('.');
        if (value == null || dot < 1) {
            return null;
        }
        String id = value.substring(0, dot);
        return key.verifies(id, value.substring(dot + 1)) ? id : null;
    }

    /** A cookie with a new id. */
    ResponseCookie issue(CookieSecurity security, ServerHttpRequest request) {
        byte[] bytes = new byte[ID_BYTES];
        random.nextBytes(bytes);
        String id = Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
        return security.cookie(request, NAME, id + "." + key.sign(id), LIFETIME);
    }
}
