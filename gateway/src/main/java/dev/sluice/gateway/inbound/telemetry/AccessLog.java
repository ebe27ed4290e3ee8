package dev.sluice.gateway.inbound.telemetry;

import dev.sluice.gateway.contract.Caller;
import dev.sluice.gateway.contract.Spent;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.server.reactive.HttpHandler;
import org.springframework.http.server.reactive.HttpHandlerDecoratorFactory;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;
import reactor.core.publisher.Mono;
import reactor.core.publisher.SignalType;

/**
 * One line a request, written when it has ended, however it ended: what was asked, what was answered, how many bytes
 * went out, how long it took, who asked. It stands outside of everything, problem bodies included, and counts what is
 * sent as {@link Spent#BYTES}. Queries are not logged, nor tokens in paths.
 */
@Order(Ordered.HIGHEST_PRECEDENCE + 10)
public final class AccessLog implements HttpHandlerDecoratorFactory, WebFilter {
    private static final Logger LOG = LoggerFactory.getLogger("dev.sluice.access");
    /** What nginx writes where the client left before the answer was whole. */
    private static final int CLIENT_LEFT = 499;

    private final LoggedPath paths;

    /** A log that names paths so. */
    public AccessLog(LoggedPath paths) {
        this.paths = paths;
    }

    @Override
    public HttpHandler apply(HttpHandler inner) {
        return (request, response) -> Mono.defer(() -> {
            long began = System.nanoTime();
            CountedResponse counted = new CountedResponse(response);
            return inner.handle(request, counted)
                    .doFinally(end -> write(request, counted, end, Duration.ofNanos(System.nanoTime() - began)));
        });
    }

    @Override
    public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
        // Nothing has wrapped the response yet, or this would not be among the first of the filters.
        if (exchange.getResponse() instanceof CountedResponse counted) {
            counted.countFor(exchange);
        }
        return chain.filter(exchange);
    }

    private void write(ServerHttpRequest request, CountedResponse response, SignalType end, Duration took) {
        ServerWebExchange exchange = response.exchange();
        if (exchange == null || !LOG.isInfoEnabled()) {
            return;
        }
        String method = request.getMethod().name();
        String path = paths.of(request);
        int status = status(response, end);
        long bytes = Spent.of(exchange).sent();
        String caller = Caller.find(exchange).map(Caller::subject).orElse("-");
        String id = RequestId.of(exchange);
        LOG.atInfo()
                .addKeyValue("http.request.method", method)
                .addKeyValue("url.path", path)
                .addKeyValue("http.response.status_code", status)
                .addKeyValue("http.response.body.bytes", bytes)
                .addKeyValue("event.duration", took.toNanos())
                .addKeyValue("user.id", caller)
                .addKeyValue("http.request.id", id)
                .log(
                        "{} {} {} {} bytes {} ms caller={} requestId={}",
                        method,
                        path,
                        status,
                        bytes,
                        took.toMillis(),
                        LoggedPath.printable(caller),
                        id);
    }

    private static int status(CountedResponse response, SignalType end) {
        if (end == SignalType.CANCEL || response.hasClientLeft()) {
            return CLIENT_LEFT;
        }
        HttpStatusCode status = response.getStatusCode();
        return status == null ? 200 : status.value();
    }
}
