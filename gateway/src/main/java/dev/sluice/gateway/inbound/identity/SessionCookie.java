package dev.sluice.gateway.inbound.identity;

import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.server.reactive.ServerHttpRequest;

/** Where a token is found on a request: the {@code Authorization} field, else the session cookie. */
final class SessionCookie {
    static final String NAME = "sluice_session";

    private SessionCookie() {}

    /** Whether the cookie, which browsers send by themselves, is what identifies the request. */
    static boolean identifies(ServerHttpRequest request) {
        return request.getHeaders().getFirst(HttpHeaders.AUTHORIZATION) == null && value(request) != null;
    }

    static @Nullable String value(ServerHttpRequest request) {
        return CookieSecurity.value(request, NAME);
    }
}
