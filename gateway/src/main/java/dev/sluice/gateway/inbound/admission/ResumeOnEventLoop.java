package dev.sluice.gateway.inbound.admission;

import io.netty.channel.EventLoop;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import org.reactivestreams.Subscription;
import org.springframework.http.server.reactive.ServerHttpRequestDecorator;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoOperator;
import reactor.netty.http.server.HttpServerRequest;
import reactor.util.context.Context;

/**
 * Signals the end on the event loop of the request's connection, at once if that is the present thread. A request's
 * origins are read on that loop too, so that no buffer changes threads.
 */
final class ResumeOnEventLoop extends MonoOperator<Void, Void> {
    private final EventLoop loop;

    ResumeOnEventLoop(Mono<Void> source, ServerWebExchange exchange) {
        super(source);
        this.loop = of(exchange);
    }

    private static EventLoop of(ServerWebExchange exchange) {
        HttpServerRequest received = ServerHttpRequestDecorator.getNativeRequest(exchange.getRequest());
        AtomicReference<EventLoop> found = new AtomicReference<>();
        received.withConnection(connection -> found.set(connection.channel().eventLoop()));
        return found.get();
    }

    @Override
    public void subscribe(CoreSubscriber<? super Void> actual) {
        source.subscribe(new EventLoopSubscriber(actual, loop));
    }

    private record EventLoopSubscriber(CoreSubscriber<? super Void> actual, EventLoop loop)
            implements CoreSubscriber<Void> {
        @Override
        public Context currentContext() {
            return actual.currentContext();
        }

        @Override
        public void onSubscribe(Subscription subscription) {
            actual.onSubscribe(subscription);
        }

        @Override
        public void onNext(Void nothing) {
            // None is ever made.
        }

        @Override
        public void onError(Throwable error) {
            onLoop(() -> actual.onError(error));
        }

        @Override
        public void onComplete() {
            onLoop(actual::onComplete);
        }

        private void onLoop(Runnable signal) {
            if (loop.inEventLoop()) {
                signal.run();
                return;
            }
            try {
                loop.execute(signal);
            } catch (RejectedExecutionException stopped) {
                signal.run(); // the server is going, and the signal must still arrive
            }
        }
    }
}
