package dev.sluice.gateway.inbound;

import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/**
 * Fields that keep browsers from guessing types, framing pages, telling where a visitor comes from and keeping what
 * nobody said may be kept. A handler that sets one of them itself is right.
 */
final class SecurityHeaders {
    private static final String PRAGMA = "Pragma";

    private SecurityHeaders() {}

    /** Adds what is missing when the answer is about to go out. */
    static void addTo(ServerWebExchange exchange) {
        ServerHttpResponse response = exchange.getResponse();
        response.beforeCommit(() -> {
            HttpHeaders headers = response.getHeaders();
            add(headers, "X-Content-Type-Options", "nosniff");
            add(headers, "X-Frame-Options", "DENY");
            add(headers, "X-XSS-Protection", "0"); // old browsers' filter could be turned against a page
            add(headers, "Referrer-Policy", "no-referrer");
            if (saysNothingOfCaching(headers) && response.getStatusCode() != HttpStatus.NOT_MODIFIED) {
                headers.set(HttpHeaders.CACHE_CONTROL, "no-cache, no-store, max-age=0, must-revalidate");
                headers.set(PRAGMA, "no-cache");
                headers.set(HttpHeaders.EXPIRES, "0");
            }
            return Mono.empty();
        });
    }

    private static boolean saysNothingOfCaching(HttpHeaders headers) {
        return !headers.containsHeader(HttpHeaders.CACHE_CONTROL)
                && !headers.containsHeader(HttpHeaders.EXPIRES)
                && !headers.containsHeader(PRAGMA);
    }

    private static void add(HttpHeaders headers, String name, String value) {
        if (!headers.containsHeader(name)) {
            headers.set(name, value);
        }
    }
}
