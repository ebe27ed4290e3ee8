package dev.sluice.gateway.inbound.telemetry;

import dev.sluice.gateway.contract.RequestContext;
import dev.sluice.gateway.contract.trace.TraceSpan;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.propagation.TextMapGetter;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/**
 * The span of a request. Whether it is recorded is decided here, by chance, for every request alike: a client's
 * {@code traceparent} could have each of its requests recorded, so it counts only from peers whose word is taken.
 *
 * <p>The path is not in the span, only the pattern of its route: paths hold tokens and names.
 */
public final class RequestTraces {
    private static final AttributeKey<String> METHOD = AttributeKey.stringKey("http.request.method");
    private static final AttributeKey<String> ROUTE = AttributeKey.stringKey("http.route");
    private static final AttributeKey<Long> STATUS = AttributeKey.longKey("http.response.status_code");
    private static final AttributeKey<Long> SIZE = AttributeKey.longKey("http.response.body.size");
    private static final AttributeKey<String> SCHEME = AttributeKey.stringKey("url.scheme");
    private static final int FIRST_SERVER_ERROR = 500;

    private final Tracer tracer;
    private final Predicate<@Nullable InetSocketAddress> joined;

    /**
     * Spans of {@code tracer}.
     *
     * @param joined the peers whose {@code traceparent} is continued, whether it says recorded or not
     */
    public RequestTraces(Tracer tracer, Predicate<@Nullable InetSocketAddress> joined) {
        this.tracer = tracer;
        this.joined = joined;
    }

    /** Begins the span; it ends by {@link #end}. Operations are none of anybody's requests. */
    Mono<Void> around(ServerHttpRequest request, CountedResponse response, Mono<Void> handling) {
        if (request.getPath().value().startsWith("/actuator/")) {
            return handling;
        }
        Context parent = joined.test(request.getRemoteAddress())
                ? W3CTraceContextPropagator.getInstance()
                        .extract(Context.root(), request.getHeaders(), TraceParent.GETTER)
                : Context.root();
        Span span = tracer.spanBuilder("HTTP")
                .setSpanKind(SpanKind.SERVER)
                .setParent(parent)
                .startSpan();
        response.trace(span);
        return span.isRecording() ? handling.contextWrite(TraceSpan.first(tracer, span)::into) : handling;
    }

    /**
     * Ends the span of a request.
     *
     * @param exchange null where there never was one
     * @param status what the access log says
     */
    static void end(
            CountedResponse response, ServerHttpRequest request, @Nullable ServerWebExchange exchange, int status) {
        Span span = response.trace();
        if (span == null) {
            return;
        }
        if (span.isRecording()) {
            describe(span, request, exchange, status);
        }
        span.end();
    }

    private static void describe(
            Span span, ServerHttpRequest request, @Nullable ServerWebExchange exchange, int status) {
        String method = RequestTimers.method(request.getMethod());
        String route = exchange == null ? null : RequestTimers.route(exchange);
        span.setAttribute(METHOD, method.equals(RequestTimers.UNKNOWN) ? "_OTHER" : method);
        String shown = method.equals(RequestTimers.UNKNOWN) ? "HTTP" : method;
        span.updateName(route == null ? shown : shown + " " + route);
        if (route != null) {
            span.setAttribute(ROUTE, route);
        }
        span.setAttribute(SCHEME, String.valueOf(request.getURI().getScheme()));
        if (status == AccessLog.CLIENT_LEFT) {
            // No status that was sent.
            span.setAttribute(TraceSpan.ERROR_TYPE, "client_left");
            return;
        }
        span.setAttribute(STATUS, status);
        if (exchange != null) {
            span.setAttribute(SIZE, RequestContext.of(exchange).usage().sent());
        }
        if (status >= FIRST_SERVER_ERROR) {
            span.setAttribute(TraceSpan.ERROR_TYPE, Integer.toString(status));
            span.setStatus(StatusCode.ERROR);
        }
    }

    /** The one field of a trace that is read: no state of other vendors, no baggage. */
    private enum TraceParent implements TextMapGetter<HttpHeaders> {
        GETTER;

        private static final String FIELD = "traceparent";

        @Override
        public Iterable<String> keys(HttpHeaders headers) {
            return List.of(FIELD);
        }

        @Override
        public @Nullable String get(@Nullable HttpHeaders headers, String key) {
            return headers != null && key.equals(FIELD) ? headers.getFirst(FIELD) : null;
        }
    }
}
