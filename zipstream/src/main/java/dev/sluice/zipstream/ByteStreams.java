package dev.sluice.zipstream;

import java.time.Duration;
import java.util.function.LongConsumer;
import org.springframework.core.io.buffer.DataBuffer;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Scheduler;

/**
 * Operators on a body that streams past as buffers. What they share:
 *
 * <ul>
 *   <li>They hand on the very buffers they receive, one for one; ownership passes with each. A buffer that cannot be
 *       handed on is released here, on the thread that brought it.
 *   <li>They hold no queue and change no demand: what downstream requests is what upstream is asked for.
 *   <li>No thread hop: buffers, completion and upstream's errors come on upstream's thread. Only an error raised by
 *       time comes on the timer's.
 *   <li>An error of theirs cancels upstream first. Cancelling downstream cancels upstream and nothing comes after.
 * </ul>
 */
public final class ByteStreams {

    private ByteStreams() {}

    /**
     * Tells {@code onBytes} the readable bytes of each buffer, before that buffer is handed on. Empty buffers count as
     * 0. An exception of the callback ends the stream.
     */
    public static Flux<DataBuffer> counting(Flux<DataBuffer> source, LongConsumer onBytes) {
        return new InspectedFlux(source, () -> buffer -> onBytes.accept(buffer.readableByteCount()));
    }

    /**
     * Lets at most {@code maxBytes} readable bytes pass. The buffer that would go over is released whole, not cut, and
     * the stream ends with {@link ByteLimitExceededException}; exactly {@code maxBytes} is fine. Counted anew for each
     * subscription.
     *
     * @throws IllegalArgumentException if {@code maxBytes} is negative
     */
    public static Flux<DataBuffer> capped(Flux<DataBuffer> source, long maxBytes) {
        requireLimit(maxBytes);
        return new InspectedFlux(source, () -> new Cap(maxBytes));
    }

    /**
     * Adds each buffer to {@code totals} before it is handed on; nothing is copied and no position moves. One
     * subscription should feed them, or several one after the other.
     */
    public static Flux<DataBuffer> totalled(Flux<DataBuffer> source, BodyTotals totals) {
        return new InspectedFlux(source, () -> totals::add);
    }

    /**
     * All at once, in one look at each buffer: {@link #totalled}, {@link #capped} and {@link #withMinimumRate}. The cap
     * is on the totals: a body that comes in several parts goes through here part by part.
     *
     * @throws IllegalArgumentException if {@code maxBytes} is negative
     */
    public static Flux<DataBuffer> received(
            Flux<DataBuffer> source, BodyTotals totals, long maxBytes, MinimumRate rate, Scheduler timer) {
        requireLimit(maxBytes);
        return new MinimumRateFlux(source, rate, timer, buffer -> addWithin(maxBytes, buffer, totals));
    }

    /**
     * Ends the stream with {@link DeadlineExceededException} unless it completes within {@code deadline}, counted from
     * the subscription; buffers on the way do not extend it. A deadline of zero or less has already passed.
     *
     * @param timer runs the deadline, and brings that error
     */
    public static Flux<DataBuffer> withDeadline(Flux<DataBuffer> source, Duration deadline, Scheduler timer) {
        return new DeadlineFlux(source, deadline, timer);
    }

    /**
     * Ends the stream with {@link BodyTooSlowException} when upstream sends less than {@code rate}. It is upstream that
     * is judged: time in which downstream asks for nothing, or is busy with a buffer, does not count.
     *
     * @param timer runs the checks, brings that error, and is the clock ({@link Scheduler#now})
     */
    public static Flux<DataBuffer> withMinimumRate(Flux<DataBuffer> source, MinimumRate rate, Scheduler timer) {
        return new MinimumRateFlux(source, rate, timer, buffer -> {});
    }

    private static void requireLimit(long maxBytes) {
        if (maxBytes < 0) {
            throw new IllegalArgumentException("maxBytes: " + maxBytes + " (expected: 0 or more)");
        }
    }

    private static void addWithin(long maxBytes, DataBuffer buffer, BodyTotals totals) {
        long count = totals.bytes() + buffer.readableByteCount();
        if (count > maxBytes) {
            throw new ByteLimitExceededException(maxBytes, count);
        }
        totals.add(buffer);
    }

    private static final class Cap implements Inspection {

        private final long limit;
        private long count;

        Cap(long limit) {
            this.limit = limit;
        }

        @Override
        public void buffer(DataBuffer buffer) {
            count += buffer.readableByteCount();
            if (count > limit) {
                throw new ByteLimitExceededException(limit, count);
            }
        }
    }
}
