package dev.sluice.gateway.inbound.identity;

import java.time.Duration;
import org.springframework.http.ResponseCookie;

/** Whether browsers may send the gateway's cookies over plain HTTP. */
enum CookieSecurity {
    /** Over HTTPS alone. */
    HTTPS_ONLY,
    /** Over HTTP too: development on localhost. */
    ANY;

    ResponseCookie cookie(String name, String value, Duration lifetime) {
        return ResponseCookie.from(name, value)
                .httpOnly(true)
                .secure(this == HTTPS_ONLY)
                .sameSite("Lax")
                .path("/")
                .maxAge(lifetime)
                .build();
    }
}
