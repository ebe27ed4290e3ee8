package dev.sluice.gateway.inbound.problem;

import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.contract.RequestContext;
import dev.sluice.gateway.contract.http.RetryAfter;
import dev.sluice.gateway.inbound.telemetry.AccessLog;
import dev.sluice.gateway.inbound.telemetry.LoggedPath;
import dev.sluice.gateway.inbound.telemetry.RequestId;
import java.time.Duration;
import java.util.SequencedMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.annotation.Order;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.MediaType;
import org.springframework.http.server.reactive.ServerHttpRequestDecorator;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebExceptionHandler;
import reactor.core.publisher.Mono;
import reactor.netty.channel.AbortedException;
import reactor.netty.http.server.HttpServerRequest;
import tools.jackson.databind.json.JsonMapper;

/**
 * Renders errors. Runs before the framework's own handler and leaves nothing for it, except where the status line is
 * already out: then the connection is cut, so that no client takes a part for the whole.
 */
@Order(-10)
public final class ProblemHandler implements WebExceptionHandler {
    private static final Logger LOG = LoggerFactory.getLogger(ProblemHandler.class);

    private final JsonMapper json;
    private final LoggedPath paths;
    private final ProblemTranslation translation = new ProblemTranslation();

    /** A handler that writes with the application's mapper. */
    public ProblemHandler(JsonMapper json, LoggedPath paths) {
        this.json = json;
        this.paths = paths;
    }

    @Override
    public Mono<Void> handle(ServerWebExchange exchange, Throwable error) {
        if (error instanceof AbortedException
                || (exchange.getResponse().isCommitted() && AbortedException.isConnectionReset(error))) {
            // It is the client's connection: what other servers do was given a name before.
            LOG.info("the client left requestId={}", RequestId.of(exchange));
            AccessLog.clientLeft(exchange);
            // The framework logs an error that comes before the head as one of its own.
            return exchange.getResponse().isCommitted() ? Mono.error(error) : Mono.empty();
        }
        GatewayException problem = translation.translate(error);
        log(exchange, problem, error);
        ServerHttpResponse response = exchange.getResponse();
        if (response.isCommitted()) {
            return cut(exchange);
        }
        boolean isPage = ProblemPage.isWanted(exchange.getRequest());
        byte[] body = isPage
                ? ProblemPage.of(problem, exchange.getRequest().getPath().value(), RequestId.of(exchange))
                : json.writeValueAsBytes(body(exchange, problem));
        prepare(response, problem, error, body.length);
        if (isPage) {
            response.getHeaders().setContentType(ProblemPage.TYPE);
            response.getHeaders().set("Content-Security-Policy", ProblemPage.CONTENT_POLICY);
        }
        if (HttpMethod.HEAD.equals(exchange.getRequest().getMethod())) {
            return response.setComplete();
        }
        DataBuffer buffer = response.bufferFactory().wrap(body);
        return response.writeWith(Mono.just(buffer))
                // What breaks the framing of HTTP itself the server has answered by itself, and says so only now.
                .onErrorResume(IllegalStateException.class, answered -> {
                    LOG.info("answered by the server already requestId={}", RequestId.of(exchange));
                    return Mono.empty();
                });
    }

    /**
     * Ends the connection, since nothing else tells the client now that the answer failed. The transport resets it
     * while an answer is under way.
     */
    private static Mono<Void> cut(ServerWebExchange exchange) {
        HttpServerRequest received = ServerHttpRequestDecorator.getNativeRequest(exchange.getRequest());
        received.withConnection(connection -> {
            var _ = connection.channel().close();
        });
        // What the framework takes for a client that left: logged already, and nothing to be written any more.
        return Mono.error(new AbortedException("cut by the gateway"));
    }

    private static void prepare(ServerHttpResponse response, GatewayException problem, Throwable error, int length) {
        HttpHeaders headers = response.getHeaders();
        // What a handler had set for its own answer says nothing true of this one.
        headers.clearContentHeaders();
        headers.remove(HttpHeaders.ETAG);
        headers.remove(HttpHeaders.LAST_MODIFIED);
        headers.setContentType(MediaType.APPLICATION_PROBLEM_JSON);
        headers.setContentLength(length);
        headers.setCacheControl("no-store");
        ProblemTranslation.addHeadersOf(error, headers);
        Duration retryAfter = problem.retryAfter();
        if (retryAfter != null) {
            headers.set(HttpHeaders.RETRY_AFTER, Long.toString(RetryAfter.seconds(retryAfter)));
        }
        response.setStatusCode(problem.code().status());
    }

    private static SequencedMap<String, Object> body(ServerWebExchange exchange, GatewayException problem) {
        String path = exchange.getRequest().getPath().value();
        RequestContext context = RequestContext.of(exchange);
        return ProblemBody.of(problem, path, context.errorMember(), RequestId.of(exchange), context.traceId());
    }

    private void log(ServerWebExchange exchange, GatewayException problem, Throwable error) {
        String id = RequestId.of(exchange);
        String method = exchange.getRequest().getMethod().name();
        String path = paths.of(exchange.getRequest());
        if (problem.code() == ProblemCode.INTERNAL_ERROR) {
            LOG.error("{} {} failed requestId={}", method, path, id, error);
        } else {
            String code = problem.code().code();
            LOG.info("{} {} {} requestId={}: {}", method, path, code, id, LoggedPath.printable(problem.detail()));
        }
    }
}
