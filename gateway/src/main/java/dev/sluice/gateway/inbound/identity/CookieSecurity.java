package dev.sluice.gateway.inbound.identity;

import java.time.Duration;
import org.springframework.http.ResponseCookie;
import org.springframework.http.server.reactive.ServerHttpRequest;

/** Whether browsers may send the gateway's cookies over plain HTTP; those that came over HTTPS they never may. */
enum CookieSecurity {
    /** Over HTTPS alone. */
    HTTPS_ONLY,
    /** Over HTTP too: development on localhost. */
    ANY;

    ResponseCookie cookie(ServerHttpRequest request, String name, String value, Duration lifetime) {
        return ResponseCookie.from(name, value)
                .httpOnly(true)
                .secure(this == HTTPS_ONLY || "https".equals(request.getURI().getScheme()))
                .sameSite("Lax")
                .path("/")
                .maxAge(lifetime)
                .build();
    }
}
