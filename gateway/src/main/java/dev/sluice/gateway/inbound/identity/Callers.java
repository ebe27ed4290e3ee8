package dev.sluice.gateway.inbound.identity;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.sluice.gateway.contract.Caller;
import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.contract.SigningKey;
import dev.sluice.gateway.contract.SigningSecret;
import java.util.HexFormat;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.security.oauth2.jwt.BadJwtException;
import org.springframework.security.oauth2.jwt.JwtException;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/**
 * Says who the caller of a request is: by its token, once that is verified, else by its cookie, else by its address.
 */
public final class Callers {
    private static final int LONGEST_SUBJECT = 128;
    private static final int HASH_BYTES = 12;
    private static final int MOST_ADDRESSES = 10_000;

    private final TrustedProxies proxies;
    private final AnonymousCookie cookie;
    private final SigningKey addressKey;
    private final CachingTokenDecoder tokens;

    /** Of those that called of late, so that not each of their requests costs a hash. */
    private final Cache<String, String> addressHashes = Caffeine.newBuilder()
            .maximumSize(MOST_ADDRESSES)
            .executor(Runnable::run)
            .build();

    Callers(TrustedProxies proxies, AnonymousCookie cookie, SigningSecret secret, CachingTokenDecoder tokens) {
        this.tokens = tokens;
        this.proxies = proxies;
        this.cookie = cookie;
        this.addressKey = secret.keyFor("address-hash");
    }

    /**
     * The caller; at once where the token was verified a moment ago or there is none.
     *
     * <p>Fails with {@link GatewayException} {@code unauthenticated} where the token is not valid, and with
     * {@code upstream_failed} where its issuer's keys cannot be had.
     */
    public Mono<Caller> of(ServerWebExchange exchange) {
        ServerHttpRequest request = exchange.getRequest();
        String address = proxies.client(request.getRemoteAddress(), request.getHeaders());
        String token;
        try {
            token = BearerToken.of(request);
        } catch (BadJwtException malformed) {
            return Mono.error(refused(exchange, malformed));
        }
        if (token == null) {
            return Mono.just(withoutToken(request, address));
        }
        CachingTokenDecoder.User known = tokens.known(token);
        if (known == null) {
            return tokens.verify(token)
                    .onErrorMap(JwtException.class, failure -> refused(exchange, failure))
                    .map(user -> user(exchange, user, address));
        }
        try {
            return Mono.just(user(exchange, known, address));
        } catch (GatewayException noUser) {
            return Mono.error(noUser);
        }
    }

    private static GatewayException refused(ServerWebExchange exchange, JwtException failure) {
        if (!(failure instanceof BadJwtException)) {
            return new GatewayException(
                    ProblemCode.UPSTREAM_FAILED, "The gateway cannot fetch the token issuer's keys.", failure);
        }
        return notValid(
                exchange,
                "token: not valid (expected: one that a known issuer signed and that has not expired)",
                failure);
    }

    /** RFC 6750 section 3.1. */
    private static GatewayException notValid(
            ServerWebExchange exchange, String detail, @Nullable JwtException failure) {
        exchange.getResponse().getHeaders().set(HttpHeaders.WWW_AUTHENTICATE, "Bearer error=\"invalid_token\"");
        return new GatewayException(ProblemCode.UNAUTHENTICATED, detail, failure);
    }

    private static Caller user(ServerWebExchange exchange, CachingTokenDecoder.User user, String address) {
        String subject = user.subject();
        if (subject == null || subject.isBlank() || subject.length() > LONGEST_SUBJECT) {
            throw notValid(
                    exchange,
                    "token: its sub is missing or over " + LONGEST_SUBJECT + " characters (expected: a user)",
                    null);
        }
        return new Caller(Caller.Kind.USER, subject, user.roles(), user.projects(), address);
    }

    private Caller withoutToken(ServerHttpRequest request, String address) {
        @Nullable String id = cookie.read(request);
        if (id != null) {
            return new Caller(Caller.Kind.ANONYMOUS, id, Set.of(), Set.of(), address);
        }
        return new Caller(Caller.Kind.ADDRESS, hash(address), Set.of(), Set.of(), address);
    }

    private String hash(String address) {
        return addressHashes.get(address, found -> HexFormat.of().formatHex(addressKey.mac(found), 0, HASH_BYTES));
    }
}
