package dev.sluice.gateway.feature.webapp;

import io.netty.handler.codec.http.HttpHeaders;
import reactor.core.publisher.Mono;
import reactor.netty.DisposableServer;
import reactor.netty.http.client.HttpClient;
import reactor.netty.http.server.HttpServer;
import reactor.netty.http.server.HttpServerRequest;
import reactor.netty.http.server.HttpServerResponse;
import reactor.netty.resources.ConnectionProvider;

/** A proxy that has a gateway under a path of its own, takes that path away, and hands on the rest as it is. */
final class PrefixProxy implements AutoCloseable {
    private final String prefix;
    private final String target;
    private final ConnectionProvider connections = ConnectionProvider.create("prefix-proxy", 50);
    private final DisposableServer server;

    private PrefixProxy(String prefix, String target) {
        this.prefix = prefix;
        this.target = target;
        this.server =
                HttpServer.create().host("127.0.0.1").port(0).handle(this::pass).bindNow();
    }

    /** In front of the gateway at {@code target}, which ends with a slash. */
    static PrefixProxy start(String prefix, String target) {
        return new PrefixProxy(prefix, target);
    }

    /** Where the gateway is, seen from outside. */
    String root() {
        return "http://127.0.0.1:" + server.port() + prefix + "/";
    }

    private Mono<Void> pass(HttpServerRequest request, HttpServerResponse response) {
        if (!request.uri().startsWith(prefix + "/")) {
            return response.sendNotFound();
        }
        HttpHeaders headers = request.requestHeaders().copy();
        return HttpClient.create(connections)
                .headers(all -> all.set(headers))
                .request(request.method())
                .uri(target + request.uri().substring(prefix.length() + 1))
                .send(request.receive().retain())
                .response((answer, body) -> response.status(answer.status())
                        .headers(answer.responseHeaders())
                        .send(body.retain(), each -> true))
                .then();
    }

    @Override
    public void close() {
        server.disposeNow();
        connections.dispose();
    }
}
