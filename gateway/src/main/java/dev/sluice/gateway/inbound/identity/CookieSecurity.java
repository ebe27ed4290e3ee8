package dev.sluice.gateway.inbound.identity;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpCookie;
import org.springframework.http.ResponseCookie;
import org.springframework.http.server.reactive.ServerHttpRequest;

/**
 * Whether browsers may send the gateway's cookies over plain HTTP; those that came over HTTPS they never may. These are
 * named {@code __Host-…}, which browsers take from the host itself alone (RFC 6265bis section 4.1.3.2): no other host
 * of the same domain can have put them there.
 */
enum CookieSecurity {
    /** Over HTTPS alone. */
    HTTPS_ONLY,
    /** Over HTTP too: development on localhost. */
    ANY;

    private static final String OF_HOST = "__Host-";

    ResponseCookie cookie(ServerHttpRequest request, String name, String value, Duration lifetime) {
        boolean secure = this == HTTPS_ONLY || isHttps(request);
        return ResponseCookie.from(secure ? OF_HOST + name : name, value)
                .httpOnly(true)
                .secure(secure)
                .sameSite("Lax")
                .path("/")
                .maxAge(lifetime)
                .build();
    }

    /** The value of a cookie of the gateway's that a request brings; over HTTPS only that of the host. */
    static @Nullable String value(ServerHttpRequest request, String name) {
        HttpCookie cookie = request.getCookies().getFirst(OF_HOST + name);
        if (cookie == null && !isHttps(request)) {
            cookie = request.getCookies().getFirst(name);
        }
        return cookie == null || cookie.getValue().isEmpty() ? null : cookie.getValue();
    }

    private static boolean isHttps(ServerHttpRequest request) {
        return "https".equals(request.getURI().getScheme());
    }
}
