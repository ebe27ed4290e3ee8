package dev.sluice.gateway.inbound;

import dev.sluice.gateway.contract.RequestContext;
import dev.sluice.gateway.inbound.admission.CorsGuard;
import dev.sluice.gateway.inbound.admission.ExchangeScope;
import dev.sluice.gateway.inbound.identity.Callers;
import dev.sluice.gateway.inbound.telemetry.AccessLog;
import dev.sluice.gateway.inbound.telemetry.RequestId;
import dev.sluice.gateway.inbound.transport.InboundConnection;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;
import reactor.core.publisher.Mono;

/**
 * The one way in. Every request passes these, in this order, and each may refuse it:
 *
 * <ol>
 *   <li>{@link AccessLog}: learns the exchange, so that it can say how the request ended;
 *   <li>{@link RequestId}: every later refusal can be found by it;
 *   <li>{@link SecurityHeaders}: on every answer, refusals among them;
 *   <li>{@link CorsGuard}: a page that may call can read whatever comes; preflights are answered here;
 *   <li>{@link RequestSanity}: what no honest client sends is refused;
 *   <li>{@link Callers}: a token that is not valid is refused before anything is counted for anybody;
 *   <li>{@link RequestContext}: from here on it is known whose request this is;
 *   <li>{@link ExchangeScope}: what is admitted and held further in is settled and freed when the exchange ends;
 *   <li>{@link Endpoints}: method and media types, before a byte of the body is read, then
 *       {@link dev.sluice.gateway.inbound.admission.AdmissionChain}: size, origin, access, limits; then the handler.
 * </ol>
 *
 * <p>What is no endpoint goes on to the framework: {@code /actuator} and, at last, 404.
 */
@Order(Ordered.HIGHEST_PRECEDENCE + 100)
public final class RequestFilter implements WebFilter {
    private final CorsGuard origins;
    private final Callers callers;
    private final Endpoints endpoints;

    /** A way in to {@code endpoints}. */
    public RequestFilter(CorsGuard origins, Callers callers, Endpoints endpoints) {
        this.origins = origins;
        this.callers = callers;
        this.endpoints = endpoints;
    }

    /** The framework writes it into a checkpoint for each request. */
    @Override
    public String toString() {
        return "RequestFilter";
    }

    @Override
    public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
        AccessLog.watch(exchange);
        RequestId.assign(exchange);
        SecurityHeaders.addTo(exchange);
        if (origins.isPreflight(exchange)) {
            return exchange.getResponse().setComplete();
        }
        RequestSanity.check(exchange);
        return callers.of(exchange).flatMap(caller -> {
            RequestContext request = RequestContext.of(exchange);
            request.arrivedFrom(caller, new InboundConnection(exchange));
            return ExchangeScope.around(exchange, () -> endpoints.handle(exchange, chain))
                    .contextWrite(request::into);
        });
    }
}
