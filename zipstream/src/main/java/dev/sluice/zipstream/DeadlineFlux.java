package dev.sluice.zipstream;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.springframework.core.io.buffer.DataBuffer;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxOperator;
import reactor.core.scheduler.Scheduler;

/** {@link ByteStreams#withDeadline}: one timer a subscription, nothing to do per buffer but the hand-over itself. */
final class DeadlineFlux extends FluxOperator<DataBuffer, DataBuffer> {

    private final Duration deadline;
    private final Scheduler timer;

    DeadlineFlux(Flux<DataBuffer> source, Duration deadline, Scheduler timer) {
        super(source);
        this.deadline = deadline;
        this.timer = timer;
    }

    @Override
    public void subscribe(CoreSubscriber<? super DataBuffer> actual) {
        source.subscribe(new DeadlineSubscriber(actual, deadline, timer));
    }

    private static final class DeadlineSubscriber extends TimedSubscriber {

        private final Duration deadline;
        private final AtomicBoolean started = new AtomicBoolean();

        DeadlineSubscriber(CoreSubscriber<? super DataBuffer> actual, Duration deadline, Scheduler timer) {
            super(actual, timer);
            this.deadline = deadline;
        }

        @Override
        void subscribed() {
            start();
        }

        @Override
        public void request(long n) {
            // A source that emits within request() would otherwise be through before its time begins.
            start();
            super.request(n);
        }

        private void start() {
            if (started.compareAndSet(false, true)) {
                after(deadline, () -> fail(new DeadlineExceededException(deadline)));
            }
        }
    }
}
