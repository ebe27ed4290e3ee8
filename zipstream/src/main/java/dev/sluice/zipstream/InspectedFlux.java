package dev.sluice.zipstream;

import java.util.function.Supplier;
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
 * Hands buffers on untouched after showing each to an {@link Inspection}. Holds nothing: demand goes straight up,
 * buffers straight down, on the caller's thread.
 *
 * <p>Why not {@code doOnNext}: when its callback throws, the buffer at hand is lost. Here it is released.
 */
final class InspectedFlux extends FluxOperator<DataBuffer, DataBuffer> {

    private final Supplier<? extends Inspection> inspections;

    /** @param inspections called once a subscription, so that a count never outlives its body */
    InspectedFlux(Flux<DataBuffer> source, Supplier<? extends Inspection> inspections) {
        super(source);
        this.inspections = inspections;
    }

    @Override
    public void subscribe(CoreSubscriber<? super DataBuffer> actual) {
        source.subscribe(new Inspector(actual, inspections.get()));
    }

    private static final class Inspector implements CoreSubscriber<DataBuffer>, Subscription {

        private final CoreSubscriber<? super DataBuffer> actual;
        private final Inspection inspection;
        private @Nullable Subscription upstream;
        private boolean done;

        Inspector(CoreSubscriber<? super DataBuffer> actual, Inspection inspection) {
            this.actual = actual;
            this.inspection = inspection;
        }

        @Override
        public Context currentContext() {
            return actual.currentContext();
        }

        @Override
        public void onSubscribe(Subscription s) {
            if (Operators.validate(upstream, s)) {
                upstream = s;
                actual.onSubscribe(this);
            }
        }

        @Override
        public void onNext(DataBuffer buffer) {
            if (done) {
                DataBufferUtils.release(buffer);
                return;
            }
            try {
                inspection.buffer(buffer);
            } catch (Throwable refusal) {
                DataBufferUtils.release(buffer);
                onError(Operators.onOperatorError(upstream, refusal, currentContext()));
                return;
            }
            actual.onNext(buffer);
        }

        @Override
        public void onError(Throwable error) {
            if (done) {
                Operators.onErrorDropped(error, currentContext());
                return;
            }
            done = true;
            actual.onError(error);
        }

        @Override
        public void onComplete() {
            if (done) {
                return;
            }
            try {
                inspection.end();
            } catch (Throwable refusal) {
                onError(Operators.onOperatorError(null, refusal, currentContext()));
                return;
            }
            done = true;
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
            if (upstream != null) {
                upstream.cancel();
            }
        }
    }
}
