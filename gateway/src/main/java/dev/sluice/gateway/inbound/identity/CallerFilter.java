package dev.sluice.gateway.inbound.identity;

import dev.sluice.gateway.contract.Caller;
import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.contract.SigningKey;
import dev.sluice.gateway.contract.SigningSecret;
import java.util.HexFormat;
import java.util.Set;
import org.springframework.core.annotation.Order;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.oauth2.server.resource.authentication.JwtAuthenticationToken;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;
import reactor.core.publisher.Mono;

/** Says who the caller is, once the token, if there is one, has been verified. */
@Order(-50)
public final class CallerFilter implements WebFilter {
    private static final int LONGEST_SUBJECT = 128;
    private static final int HASH_BYTES = 12;

    private final TrustedProxies proxies;
    private final AnonymousCookie cookie;
    private final SigningKey addressKey;
    private final TokenClaims claims;

    CallerFilter(TrustedProxies proxies, AnonymousCookie cookie, SigningSecret secret, TokenClaims claims) {
        this.claims = claims;
        this.proxies = proxies;
        this.cookie = cookie;
        this.addressKey = secret.keyFor("address-hash");
    }

    @Override
    public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
        ServerHttpRequest request = exchange.getRequest();
        String address = proxies.client(request.getRemoteAddress(), request.getHeaders());
        return exchange.getPrincipal()
                .ofType(JwtAuthenticationToken.class)
                .map(token -> user(token.getToken(), address))
                .switchIfEmpty(Mono.fromSupplier(() -> withoutToken(request, address)))
                .flatMap(caller -> {
                    caller.attachTo(exchange);
                    return chain.filter(exchange).contextWrite(caller::into);
                });
    }

    private Caller user(Jwt token, String address) {
        String subject = token.getSubject();
        if (subject == null || subject.isBlank() || subject.length() > LONGEST_SUBJECT) {
            throw new GatewayException(
                    ProblemCode.UNAUTHENTICATED,
                    "token: its sub is missing or over " + LONGEST_SUBJECT + " characters (expected: a user)");
        }
        return new Caller(Caller.Kind.USER, subject, claims.roles(token), claims.projects(token), address);
    }

    private Caller withoutToken(ServerHttpRequest request, String address) {
        String id = cookie.read(request);
        if (id != null) {
            return new Caller(Caller.Kind.ANONYMOUS, id, Set.of(), Set.of(), address);
        }
        String hash = HexFormat.of().formatHex(addressKey.mac(address), 0, HASH_BYTES);
        return new Caller(Caller.Kind.ADDRESS, hash, Set.of(), Set.of(), address);
    }
}
