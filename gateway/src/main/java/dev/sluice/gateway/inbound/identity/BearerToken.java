package dev.sluice.gateway.inbound.identity;

import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.security.oauth2.jwt.BadJwtException;

/** Takes the token from {@code Authorization: Bearer} (RFC 6750 section 2.1), else from the session cookie. */
final class BearerToken {
    private static final String SCHEME = "Bearer";
    private static final Pattern FIELD =
            Pattern.compile("Bearer (?<token>[A-Za-z0-9\\-._~+/]+=*)", Pattern.CASE_INSENSITIVE);

    private static final Set<HttpMethod> READING = Set.of(HttpMethod.GET, HttpMethod.HEAD, HttpMethod.OPTIONS);

    private BearerToken() {}

    /**
     * The token, not verified; null where the request has none.
     *
     * @throws BadJwtException when the field is of this scheme and has no token's syntax
     */
    static @Nullable String of(ServerHttpRequest request) {
        String field = request.getHeaders().getFirst(HttpHeaders.AUTHORIZATION);
        if (field != null && field.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
            Matcher parts = FIELD.matcher(field);
            if (!parts.matches()) {
                throw new BadJwtException("malformed");
            }
            return parts.group("token");
        }
        String token = SessionCookie.value(request);
        // A session that has expired must stand neither in the way of signing in or out, nor of the page to do so.
        return token == null || !asksTheApi(request) || changesTheSession(request) ? null : token;
    }

    private static boolean asksTheApi(ServerHttpRequest request) {
        return request.getPath().pathWithinApplication().value().startsWith("/api/");
    }

    private static boolean changesTheSession(ServerHttpRequest request) {
        return request.getPath().pathWithinApplication().value().equals(SessionRoutes.PATH)
                && !READING.contains(request.getMethod());
    }
}
