package dev.sluice.gateway.outbound.storage;

import java.util.concurrent.Callable;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;
import reactor.core.scheduler.Scheduler;
import reactor.util.context.Context;

/**
 * Hands the buffers of a body to a consumer that blocks, one at a time. Reactor's own operators that change threads
 * hold a buffer in a queue meanwhile, and lose it when it comes in the very moment of a cancellation; here it is held
 * in one place, and whoever takes it from there releases it.
 */
final class InTurn extends BaseSubscriber<DataBuffer> {
    private final Consumer consumer;
    private final Scheduler steps;
    private final UnaryOperator<Throwable> failures;
    private final MonoSink<Void> result;
    private final AtomicReference<@Nullable DataBuffer> waiting = new AtomicReference<>();

    /** Takes ownership of a buffer. May block. */
    @FunctionalInterface
    interface Consumer {
        void accept(DataBuffer buffer) throws Exception;
    }

    private InTurn(Consumer consumer, Scheduler steps, UnaryOperator<Throwable> failures, MonoSink<Void> result) {
        this.consumer = consumer;
        this.steps = steps;
        this.failures = failures;
        this.result = result;
    }

    /**
     * Completes when {@code consumer} has had the whole body; fails as the body or the consumer fails.
     *
     * @param steps one worker, so that the consumer is never called twice at once
     * @param failures what a failure of the consumer is called; one of the body stays as it is
     */
    static Mono<Void> feed(
            Flux<DataBuffer> body, Consumer consumer, Scheduler steps, UnaryOperator<Throwable> failures) {
        return Mono.create(result -> {
            InTurn subscriber = new InTurn(consumer, steps, failures, result);
            result.onCancel(subscriber::giveUp);
            body.doOnDiscard(DataBuffer.class, DataBufferUtils::release).subscribe(subscriber);
        });
    }

    @Override
    public Context currentContext() {
        return Context.of(result.contextView());
    }

    @Override
    protected void hookOnSubscribe(Subscription subscription) {
        subscription.request(1);
    }

    @Override
    protected void hookOnNext(DataBuffer buffer) {
        DataBufferUtils.release(waiting.getAndSet(buffer));
        if (isDisposed()) {
            releaseWaiting();
            return;
        }
        schedule(() -> {
            consume();
            return null;
        });
    }

    @Override
    protected void hookOnComplete() {
        // After the step that may be under way.
        schedule(() -> {
            result.success();
            return null;
        });
    }

    @Override
    protected void hookOnError(Throwable failure) {
        releaseWaiting();
        result.error(failure);
    }

    private void consume() throws Exception {
        DataBuffer buffer = waiting.getAndSet(null);
        if (buffer != null) {
            consumer.accept(buffer);
            request(1);
        }
    }

    private void schedule(Callable<@Nullable Void> step) {
        try {
            steps.schedule(() -> {
                try {
                    step.call();
                } catch (Exception failed) {
                    fail(failed);
                }
            });
        } catch (RejectedExecutionException busy) {
            fail(busy);
        }
    }

    private void fail(Throwable failure) {
        giveUp();
        result.error(failures.apply(failure));
    }

    private void giveUp() {
        cancel();
        releaseWaiting();
    }

    private void releaseWaiting() {
        DataBufferUtils.release(waiting.getAndSet(null));
    }
}
