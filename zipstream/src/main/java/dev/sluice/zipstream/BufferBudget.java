package dev.sluice.zipstream;

import dev.sluice.zipstream.BudgetExhaustedException.Reason;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Queue;
import org.jspecify.annotations.Nullable;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * Bytes of memory (or disk) shared by everyone who buffers. Whoever wants to hold bytes reserves them first, and waits
 * its turn when there are none left.
 *
 * <p>First come, first served: the head of the queue is never overtaken, however small the others' wishes, so it always
 * gets its bytes once enough are given back. Any thread may call any method; nothing blocks.
 *
 * <p>How: {@code free} and {@code waiting} change together under a lock held for a few additions. Subscribers are never
 * called under it. Grants that a release makes possible go through {@code granted}, which one thread at a time empties;
 * a subscriber that releases from within its grant only adds to it, so a long queue of such subscribers is served in a
 * loop and not by recursion.
 */
public final class BufferBudget {

    private final long capacity;
    private final int maxQueued;
    private final Scheduler timer;

    private final Object lock = new Object();
    private final LinkedHashSet<Waiter> waiting = new LinkedHashSet<>();
    private final Queue<Waiter> granted = new ArrayDeque<>();
    private boolean delivering;
    private long free;
    private long grants;

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
        this.capacity = capacityBytes;
        this.maxQueued = maxQueued;
        this.timer = timer;
        this.free = capacityBytes;
    }

    /**
     * Reserves {@code bytes} for each subscriber, which enters the queue when it first requests and owns the
     * reservation from the moment it is handed it. Cancelling before that leaves the queue and loses nothing.
     *
     * <p>Take and give back in one expression: {@code Mono.usingWhen(budget.reserve(…), …, r ->
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
     * As {@link #reserve(long, Duration)}, but gives up early when the queue stands still: when for {@code standstill}
     * nobody at all was given bytes. A queue that moves is worth waiting in, one that does not may never move again.
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
        Duration look = standstill.compareTo(deadline) < 0 ? standstill : deadline;
        return reserve(bytes, 0, deadline, look);
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
        return reserve(bytes, spare, Duration.ZERO, Duration.ZERO);
    }

    private Mono<Reservation> reserve(long bytes, long spare, Duration deadline, Duration look) {
        return new Mono<>() {
            @Override
            public void subscribe(CoreSubscriber<? super Reservation> actual) {
                actual.onSubscribe(new Waiter(BufferBudget.this, actual, bytes, spare, deadline, look, timer));
            }
        };
    }

    /** All bytes, free or not. */
    public long capacity() {
        return capacity;
    }

    /** Bytes nobody holds now, waited for or not. */
    public long available() {
        synchronized (lock) {
            return free;
        }
    }

    /** Reservations waiting now. */
    public int queued() {
        synchronized (lock) {
            return waiting.size();
        }
    }

    /** Reservations granted so far. */
    long grants() {
        synchronized (lock) {
            return grants;
        }
    }

    /** Puts a newcomer where it belongs: served at once, refused at once, or in the queue. */
    void enter(Waiter waiter) {
        Reason refusal = null;
        boolean served = false;
        synchronized (lock) {
            if (waiter.bytes > capacity) {
                refusal = Reason.LARGER_THAN_BUDGET;
            } else if (waiting.isEmpty() && waiter.bytes <= free - waiter.spare) {
                served = waiter.grant();
                free -= served ? waiter.bytes : 0;
                grants += served ? 1 : 0;
            } else if (waiter.look.isZero()) {
                refusal = Reason.DEADLINE;
            } else if (waiting.size() >= maxQueued) {
                refusal = Reason.QUEUE_FULL;
            } else if (waiter.isWaiting()) {
                // One that gave up meanwhile has left already, and would stay in the queue for ever.
                waiting.add(waiter);
            }
        }
        if (served) {
            waiter.deliver();
        } else if (refusal != null) {
            waiter.refuse(refusal);
        } else {
            waiter.startDeadline();
        }
    }

    /** Takes a waiter that gave up out of the queue; those behind it may fit now. */
    void leave(Waiter waiter) {
        synchronized (lock) {
            if (waiting.remove(waiter)) {
                grantHeads();
            }
        }
        deliverGrants();
    }

    /** Takes bytes back and serves whom they suffice for. */
    void giveBack(long bytes) {
        synchronized (lock) {
            free += bytes;
            grantHeads();
        }
        deliverGrants();
    }

    private void grantHeads() {
        Iterator<Waiter> queue = waiting.iterator();
        while (queue.hasNext()) {
            Waiter head = queue.next();
            if (head.bytes > free) {
                return;
            }
            queue.remove();
            if (head.grant()) {
                free -= head.bytes;
                grants++;
                granted.add(head);
            }
        }
    }

    private void deliverGrants() {
        Waiter next = nextGrant(true);
        try {
            while (next != null) {
                next.deliver();
                next = nextGrant(false);
            }
        } finally {
            if (next != null) {
                // A subscriber threw, which it must not. The others' grants are not to be stuck behind it.
                synchronized (lock) {
                    delivering = false;
                }
                deliverGrants();
            }
        }
    }

    private @Nullable Waiter nextGrant(boolean newcomer) {
        synchronized (lock) {
            if (newcomer && delivering) {
                return null;
            }
            Waiter next = granted.poll();
            delivering = next != null;
            return next;
        }
    }

    /** Bytes held. Whoever was handed it must release it, in every case; all methods are thread-safe. */
    public interface Reservation {

        /** Bytes held now: what was reserved, less what was given back. */
        long bytes();

        /**
         * Gives back all but {@code bytes}, for example when the true size is known. After a release it does nothing.
         *
         * @throws IllegalArgumentException if {@code bytes} is negative or more than is held
         */
        void shrinkTo(long bytes);

        /** Gives everything back. Idempotent. */
        void release();
    }
}
