package dev.sluice.gateway.outbound.fetch;

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
 * Copies what comes in crumbs together, so that a body that is kept in memory costs what it is long.
 *
 * <p>A small buffer is a slice of a whole read and keeps all of it alive; and an origin may send chunks of one byte,
 * each of them a few objects. Both would make a body of a few megabytes cost hundreds. So buffers of less than
 * {@link #CRUMB} bytes are copied into one that grows, which is handed on when it has that size, or at the end. All
 * others are handed on as they are. What is held at most, by whoever keeps the body, is four times its length.
 *
 * <p>Nothing is asked for that downstream did not ask for; nothing is handed on after an error.
 */
final class MergedBody extends FluxOperator<DataBuffer, DataBuffer> {
    /** Smallest buffer handed on as it came, in bytes. */
    static final int CRUMB = FetchTransport.READ_BYTES / 4;

    MergedBody(Flux<DataBuffer> source) {
        super(source);
    }

    @Override
    public void subscribe(CoreSubscriber<? super DataBuffer> actual) {
        source.subscribe(new Merging(actual));
    }

    private static final class Merging implements CoreSubscriber<DataBuffer>, Subscription {
        private final CoreSubscriber<? super DataBuffer> actual;
        private @Nullable Subscription upstream;

        /** Guarded by this: a cancel may come from any thread. Held only while downstream waits for a buffer. */
        private @Nullable DataBuffer crumbs;

        private boolean cancelled;

        Merging(CoreSubscriber<? super DataBuffer> actual) {
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
                whole = cancelled ? discarded(buffer) : merged(buffer);
            }
            if (whole != null) {
                actual.onNext(whole);
            } else if (upstream != null) {
                upstream.request(1);
            }
        }

        private @Nullable DataBuffer merged(DataBuffer buffer) {
            if (crumbs == null && buffer.readableByteCount() >= CRUMB) {
                return buffer;
            }
            DataBuffer all = crumbs == null ? buffer.factory().allocateBuffer(buffer.readableByteCount()) : crumbs;
            all.write(buffer);
            DataBufferUtils.release(buffer);
            boolean enough = all.readableByteCount() >= CRUMB;
            crumbs = enough ? null : all;
            return enough ? all : null;
        }

        private static @Nullable DataBuffer discarded(DataBuffer buffer) {
            DataBufferUtils.release(buffer);
            return null;
        }

        private @Nullable DataBuffer takeCrumbs() {
            synchronized (this) {
                DataBuffer all = crumbs;
                crumbs = null;
                return all;
            }
        }

        @Override
        public void onError(Throwable error) {
            DataBufferUtils.release(takeCrumbs());
            actual.onError(error);
        }

        @Override
        public void onComplete() {
            DataBuffer rest = takeCrumbs();
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
            DataBufferUtils.release(takeCrumbs());
        }
    }
}
