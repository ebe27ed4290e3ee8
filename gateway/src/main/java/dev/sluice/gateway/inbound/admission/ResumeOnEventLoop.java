package dev.sluice.gateway.inbound.admission;

import io.netty.channel.EventLoop;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import org.springframework.http.server.reactive.ServerHttpRequestDecorator;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoOperator;
import reactor.netty.http.server.HttpServerRequest;
import reactor.util.context.Context;

/**
 * Gives a result, if there is one, and the end on the event loop of the request's connection, at once if that is the
 * present thread. A request's origins are read on that loop too, so that no buffer changes threads; and a client that
 * leaves is told of there, so that no answer can be written at the same moment on another thread, which would lose its
 * buffers.
 *
 * @param <T> of the result, which nobody has to free
 */
final class ResumeOnEventLoop<T> extends MonoOperator<T, T> {
    private final EventLoop loop;

    ResumeOnEventLoop(Mono<T> source, EventLoop loop) {
        super(source);
        this.loop = loop;
    }

    /** {@code source}, for a request. */
    static <T> Mono<T> of(Mono<T> source, ServerWebExchange exchange) {
        HttpServerRequest received = ServerHttpRequestDecorator.getNativeRequest(exchange.getRequest());
        AtomicReference<EventLoop> found = new AtomicReference<>();
        received.withConnection(connection -> found.set(connection.channel().eventLoop()));
        return new ResumeOnEventLoop<>(source, found.get());
    }

    @Override
    public void subscribe(CoreSubscriber<? super T> actual) {
        source.subscribe(new EventLoopSubscriber<>(actual, loop));
    }

    private static final class EventLoopSubscriber<T> implements CoreSubscriber<T> {
        private final CoreSubscriber<? super T> actual;
        private final EventLoop loop;
        private @Nullable T result;

        EventLoopSubscriber(CoreSubscriber<? super T> actual, EventLoop loop) {
            this.actual = actual;
            this.loop = loop;
        }

        @Override
        public Context currentContext() {
            return actual.currentContext();
        }

        @Override
        public void onSubscribe(Subscription subscription) {
            actual.onSubscribe(subscription);
        }

        @Override
        public void onNext(T only) {
            result = only;
        }

        @Override
        public void onError(Throwable error) {
            onLoop(() -> actual.onError(error));
        }

        @Override
        public void onComplete() {
            onLoop(() -> {
                T only = result;
                if (only != null) {
                    actual.onNext(only);
                }
                actual.onComplete();
            });
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
