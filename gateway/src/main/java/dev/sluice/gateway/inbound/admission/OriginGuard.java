package dev.sluice.gateway.inbound.admission;

import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.inbound.identity.AnonymousIdentity;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.web.cors.CorsConfiguration;
import org.springframework.web.cors.reactive.CorsUtils;
import org.springframework.web.cors.reactive.DefaultCorsProcessor;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;
import reactor.core.publisher.Mono;

/**
 * Which pages' scripts may call. As a filter it answers preflights and adds the headers that let an allowed page read
 * any answer, refusals among them; the refusal of other pages is {@link #check}, called when it is their turn.
 */
@Order(Ordered.HIGHEST_PRECEDENCE + 20)
public final class OriginGuard implements WebFilter {
    private static final Duration PREFLIGHT_KEPT = Duration.ofHours(1);
    private static final Set<HttpMethod> SAFE = Set.of(HttpMethod.GET, HttpMethod.HEAD, HttpMethod.OPTIONS);
    private static final List<String> READABLE = List.of(
            "RateLimit",
            "RateLimit-Policy",
            "X-RateLimit-Limit",
            "X-RateLimit-Remaining",
            "X-RateLimit-Reset",
            HttpHeaders.RETRY_AFTER,
            "X-Request-Id",
            HttpHeaders.CONTENT_DISPOSITION,
            HttpHeaders.ETAG,
            HttpHeaders.LOCATION);

    private final CorsConfiguration allowed = new CorsConfiguration();
    private final DefaultCorsProcessor processor = new Quiet();

    /** A guard that lets the pages of the properties' origins call. */
    public OriginGuard(OriginProperties properties) {
        allowed.setAllowedOrigins(properties.allowed());
        allowed.setAllowedMethods(List.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"));
        allowed.setAllowedHeaders(List.of(CorsConfiguration.ALL));
        allowed.setExposedHeaders(READABLE);
        allowed.setAllowCredentials(true);
        allowed.setMaxAge(PREFLIGHT_KEPT);
    }

    @Override
    public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
        boolean admitted = processor.process(allowed, exchange);
        if (!CorsUtils.isPreFlightRequest(exchange.getRequest())) {
            return chain.filter(exchange);
        }
        return admitted ? exchange.getResponse().setComplete() : Mono.error(refused(exchange.getRequest()));
    }

    /**
     * Refuses a request that a page of another origin sent, and one that a browser's cookie identifies, would change
     * something and does not say from which page it comes.
     *
     * @throws GatewayException {@code invalid_origin}
     */
    public void check(ServerWebExchange exchange) {
        ServerHttpRequest request = exchange.getRequest();
        boolean foreign = CorsUtils.isCorsRequest(request)
                && allowed.checkOrigin(request.getHeaders().getOrigin()) == null;
        boolean unsaid = request.getHeaders().getOrigin() == null
                && !SAFE.contains(request.getMethod())
                && AnonymousIdentity.knownByCookie(exchange);
        if (foreign || unsaid) {
            throw refused(request);
        }
    }

    private static GatewayException refused(ServerHttpRequest request) {
        return GatewayException.badMember(
                ProblemCode.INVALID_ORIGIN, "Origin", request.getHeaders().getOrigin(), "an origin that is allowed");
    }

    /** Leaves the answer to a refused page to the problem handler. */
    private static final class Quiet extends DefaultCorsProcessor {
        @Override
        protected void rejectRequest(ServerHttpResponse response) {
            // The guard refuses, so that the answer is problem+json.
        }
    }
}
