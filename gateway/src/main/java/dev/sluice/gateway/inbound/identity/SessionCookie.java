package dev.sluice.gateway.inbound.identity;

import org.jspecify.annotations.Nullable;
import org.springframework.http.server.reactive.ServerHttpRequest;

/** The cookie that holds a token for pages. */
final class SessionCookie {
    static final String NAME = "sluice_session";

    private SessionCookie() {}

    static @Nullable String value(ServerHttpRequest request) {
        return CookieSecurity.value(request, NAME);
    }
}
