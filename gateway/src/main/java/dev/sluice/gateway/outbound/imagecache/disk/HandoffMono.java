package dev.sluice.gateway.outbound.imagecache.disk;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Operators;

/**
 * A mono of an open image that is either taken by the subscriber or disposed: there is no moment at which a
 * cancellation loses it. (Reactor's own sources hand such a value to a discard hook that a subscriber must have
 * installed.)
 */
final class HandoffMono extends Mono<OpenImage> {
    private final Consumer<Receiver> source;

    private HandoffMono(Consumer<Receiver> source) {
        this.source = source;
    }

    /** {@code source} is called for each subscriber, on its thread, and gives it an image or nothing. */
    static Mono<OpenImage> to(Consumer<Receiver> source) {
        return new HandoffMono(source);
    }

    @Override
    public void subscribe(CoreSubscriber<? super OpenImage> actual) {
        Receiver receiver = new Receiver(actual);
        actual.onSubscribe(receiver);
        try {
            source.accept(receiver);
        } catch (RuntimeException failed) {
            receiver.fail(failed);
        }
    }

    /** One subscriber. It is given one image, or told that there is none. */
    static final class Receiver implements Subscription {
        private static final int WAITING = 0;
        private static final int REQUESTED = 1;
        private static final int HOLDING = 2; // an image that was not requested yet
        private static final int OVER = 3;

        private final CoreSubscriber<? super OpenImage> actual;
        private final AtomicInteger state = new AtomicInteger();
        private @Nullable OpenImage held; // published by the change to HOLDING
        private volatile @Nullable Runnable onCancel;

        private Receiver(CoreSubscriber<? super OpenImage> actual) {
            this.actual = actual;
        }

        /** Takes ownership of the image. */
        void give(OpenImage image) {
            held = image;
            if (state.compareAndSet(WAITING, HOLDING)) {
                return;
            }
            if (state.compareAndSet(REQUESTED, OVER)) {
                emit(image);
            } else {
                image.dispose();
            }
        }

        private void emit(OpenImage image) {
            actual.onNext(image);
            actual.onComplete();
        }

        void giveNothing() {
            if (state.getAndSet(OVER) != OVER) {
                actual.onComplete();
            }
        }

        private void fail(Throwable cause) {
            if (state.getAndSet(OVER) != OVER) {
                actual.onError(cause);
            } else {
                Operators.onErrorDropped(cause, actual.currentContext());
            }
        }

        /** To be run, perhaps at once, when the subscriber leaves before it was given anything. */
        void onCancel(Runnable action) {
            onCancel = action;
            if (isOver()) {
                action.run();
            }
        }

        boolean isOver() {
            return state.get() == OVER;
        }

        @Override
        public void request(long n) {
            if (!Operators.validate(n) || state.compareAndSet(WAITING, REQUESTED)) {
                return;
            }
            OpenImage image = held;
            if (state.compareAndSet(HOLDING, OVER) && image != null) {
                emit(image);
            }
        }

        @Override
        public void cancel() {
            int before = state.getAndSet(OVER);
            OpenImage image = held;
            if (before == HOLDING && image != null) {
                image.dispose();
            }
            Runnable action = onCancel;
            if (before != OVER && action != null) {
                action.run();
            }
        }
    }
}
