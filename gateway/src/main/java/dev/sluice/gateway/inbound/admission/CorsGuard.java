package dev.sluice.gateway.inbound.admission;

import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.inbound.identity.AnonymousIdentity;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.web.cors.CorsConfiguration;
import org.springframework.web.cors.reactive.CorsUtils;
import org.springframework.web.cors.reactive.DefaultCorsProcessor;
import org.springframework.web.server.ServerWebExchange;

/**
 * Which pages' scripts may call. First an allowed page is let read any answer, refusals among them, by
 * {@link #isPreflight}; the refusal of other pages is {@link #check}, called when it is their turn.
 */
public final class CorsGuard {
    private static final Duration PREFLIGHT_KEPT = Duration.ofHours(1);
    private static final Set<HttpMethod> SAFE = Set.of(HttpMethod.GET, HttpMethod.HEAD, HttpMethod.OPTIONS);
    private static final List<String> VARY = List.of(
            HttpHeaders.ORIGIN, HttpHeaders.ACCESS_CONTROL_REQUEST_METHOD, HttpHeaders.ACCESS_CONTROL_REQUEST_HEADERS);
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
    private final Answers answers = new Answers();

    /** A guard that lets the pages of the properties' origins call. */
    public CorsGuard(CorsProperties properties) {
        allowed.setAllowedOrigins(properties.allowed());
        allowed.setAllowedMethods(List.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"));
        allowed.setAllowedHeaders(List.of(CorsConfiguration.ALL));
        allowed.setExposedHeaders(READABLE);
        allowed.setAllowCredentials(true);
        allowed.setMaxAge(PREFLIGHT_KEPT);
    }

    /**
     * Adds the headers that let an allowed page read the answer. True for a preflight, whose whole answer they are.
     *
     * @throws GatewayException {@code invalid_origin} for a preflight that is refused
     */
    public boolean isPreflight(ServerWebExchange exchange) {
        ServerHttpRequest request = exchange.getRequest();
        HttpHeaders headers = exchange.getResponse().getHeaders();
        headers.addAll(HttpHeaders.VARY, VARY);
        if (!request.getHeaders().containsHeader(HttpHeaders.ORIGIN)) {
            return false;
        }
        Page page = page(request);
        boolean admitted = page == Page.OWN || (page == Page.ALLOWED && answers.admit(exchange, allowed));
        if (!CorsUtils.isPreFlightRequest(request)) {
            return false;
        }
        if (!admitted) {
            throw refused(request);
        }
        return true;
    }

    /**
     * Refuses a request that a page of another origin sent, and one that a browser's cookie identifies, would change
     * something and does not say from which page it comes.
     *
     * @throws GatewayException {@code invalid_origin}
     */
    public void check(ServerWebExchange exchange) {
        ServerHttpRequest request = exchange.getRequest();
        Page page = page(request);
        boolean unsaid =
                page == Page.NONE && !SAFE.contains(request.getMethod()) && AnonymousIdentity.knownByCookie(exchange);
        if (page == Page.FOREIGN || unsaid) {
            throw refused(request);
        }
    }

    /** Which page sent a request. */
    private enum Page {
        /** None that says so. */
        NONE,
        /** One of the gateway's own. */
        OWN,
        /** One of the allowed origins. */
        ALLOWED,
        /** Any other, and what is no origin. */
        FOREIGN
    }

    private Page page(ServerHttpRequest request) {
        List<String> fields = request.getHeaders().getOrEmpty(HttpHeaders.ORIGIN);
        if (fields.isEmpty()) {
            return Page.NONE;
        }
        String origin = fields.size() == 1 ? WebOrigin.canonical(fields.getFirst()) : null;
        if (origin == null) {
            return Page.FOREIGN;
        }
        if (origin.equals(WebOrigin.of(request.getURI()))) {
            return Page.OWN;
        }
        return allowed.checkOrigin(origin) == null ? Page.FOREIGN : Page.ALLOWED;
    }

    private static GatewayException refused(ServerHttpRequest request) {
        List<String> fields = request.getHeaders().getOrEmpty(HttpHeaders.ORIGIN);
        return GatewayException.badMember(
                ProblemCode.INVALID_ORIGIN,
                "Origin",
                fields.isEmpty() ? null : String.join(", ", fields),
                WebOrigin.of(request.getURI()) + ", or another that is allowed");
    }

    /** Writes the headers for an origin that is allowed. */
    private static final class Answers extends DefaultCorsProcessor {

        /** Whether a preflight may be answered with them. */
        boolean admit(ServerWebExchange exchange, CorsConfiguration allowed) {
            return handleInternal(exchange, allowed, CorsUtils.isPreFlightRequest(exchange.getRequest()));
        }

        @Override
        protected void rejectRequest(ServerHttpResponse response) {
            // The guard refuses, so that the answer is problem+json.
        }
    }
}
