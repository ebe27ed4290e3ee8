package dev.sluice.gateway.inbound.identity;

import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.security.oauth2.jwt.BadJwtException;

/** Takes the token from {@code Authorization: Bearer} (RFC 6750 section 2.1), else from the session cookie. */
final class BearerToken {
    private static final String SCHEME = "Bearer";
    private static final String BEFORE_TOKEN = "Bearer ";

    private static final Set<HttpMethod> READING = Set.of(HttpMethod.GET, HttpMethod.HEAD, HttpMethod.OPTIONS);

    private BearerToken() {}

    /** Whether the session cookie, which browsers send by themselves, is what identifies the request. */
    static boolean isCookie(ServerHttpRequest request) {
        return !isOfScheme(request.getHeaders().getFirst(HttpHeaders.AUTHORIZATION))
                && SessionCookie.value(request) != null;
    }

    private static boolean isOfScheme(@Nullable String field) {
        return field != null && field.regionMatches(true, 0, SCHEME, 0, SCHEME.length());
    }

    /**
     * The token, not verified; null where the request has none.
     *
     * @throws BadJwtException when the field is of this scheme and has no token's syntax
     */
    static @Nullable String of(ServerHttpRequest request) {
        String field = request.getHeaders().getFirst(HttpHeaders.AUTHORIZATION);
        if (field != null && isOfScheme(field)) {
            if (!field.regionMatches(true, 0, BEFORE_TOKEN, 0, BEFORE_TOKEN.length())
                    || !isToken68(field, BEFORE_TOKEN.length())) {
                throw new BadJwtException("malformed");
            }
            return field.substring(BEFORE_TOKEN.length());
        }
        String token = SessionCookie.value(request);
        // A session that has expired must stand neither in the way of signing in or out, nor of the page to do so.
        return token == null || !asksTheApi(request) || changesTheSession(request) ? null : token;
    }

    /** RFC 9110 section 11.2. Without a pattern, which shows in profiles: each request with a token comes here. */
    private static boolean isToken68(String field, int from) {
        int end = field.length();
        while (end > from && field.charAt(end - 1) == '=') {
            end--;
        }
        for (int i = from; i < end; i++) {
            if (!isToken68(field.charAt(i))) {
                return false;
            }
        }
        return end > from;
    }

    private static boolean isToken68(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || "-._~+/".indexOf(c) >= 0;
    }

    private static boolean asksTheApi(ServerHttpRequest request) {
        return request.getPath().pathWithinApplication().value().startsWith("/api/");
    }

    private static boolean changesTheSession(ServerHttpRequest request) {
        return request.getPath().pathWithinApplication().value().equals(SessionRoutes.PATH)
                && !READING.contains(request.getMethod());
    }
}
