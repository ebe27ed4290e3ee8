package dev.sluice.gateway.inbound.transport;

import dev.sluice.gateway.contract.ClientConnection;
import io.netty.channel.Channel;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.springframework.core.annotation.Order;
import org.springframework.http.server.reactive.AbstractServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpRequestDecorator;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;
import reactor.core.publisher.Mono;
import reactor.netty.http.server.HttpServerRequest;

/** Lets whoever produces an answer know how its client takes it. */
@Order(-42)
final class ConnectionFilter implements WebFilter {

    @Override
    public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
        ClientConnection.put(exchange, new Known(exchange));
        return chain.filter(exchange);
    }

    /** Looked up when it is asked for: hardly any request is. */
    private record Known(ServerWebExchange exchange) implements ClientConnection {

        @Override
        public Taken taken() {
            StalledClients clients = clients();
            return clients == null ? new Taken(0, false, 0) : clients.taken();
        }

        @Override
        public void cutOff(String why) {
            StalledClients clients = clients();
            if (clients != null) {
                clients.cutOff(why);
            }
        }

        private @Nullable StalledClients clients() {
            ServerHttpRequest request = exchange.getRequest();
            while (request instanceof ServerHttpRequestDecorator decorator) {
                request = decorator.getDelegate();
            }
            HttpServerRequest received = ((AbstractServerHttpRequest) request).getNativeRequest();
            AtomicReference<Channel> found = new AtomicReference<>();
            received.withConnection(connection -> found.set(connection.channel()));
            return found.get().pipeline().get(StalledClients.class);
        }
    }
}
