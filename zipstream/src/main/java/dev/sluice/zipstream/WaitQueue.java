package dev.sluice.zipstream;

import dev.sluice.zipstream.BudgetExhaustedException.Reason;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Queue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Operators;
import reactor.core.scheduler.Scheduler;

/**
 * The bytes of a {@link BufferBudget} and the subscribers that wait for them, first come, first served.
 *
 * <p>{@code free} and {@code waiting} change together under a lock held for a few additions. Subscribers are never
 * called under it. Grants that a release makes possible go through {@code grantedQueue}, which one thread at a time
 * empties; a subscriber that releases from within its grant only adds to it, so a long queue of such subscribers is
 * served in a loop and not by recursion.
 *
 * @param <R> what a subscriber is handed for its bytes
 */
final class WaitQueue<R> {

    private final long capacity;
    private final int maxQueued;
    private final Scheduler timer;
    private final LongFunction<R> granted;

    private final Object lock = new Object();
    private final LinkedHashSet<Waiter> waiting = new LinkedHashSet<>();
    private final Queue<Waiter> grantedQueue = new ArrayDeque<>();
    private boolean delivering;
    private long free;
    private long released; // bytes so far
    private boolean stuck; // a waiter has found that the queue stands still, and nobody was granted anything since
    private long stuckSince;
    private long releasedBefore; // that was found

    /** @param granted makes what a subscriber is handed, of its bytes */
    WaitQueue(long capacity, int maxQueued, Scheduler timer, LongFunction<R> granted) {
        this.capacity = capacity;
        this.maxQueued = maxQueued;
        this.timer = timer;
        this.granted = granted;
        this.free = capacity;
    }

    /** Leaves {@code spare} bytes free; every {@code checkInterval} a waiter checks whether the queue moves. */
    Mono<R> reserve(long bytes, long spare, Duration deadline, Duration checkInterval) {
        return new Mono<>() {
            @Override
            public void subscribe(CoreSubscriber<? super R> actual) {
                actual.onSubscribe(new Waiter(actual, bytes, spare, deadline, checkInterval));
            }
        };
    }

    long capacity() {
        return capacity;
    }

    /** Bytes that nobody has reserved. */
    long free() {
        synchronized (lock) {
            return free;
        }
    }

    int size() {
        synchronized (lock) {
            return waiting.size();
        }
    }

    /** Bytes released so far. */
    private long released() {
        synchronized (lock) {
            return released;
        }
    }

    private void standsStill() {
        synchronized (lock) {
            stuck = true;
            stuckSince = timer.now(TimeUnit.NANOSECONDS);
            releasedBefore = released;
        }
    }

    /** The lock is held. Whether the queue was found to stand still, and does since. */
    private boolean stillStands(Waiter newcomer) {
        return stuck && released - releasedBefore < newcomer.wantedWithin(timer.now(TimeUnit.NANOSECONDS) - stuckSince);
    }

    /** Puts a newcomer where it belongs: served at once, refused at once, or in the queue. */
    private void enter(Waiter waiter) {
        Reason refusal = null;
        boolean served = false;
        synchronized (lock) {
            if (waiter.bytes > capacity) {
                refusal = Reason.LARGER_THAN_BUDGET;
            } else if (waiting.isEmpty() && waiter.bytes <= free - waiter.spare) {
                served = take(waiter);
            } else if (waiter.checkInterval.isZero() || (waiter.leavesEarly() && stillStands(waiter))) {
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
    private void leave(Waiter waiter) {
        synchronized (lock) {
            if (waiting.remove(waiter)) {
                grantHeads();
            }
        }
        deliverGrants();
    }

    /** Frees bytes and serves the waiters that now fit. */
    void release(long bytes) {
        synchronized (lock) {
            free += bytes;
            released += bytes;
            grantHeads();
        }
        deliverGrants();
    }

    /** The lock is held. Returns whether the waiter still wants its bytes. */
    private boolean take(Waiter waiter) {
        if (!waiter.grant()) {
            return false;
        }
        free -= waiter.bytes;
        stuck = false;
        return true;
    }

    private void grantHeads() {
        Iterator<Waiter> queue = waiting.iterator();
        while (queue.hasNext()) {
            Waiter head = queue.next();
            if (head.bytes > free) {
                return;
            }
            queue.remove();
            if (take(head)) {
                grantedQueue.add(head);
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
            Waiter next = grantedQueue.poll();
            delivering = next != null;
            return next;
        }
    }

    /**
     * One subscriber of {@link #reserve}. Each arrow is one compare-and-set, so of a grant, a cancellation and a
     * deadline that meet exactly one wins:
     *
     * <pre>
     *   IDLE ── request ──► WAITING ── grant ──► GRANTED ── deliver ──► DONE    the subscriber owns the bytes
     *     │                   │ │                  └─────── cancel ───► DONE    they are released
     *     │                   │ └── deadline ──► DONE                           error; the queue moves up
     *     └──── cancel ───────┴──── cancel ────► DONE                           silence; the queue moves up
     * </pre>
     */
    private final class Waiter implements Subscription {

        private enum State {
            IDLE,
            WAITING,
            GRANTED,
            DONE
        }

        final long bytes;
        final long spare;
        final Duration checkInterval;

        private final Duration deadline;
        private final CoreSubscriber<? super R> actual;
        private final AtomicReference<State> state = new AtomicReference<>(State.IDLE);
        private final Disposable.Swap timeout = Disposables.swap();

        // Checks follow one another and never overlap.
        private long left;
        private long checkNanos;
        private long seen; // bytes released by then

        Waiter(CoreSubscriber<? super R> actual, long bytes, long spare, Duration deadline, Duration checkInterval) {
            this.actual = actual;
            this.bytes = bytes;
            this.spare = spare;
            this.deadline = deadline;
            this.checkInterval = checkInterval;
        }

        @Override
        public void request(long n) {
            if (Operators.validate(n) && state.compareAndSet(State.IDLE, State.WAITING)) {
                enter(this);
            }
        }

        @Override
        public void cancel() {
            State before = state.getAndSet(State.DONE);
            timeout.dispose();
            if (before == State.GRANTED) {
                release(bytes);
            } else if (before == State.WAITING) {
                leave(this);
            }
        }

        /** Whether it waits only while the queue moves. */
        boolean leavesEarly() {
            return checkInterval.compareTo(deadline) < 0;
        }

        boolean isWaiting() {
            return state.get() == State.WAITING;
        }

        /** The budget's lock is held. Returns whether the waiter still wants its bytes. */
        boolean grant() {
            return state.compareAndSet(State.WAITING, State.GRANTED);
        }

        /** Hands over what was granted, unless a cancellation has released it already. */
        void deliver() {
            if (state.compareAndSet(State.GRANTED, State.DONE)) {
                timeout.dispose();
                actual.onNext(granted.apply(bytes));
                actual.onComplete();
            }
        }

        void refuse(Reason reason) {
            if (state.compareAndSet(State.WAITING, State.DONE)) {
                actual.onError(new BudgetExhaustedException(reason, bytes, capacity));
            }
        }

        void startDeadline() {
            left = Nanos.of(deadline);
            scheduleCheck();
        }

        private void scheduleCheck() {
            checkNanos = Math.min(left, Nanos.of(checkInterval));
            left -= checkNanos;
            seen = released();
            try {
                timeout.replace(timer.schedule(this::check, checkNanos, TimeUnit.NANOSECONDS));
            } catch (RejectedExecutionException stopped) {
                if (state.compareAndSet(State.WAITING, State.DONE)) {
                    leave(this);
                    actual.onError(stopped);
                }
            }
        }

        /** Time is up when it is, or when the queue stands still. */
        private void check() {
            boolean moves = moves();
            if (left > 0 && moves) {
                scheduleCheck();
            } else if (state.compareAndSet(State.WAITING, State.DONE)) {
                if (!moves) {
                    standsStill();
                }
                leave(this);
                actual.onError(new BudgetExhaustedException(Reason.DEADLINE, bytes, capacity));
            }
        }

        /** Whether others give back enough for this waiter alone to be served by its deadline. */
        private boolean moves() {
            return released() - seen >= wantedWithin(checkNanos);
        }

        /** What has to be released within so long for this waiter to be served by its deadline, were it alone. */
        double wantedWithin(long nanos) {
            long atLeast = Math.max(nanos, Nanos.of(checkInterval));
            return Math.max(1, (double) bytes * atLeast / Nanos.of(deadline));
        }
    }
}
