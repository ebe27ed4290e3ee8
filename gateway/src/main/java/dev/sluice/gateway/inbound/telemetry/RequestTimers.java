package dev.sluice.gateway.inbound.telemetry;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpMethod;
import org.springframework.http.HttpStatus;
import org.springframework.web.reactive.HandlerMapping;
import org.springframework.web.reactive.function.server.RouterFunctions;
import org.springframework.web.server.ServerWebExchange;

/**
 * {@code http.server.requests} by method, path pattern, status and outcome, with the names that Spring gives them.
 * Spring itself makes the tags anew at each request, which costs more than a small request otherwise does.
 */
public final class RequestTimers {
    /** The name of a method that is none of HTTP's. */
    static final String UNKNOWN = "UNKNOWN";

    private static final Set<HttpMethod> METHODS = Set.of(HttpMethod.values());

    private final MeterRegistry registry;
    /** As many as there are methods, patterns and statuses, which clients cannot make up. */
    private final Map<Kind, Timer> timers = new ConcurrentHashMap<>();

    private record Kind(String method, String uri, int status) {}

    /** Timers of {@code registry}. */
    public RequestTimers(MeterRegistry registry) {
        this.registry = registry;
    }

    void record(ServerWebExchange exchange, int status, Duration took) {
        String name = method(exchange.getRequest().getMethod());
        timers.computeIfAbsent(new Kind(name, uri(exchange, status), status), this::timer)
                .record(took);
    }

    /** The method's name, of which there are few whatever clients make up. */
    static String method(HttpMethod method) {
        return METHODS.contains(method) ? method.name() : UNKNOWN;
    }

    /** The pattern of the path that was asked for; null where there is none. */
    static @Nullable String route(ServerWebExchange exchange) {
        Object pattern = exchange.getAttribute(RouterFunctions.MATCHING_PATTERN_ATTRIBUTE);
        if (pattern == null) {
            pattern = exchange.getAttribute(HandlerMapping.BEST_MATCHING_PATTERN_ATTRIBUTE);
        }
        return pattern == null ? null : pattern.toString();
    }

    private static String uri(ServerWebExchange exchange, int status) {
        String route = route(exchange);
        if (route != null) {
            return route;
        }
        return status == HttpStatus.NOT_FOUND.value() ? "NOT_FOUND" : UNKNOWN;
    }

    private Timer timer(Kind kind) {
        HttpStatus.Series series = HttpStatus.Series.resolve(kind.status());
        return Timer.builder("http.server.requests")
                .description("How long requests took, until their answers were out")
                .tag("method", kind.method())
                .tag("uri", kind.uri())
                .tag("status", Integer.toString(kind.status()))
                .tag("outcome", outcome(series))
                .register(registry);
    }

    private static String outcome(HttpStatus.@Nullable Series series) {
        return switch (series) {
            case INFORMATIONAL -> "INFORMATIONAL";
            case SUCCESSFUL -> "SUCCESS";
            case REDIRECTION -> "REDIRECTION";
            case CLIENT_ERROR -> "CLIENT_ERROR";
            case SERVER_ERROR -> "SERVER_ERROR";
            case null -> "UNKNOWN";
        };
    }
}
