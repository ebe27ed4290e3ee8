package dev.sluice.gateway.inbound.telemetry;

import dev.sluice.gateway.contract.Caller;
import dev.sluice.gateway.contract.RequestContext;
import dev.sluice.gateway.contract.RequestUsage;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;
import org.slf4j.spi.LoggingEventBuilder;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.server.reactive.HttpHandler;
import org.springframework.http.server.reactive.HttpHandlerDecoratorFactory;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.http.server.reactive.ServerHttpResponseDecorator;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;
import reactor.core.publisher.SignalType;

/**
 * One line a request, written when it has ended, however it ended: what was asked, what was answered, how many bytes
 * went out, how long it took, who asked. It stands outside of everything, problem bodies included, and counts what is
 * sent as {@link RequestUsage#BYTES}. Queries are not logged, nor tokens in paths, nor probes of health and scrapes of
 * meters that went well: every few seconds one, they are most of a quiet gateway's log. What the web app is made of,
 * some twenty files a page, is logged at the level debug of {@code dev.sluice.access}.
 */
public final class AccessLog implements HttpHandlerDecoratorFactory {
    private static final Logger LOG = LoggerFactory.getLogger("dev.sluice.access");
    /** What nginx writes where the client left before the answer was whole. */
    static final int CLIENT_LEFT = 499;

    private static final int FIRST_FAILURE = 400;
    private static final String ASSETS = "/assets/";

    private final LoggedPath paths;
    private final RequestTimers timers;
    private final @Nullable RequestTraces traces;

    /**
     * A log that names paths so, and counts what it logs.
     *
     * @param traces null while nothing is traced
     */
    public AccessLog(LoggedPath paths, RequestTimers timers, @Nullable RequestTraces traces) {
        this.paths = paths;
        this.timers = timers;
        this.traces = traces;
    }

    @Override
    public HttpHandler apply(HttpHandler inner) {
        return (request, response) -> Mono.defer(() -> {
            long began = System.nanoTime();
            CountedResponse counted = new CountedResponse(response);
            Mono<Void> handling = inner.handle(request, counted);
            return (traces == null ? handling : traces.around(request, counted, handling))
                    .doFinally(end -> write(request, counted, end, Duration.ofNanos(System.nanoTime() - began)));
        });
    }

    /** Has this exchange's line written when it has ended. To be called before anything wraps its response. */
    public static void watch(ServerWebExchange exchange) {
        if (exchange.getResponse() instanceof CountedResponse counted) {
            counted.countFor(exchange);
        }
    }

    /** Has it said that the client left, whatever status the answer would have had. */
    public static void clientLeft(ServerWebExchange exchange) {
        ServerHttpResponse response = exchange.getResponse();
        while (!(response instanceof CountedResponse) && response instanceof ServerHttpResponseDecorator decorator) {
            response = decorator.getDelegate();
        }
        if (response instanceof CountedResponse counted) {
            counted.clientLeft();
        }
    }

    private void write(ServerHttpRequest request, CountedResponse response, SignalType end, Duration took) {
        ServerWebExchange exchange = response.exchange();
        int status = status(response, end);
        RequestTraces.end(response, request, exchange, status);
        if (exchange == null) {
            return;
        }
        timers.record(exchange, status, took);
        if (!LOG.isInfoEnabled()) {
            return;
        }
        String path = paths.of(request);
        boolean wentWell = status < FIRST_FAILURE;
        Level level = wentWell && path.startsWith(ASSETS) ? Level.DEBUG : Level.INFO;
        if (!LOG.isEnabledForLevel(level) || (wentWell && isProbe(path))) {
            return;
        }
        String method = request.getMethod().name();
        long bytes = RequestContext.of(exchange).usage().sent();
        String caller =
                RequestContext.of(exchange).knownCaller().map(Caller::subject).orElse("-");
        String id = RequestId.of(exchange);
        String trace = RequestContext.of(exchange).traceId();
        LoggingEventBuilder line = LOG.atLevel(level)
                .addKeyValue("http.request.method", method)
                .addKeyValue("url.path", path)
                .addKeyValue("http.response.status_code", status)
                .addKeyValue("http.response.body.bytes", bytes)
                .addKeyValue("event.duration", took.toNanos())
                .addKeyValue("user.id", caller)
                .addKeyValue("http.request.id", id);
        if (trace != null) {
            line = line.addKeyValue("trace.id", trace);
        }
        line.log(
                "{} {} {} {} bytes {} ms caller={} requestId={}{}",
                method,
                path,
                status,
                bytes,
                took.toMillis(),
                LoggedPath.printable(caller),
                id,
                trace == null ? "" : " traceId=" + trace);
    }

    private static boolean isProbe(String path) {
        return path.startsWith("/actuator/health") || path.equals("/actuator/prometheus");
    }

    private static int status(CountedResponse response, SignalType end) {
        if (end == SignalType.CANCEL || response.hasClientLeft()) {
            return CLIENT_LEFT;
        }
        HttpStatusCode status = response.getStatusCode();
        return status == null ? 200 : status.value();
    }
}
