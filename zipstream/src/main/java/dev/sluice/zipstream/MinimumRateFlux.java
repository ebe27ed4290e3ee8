package dev.sluice.zipstream;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxOperator;
import reactor.core.publisher.Operators;
import reactor.core.scheduler.Scheduler;

/**
 * {@link ByteStreams#withMinimumRate}. The bucket of {@link MinimumRate} drains only while upstream is waited for:
 * while downstream wants a buffer and is not busy with one.
 *
 * <p>One timer at most is set, for the moment the bucket would run empty; buffers refill the bucket without touching
 * the timer, which looks again when it fires. So a buffer costs two looks at the clock and no scheduling.
 */
final class MinimumRateFlux extends FluxOperator<DataBuffer, DataBuffer> {

    private final MinimumRate rate;
    private final Scheduler timer;
    private final Inspection inspection;

    /** @param inspection sees each buffer besides, before it is handed on; its end is not asked for */
    MinimumRateFlux(Flux<DataBuffer> source, MinimumRate rate, Scheduler timer, Inspection inspection) {
        super(source);
        this.rate = rate;
        this.timer = timer;
        this.inspection = inspection;
    }

    @Override
    public void subscribe(CoreSubscriber<? super DataBuffer> actual) {
        source.subscribe(new RateSubscriber(actual, rate, timer, inspection));
    }

    private static final class RateSubscriber extends TimedSubscriber {

        private static final long NANOS_PER_SECOND = TimeUnit.SECONDS.toNanos(1);
        private static final long EMPTY = -1;

        private final MinimumRate rate;
        private final Scheduler clock;
        private final Inspection inspection;

        // Guarded by this; held for a few additions, never while signalling.
        private final long fullNanos;
        private long bucketNanos;
        private long drainingSince;
        private boolean draining;
        private boolean downstreamBusy;
        private boolean armed;
        private long demand;
        private long count;

        RateSubscriber(
                CoreSubscriber<? super DataBuffer> actual, MinimumRate rate, Scheduler timer, Inspection inspection) {
            super(actual, timer);
            this.inspection = inspection;
            this.rate = rate;
            this.clock = timer;
            this.fullNanos = Nanos.of(rate.grace());
            this.bucketNanos = fullNanos;
        }

        @Override
        public void request(long n) {
            synchronized (this) {
                demand = Operators.addCap(demand, Math.max(0, n));
            }
            waitForUpstream();
            super.request(n);
        }

        @Override
        public void onNext(DataBuffer buffer) {
            if (hasEnded()) {
                DataBufferUtils.release(buffer);
                return;
            }
            try {
                inspection.buffer(buffer);
            } catch (Throwable refusal) {
                DataBufferUtils.release(buffer);
                fail(Operators.onOperatorError(null, refusal, currentContext()));
                return;
            }
            synchronized (this) {
                stopDraining();
                downstreamBusy = true;
                if (demand != Long.MAX_VALUE && demand > 0) {
                    demand--;
                }
                refill(buffer.readableByteCount());
            }
            super.onNext(buffer);
            synchronized (this) {
                downstreamBusy = false;
            }
            waitForUpstream();
        }

        private void waitForUpstream() {
            long delay;
            synchronized (this) {
                if (draining || downstreamBusy || demand == 0) {
                    return;
                }
                draining = true;
                drainingSince = now();
                if (armed) {
                    return;
                }
                armed = true;
                delay = bucketNanos;
            }
            after(Duration.ofNanos(delay), this::look);
        }

        private void look() {
            long delay = remaining();
            if (delay > 0) {
                after(Duration.ofNanos(delay), this::look);
            } else if (delay == EMPTY) {
                long received;
                synchronized (this) {
                    received = count;
                }
                fail(new BodyTooSlowException(rate, received));
            }
        }

        /**
         * Nanoseconds until the bucket runs empty, {@link #EMPTY} if it has, or 0 to rest until downstream asks again.
         */
        private synchronized long remaining() {
            if (!draining) {
                armed = false;
                return 0;
            }
            stopDraining();
            draining = true;
            drainingSince = now();
            return bucketNanos > 0 ? bucketNanos : EMPTY;
        }

        private void stopDraining() {
            if (draining) {
                draining = false;
                bucketNanos = Math.max(0, bucketNanos - Math.max(0, now() - drainingSince));
            }
        }

        private void refill(int bytes) {
            count += bytes;
            long earned = bytes * NANOS_PER_SECOND / rate.bytesPerSecond();
            bucketNanos = Math.min(fullNanos, Operators.addCap(bucketNanos, earned));
        }

        private long now() {
            return clock.now(TimeUnit.NANOSECONDS);
        }
    }
}
