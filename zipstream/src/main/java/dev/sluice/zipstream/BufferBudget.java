package dev.sluice.zipstream;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * Bytes of memory (or disk) shared by everyone who buffers. A subscriber reserves bytes before it holds them, and waits
 * for its turn when none are left.
 *
 * <p>First come, first served: the head of the queue is never overtaken, however little the others ask for, so it
 * always gets its bytes once enough are released. Any thread may call any method; nothing blocks.
 */
public final class BufferBudget {

    private final WaitQueue<Reservation> queue;

    /**
     * @param capacityBytes bytes in all, at least 1
     * @param maxQueued reservations that may wait at a time, 0 or more
     * @param timer runs the deadlines, and brings their errors
     * @throws IllegalArgumentException if a value is out of bounds
     */
    public BufferBudget(long capacityBytes, int maxQueued, Scheduler timer) {
        if (capacityBytes < 1) {
            throw new IllegalArgumentException("capacityBytes: " + capacityBytes + " (expected: 1 or more)");
        }
        if (maxQueued < 0) {
            throw new IllegalArgumentException("maxQueued: " + maxQueued + " (expected: 0 or more)");
        }
        this.queue = new WaitQueue<>(capacityBytes, maxQueued, timer, bytes -> new ReservedBytes(this::release, bytes));
    }

    /**
     * Reserves {@code bytes} for each subscriber, which enters the queue when it first requests and owns the
     * reservation from the moment it is handed it. Cancelling before that leaves the queue and loses nothing.
     *
     * <p>Reserve and release in one expression: {@code Mono.usingWhen(budget.reserve(…), …, r ->
     * Mono.fromRunnable(r::release))}. As everywhere in Reactor, an operator that is cancelled in the very moment it is
     * handed a value discards it: between here and the {@code usingWhen}, keep {@code doOnDiscard(Reservation.class,
     * Reservation::release)} downstream of whatever else stands there.
     *
     * <p>Thread: if there is room and nobody waits, the subscriber's own; else the one whose release, cancellation or
     * expiry made room, or one that is handing out grants at that moment. Hop with {@code publishOn} if that matters.
     *
     * <p>Fails with {@link BudgetExhaustedException}: at once if {@code bytes} is more than the capacity or the queue
     * is full, on the timer when {@code deadline} passes.
     *
     * @param bytes 0 or more
     * @param deadline how long to wait; zero means only if there is room right now and nobody waits
     * @throws IllegalArgumentException if a value is negative
     */
    public Mono<Reservation> reserve(long bytes, Duration deadline) {
        return reserve(bytes, deadline, deadline);
    }

    /**
     * As {@link #reserve(long, Duration)}, but gives up early when the queue stands still: when others release so
     * little within {@code standstill} that, at this pace, even the head of the queue would not have {@code bytes} by
     * the deadline. A queue that moves is worth waiting in, however many are before, one that does not may never move
     * again. Where it has been found to stand still, a newcomer is refused at once, until somebody is granted bytes or
     * as much is released as a queue that moves would have.
     *
     * @param standstill how long; looked at that often, so it may be noticed up to twice as late. Zero means that
     *     nobody waits
     * @throws IllegalArgumentException if a value is negative
     */
    public Mono<Reservation> reserve(long bytes, Duration deadline, Duration standstill) {
        if (bytes < 0) {
            throw new IllegalArgumentException("bytes: " + bytes + " (expected: 0 or more)");
        }
        if (deadline.isNegative()) {
            throw new IllegalArgumentException("deadline: " + deadline + " (expected: zero or more)");
        }
        if (standstill.isNegative()) {
            throw new IllegalArgumentException("standstill: " + standstill + " (expected: zero or more)");
        }
        Duration checkInterval = standstill.compareTo(deadline) < 0 ? standstill : deadline;
        return queue.reserve(bytes, 0, deadline, checkInterval);
    }

    /**
     * As {@link #reserve(long, Duration)} without any wait, and only if {@code spare} bytes stay free: for what can do
     * without for now, so that it never holds all that others need to get on.
     *
     * @param spare 0 or more
     * @throws IllegalArgumentException if a value is negative
     */
    public Mono<Reservation> reserveLeaving(long spare, long bytes) {
        if (bytes < 0 || spare < 0) {
            throw new IllegalArgumentException(
                    "bytes: " + bytes + ", spare: " + spare + " (expected: both zero or more)");
        }
        return queue.reserve(bytes, spare, Duration.ZERO, Duration.ZERO);
    }

    /** All bytes, free or not. */
    public long capacity() {
        return queue.capacity();
    }

    /** Bytes that nobody has reserved, whether waited for or not. */
    public long available() {
        return queue.free();
    }

    /** Reservations waiting now. */
    public int queued() {
        return queue.size();
    }

    private void release(long bytes) {
        queue.release(bytes);
    }

    /** Bytes held. Whoever was handed it must release it, in every case; all methods are thread-safe. */
    public interface Reservation {

        /** Bytes held now: what was reserved, less what was released. */
        long bytes();

        /**
         * Releases all but {@code bytes}, for example when the true size is known. After a release it does nothing.
         *
         * @throws IllegalArgumentException if {@code bytes} is negative or more than is held
         */
        void shrinkTo(long bytes);

        /** Releases everything. Idempotent. */
        void release();
    }

    /** The one {@link Reservation}: a number that only falls, and what it falls by goes back. */
    private static final class ReservedBytes implements Reservation {

        private static final long RELEASED = -1;

        private final LongConsumer release;
        private final AtomicLong reserved;

        ReservedBytes(LongConsumer release, long bytes) {
            this.release = release;
            this.reserved = new AtomicLong(bytes);
        }

        @Override
        public long bytes() {
            return Math.max(0, reserved.get());
        }

        @Override
        public void shrinkTo(long bytes) {
            long before;
            do {
                before = reserved.get();
                if (before == RELEASED) {
                    return;
                }
                if (bytes < 0 || bytes > before) {
                    throw new IllegalArgumentException("bytes: " + bytes + " (expected: 0 to " + before + ")");
                }
            } while (!reserved.compareAndSet(before, bytes));
            give(before - bytes);
        }

        @Override
        public void release() {
            give(reserved.getAndSet(RELEASED));
        }

        private void give(long bytes) {
            if (bytes > 0) {
                release.accept(bytes);
            }
        }

        @Override
        public String toString() {
            return "Reservation[" + bytes() + " bytes]";
        }
    }
}
