package dev.sluice.gateway.inbound.admission;

import io.netty.channel.EventLoop;
import java.util.concurrent.atomic.AtomicReference;
import org.springframework.http.server.reactive.AbstractServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpRequestDecorator;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.netty.http.server.HttpServerRequest;

/** The thread that a request came in on. Its origins are read on the same one, so that no buffer changes hands. */
final class EventLoops {

    private EventLoops() {}

    /** Runs on the request's event loop; at once where that is the present thread. */
    static Scheduler of(ServerWebExchange exchange) {
        ServerHttpRequest request = exchange.getRequest();
        while (request instanceof ServerHttpRequestDecorator decorator) {
            request = decorator.getDelegate();
        }
        HttpServerRequest received = ((AbstractServerHttpRequest) request).getNativeRequest();
        AtomicReference<EventLoop> found = new AtomicReference<>();
        received.withConnection(connection -> found.set(connection.channel().eventLoop()));
        EventLoop loop = found.get();
        return Schedulers.fromExecutor(task -> {
            if (loop.inEventLoop()) {
                task.run();
            } else {
                loop.execute(task);
            }
        });
    }
}
