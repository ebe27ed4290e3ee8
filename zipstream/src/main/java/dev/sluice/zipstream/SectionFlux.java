package dev.sluice.zipstream;

import java.util.concurrent.atomic.AtomicBoolean;
import org.reactivestreams.Subscription;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferFactory;
import org.springframework.core.io.buffer.DataBufferUtils;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Operators;
import reactor.util.context.Context;

/**
 * One entry of an archive: its header when the first buffer is requested, then its content, checked for length. The
 * entry is discarded when its content is through or failed, before that is told, and when it is cancelled.
 *
 * <p>Does what {@code using} around {@code concat} would, in less: beside a small file, operators take long.
 */
final class SectionFlux extends Flux<DataBuffer> {

    private final ArchiveHeaders archive;
    private final ArchiveEntry entry;
    private final DataBufferFactory factory;

    /** @param factory allocates the header */
    SectionFlux(ArchiveHeaders archive, ArchiveEntry entry, DataBufferFactory factory) {
        this.archive = archive;
        this.entry = entry;
        this.factory = factory;
    }

    @Override
    public void subscribe(CoreSubscriber<? super DataBuffer> actual) {
        actual.onSubscribe(new Section(actual));
    }

    private DataBuffer header() {
        byte[] header = archive.localHeader(entry.header());
        return factory.allocateBuffer(header.length).write(header);
    }

    /** What is requested before the content is subscribed to waits for it, as {@code DeferredSubscription} has it. */
    private final class Section extends Operators.DeferredSubscription implements CoreSubscriber<DataBuffer> {

        private final CoreSubscriber<? super DataBuffer> actual;
        private final AtomicBoolean begun = new AtomicBoolean();

        Section(CoreSubscriber<? super DataBuffer> actual) {
            this.actual = actual;
        }

        @Override
        public Context currentContext() {
            return actual.currentContext();
        }

        @Override
        public void request(long n) {
            if (!Operators.validate(n)) {
                return;
            }
            if (begun.compareAndSet(false, true)) {
                begin(n);
            } else {
                super.request(n);
            }
        }

        private void begin(long n) {
            DataBuffer header;
            try {
                header = header();
            } catch (Throwable refusal) {
                onError(Operators.onOperatorError(null, refusal, currentContext()));
                return;
            }
            if (isCancelled()) {
                DataBufferUtils.release(header);
                return;
            }
            if (n > 1) {
                super.request(n == Long.MAX_VALUE ? n : n - 1);
            }
            actual.onNext(header);
            if (!isCancelled()) {
                new InspectedFlux(entry.content(), () -> new ExactSize(entry.name(), entry.size())).subscribe(this);
            }
        }

        @Override
        public void onSubscribe(Subscription content) {
            set(content);
        }

        @Override
        public void onNext(DataBuffer buffer) {
            actual.onNext(buffer);
        }

        @Override
        public void onError(Throwable error) {
            entry.discard();
            actual.onError(error);
        }

        @Override
        public void onComplete() {
            entry.discard();
            actual.onComplete();
        }

        @Override
        public void cancel() {
            super.cancel();
            entry.discard();
        }
    }
}
