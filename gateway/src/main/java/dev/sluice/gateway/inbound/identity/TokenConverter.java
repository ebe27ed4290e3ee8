package dev.sluice.gateway.inbound.identity;

import org.springframework.http.HttpMethod;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.security.core.Authentication;
import org.springframework.security.oauth2.server.resource.authentication.BearerTokenAuthenticationToken;
import org.springframework.security.oauth2.server.resource.web.server.authentication.ServerBearerTokenAuthenticationConverter;
import org.springframework.security.web.server.authentication.ServerAuthenticationConverter;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/** Takes the token from {@code Authorization: Bearer}, else from the session cookie. */
final class TokenConverter implements ServerAuthenticationConverter {
    private final ServerBearerTokenAuthenticationConverter header = new ServerBearerTokenAuthenticationConverter();

    @Override
    public Mono<Authentication> convert(ServerWebExchange exchange) {
        ServerHttpRequest request = exchange.getRequest();
        return header.convert(exchange).switchIfEmpty(Mono.defer(() -> {
            String token = SessionCookie.value(request);
            // A session that has expired must stand neither in the way of signing in or out, nor of the page to do so.
            return token == null || !asksTheApi(request) || changesTheSession(request)
                    ? Mono.empty()
                    : Mono.just(new BearerTokenAuthenticationToken(token));
        }));
    }

    private static boolean asksTheApi(ServerHttpRequest request) {
        return request.getPath().pathWithinApplication().value().startsWith("/api/");
    }

    private static boolean changesTheSession(ServerHttpRequest request) {
        return request.getPath().pathWithinApplication().value().equals(SessionRoutes.PATH)
                && !HttpMethod.GET.equals(request.getMethod());
    }
}
