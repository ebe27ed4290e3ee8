package dev.sluice.gateway.inbound.transport;

import dev.sluice.gateway.contract.ClientConnection;
import io.netty.channel.Channel;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.springframework.http.server.reactive.ServerHttpRequestDecorator;
import org.springframework.web.server.ServerWebExchange;
import reactor.netty.http.server.HttpServerRequest;

/**
 * The connection that a request came in on. It is looked up when it is asked for, as hardly any is.
 *
 * @param exchange of the request
 */
public record InboundConnection(ServerWebExchange exchange) implements ClientConnection {

    @Override
    public Taken taken() {
        SlowReaderHandler clients = clients();
        return clients == null ? new Taken(0, false, 0) : clients.taken();
    }

    @Override
    public void cutOff(String why) {
        SlowReaderHandler clients = clients();
        if (clients != null) {
            clients.cutOff(why);
        }
    }

    private @Nullable SlowReaderHandler clients() {
        HttpServerRequest received = ServerHttpRequestDecorator.getNativeRequest(exchange.getRequest());
        AtomicReference<Channel> found = new AtomicReference<>();
        received.withConnection(connection -> found.set(connection.channel()));
        return found.get().pipeline().get(SlowReaderHandler.class);
    }
}
