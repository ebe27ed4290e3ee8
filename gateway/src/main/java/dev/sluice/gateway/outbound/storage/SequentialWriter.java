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
 * Writes the buffers of a body one after the other, by a consumer that blocks. Reactor's own operators that change
 * threads put a buffer in a queue meanwhile, and leak it if it arrives at the moment of a cancellation; here it is in
 * one place, and the one who takes it from there releases it.
 */
final class SequentialWriter extends BaseSubscriber<DataBuffer> {
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

    private SequentialWriter(
            Consumer consumer, Scheduler steps, UnaryOperator<Throwable> failures, MonoSink<Void> result) {
        this.consumer = consumer;
        this.steps = steps;
        this.failures = failures;
        this.result = result;
    }

    /**
     * Completes when {@code consumer} has written the whole body; fails as the body or the consumer fails.
     *
     * @param steps one worker, so that the consumer is never called twice at once
     * @param failures maps a failure of the consumer; one of the body stays as it is
     */
    static Mono<Void> write(
            Flux<DataBuffer> body, Consumer consumer, Scheduler steps, UnaryOperator<Throwable> failures) {
        return Mono.create(result -> {
            SequentialWriter subscriber = new SequentialWriter(consumer, steps, failures, result);
            result.onCancel(subscriber::abort);
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
        // After the step that may still run.
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
        abort();
        result.error(failures.apply(failure));
    }

    private void abort() {
        cancel();
        releaseWaiting();
    }

    private void releaseWaiting() {
        DataBufferUtils.release(waiting.getAndSet(null));
    }
}
