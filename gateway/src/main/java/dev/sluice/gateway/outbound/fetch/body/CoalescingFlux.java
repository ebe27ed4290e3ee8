package dev.sluice.gateway.outbound.fetch.body;

import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxOperator;
import reactor.core.publisher.Operators;
import reactor.util.context.Context;

/**
 * Copies small buffers together, so that a body that is kept in memory costs what it is long.
 *
 * <p>A small buffer is a slice of a whole read and keeps all of it alive; and an origin may send chunks of one byte,
 * each of them a few objects. Both would make a body of a few megabytes cost hundreds. So buffers of less than
 * {@link #SMALLEST} bytes are copied into one that grows, which is handed on when it has that size, or at the end. All
 * others are handed on as they are. What is held at most, by whoever keeps the body, is four times its length.
 *
 * <p>Nothing is asked for that downstream did not ask for; nothing is handed on after an error.
 */
public final class CoalescingFlux extends FluxOperator<DataBuffer, DataBuffer> {
    /** Smallest buffer handed on as it came, in bytes. */
    public static final int SMALLEST = 16 * 1024;

    /** @param source owns its buffers until it emits them */
    public CoalescingFlux(Flux<DataBuffer> source) {
        super(source);
    }

    @Override
    public void subscribe(CoreSubscriber<? super DataBuffer> actual) {
        source.subscribe(new CoalescingSubscriber(actual));
    }

    private static final class CoalescingSubscriber implements CoreSubscriber<DataBuffer>, Subscription {
        private final CoreSubscriber<? super DataBuffer> actual;
        private @Nullable Subscription upstream;

        /** Guarded by this: a cancel may come from any thread. Held only while downstream waits for a buffer. */
        private @Nullable DataBuffer pending;

        private boolean cancelled;

        CoalescingSubscriber(CoreSubscriber<? super DataBuffer> actual) {
            this.actual = actual;
        }

        @Override
        public Context currentContext() {
            return actual.currentContext();
        }

        @Override
        public void onSubscribe(Subscription subscription) {
            if (Operators.validate(upstream, subscription)) {
                upstream = subscription;
                actual.onSubscribe(this);
            }
        }

        @Override
        public void onNext(DataBuffer buffer) {
            DataBuffer whole;
            synchronized (this) {
                whole = cancelled ? discarded(buffer) : coalesced(buffer);
            }
            if (whole != null) {
                actual.onNext(whole);
            } else if (upstream != null) {
                upstream.request(1);
            }
        }

        private @Nullable DataBuffer coalesced(DataBuffer buffer) {
            if (pending == null && buffer.readableByteCount() >= SMALLEST) {
                return buffer;
            }
            DataBuffer all = pending == null ? buffer.factory().allocateBuffer(buffer.readableByteCount()) : pending;
            all.write(buffer);
            DataBufferUtils.release(buffer);
            boolean enough = all.readableByteCount() >= SMALLEST;
            pending = enough ? null : all;
            return enough ? all : null;
        }

        private static @Nullable DataBuffer discarded(DataBuffer buffer) {
            DataBufferUtils.release(buffer);
            return null;
        }

        private @Nullable DataBuffer takePending() {
            synchronized (this) {
                DataBuffer all = pending;
                pending = null;
                return all;
            }
        }

        @Override
        public void onError(Throwable error) {
            DataBufferUtils.release(takePending());
            actual.onError(error);
        }

        @Override
        public void onComplete() {
            DataBuffer rest = takePending();
            if (rest != null) {
                actual.onNext(rest);
            }
            actual.onComplete();
        }

        @Override
        public void request(long n) {
            if (upstream != null) {
                upstream.request(n);
            }
        }

        @Override
        public void cancel() {
            synchronized (this) {
                cancelled = true;
            }
            if (upstream != null) {
                upstream.cancel();
            }
            DataBufferUtils.release(takePending());
        }
    }
}
