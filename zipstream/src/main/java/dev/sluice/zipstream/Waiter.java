package dev.sluice.zipstream;

import dev.sluice.zipstream.BudgetExhaustedException.Reason;
import dev.sluice.zipstream.BufferBudget.Reservation;
import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Operators;
import reactor.core.scheduler.Scheduler;

/**
 * One subscriber of {@link BufferBudget#reserve}. Each arrow is one compare-and-set, so of a grant, a cancellation and
 * a deadline that meet exactly one wins:
 *
 * <pre>
 *   IDLE ── request ──► WAITING ── grant ──► GRANTED ── deliver ──► DONE    the subscriber owns the bytes
 *     │                   │ │                  └─────── cancel ───► DONE    they go back
 *     │                   │ └── deadline ──► DONE                           error; the queue moves up
 *     └──── cancel ───────┴──── cancel ────► DONE                           silence; the queue moves up
 * </pre>
 */
final class Waiter implements Subscription {

    private enum State {
        IDLE,
        WAITING,
        GRANTED,
        DONE
    }

    final long bytes;
    final long spare;
    final Duration look;

    private final Duration deadline;
    private final BufferBudget budget;
    private final CoreSubscriber<? super Reservation> actual;
    private final Scheduler timer;
    private final AtomicReference<State> state = new AtomicReference<>(State.IDLE);
    private final Disposable.Swap timeout = Disposables.swap();

    // Of one look after the other, never of two at once.
    private long left;
    private long grantsSeen;

    Waiter(
            BufferBudget budget,
            CoreSubscriber<? super Reservation> actual,
            long bytes,
            long spare,
            Duration deadline,
            Duration look,
            Scheduler timer) {
        this.budget = budget;
        this.actual = actual;
        this.bytes = bytes;
        this.spare = spare;
        this.deadline = deadline;
        this.look = look;
        this.timer = timer;
    }

    @Override
    public void request(long n) {
        if (Operators.validate(n) && state.compareAndSet(State.IDLE, State.WAITING)) {
            budget.enter(this);
        }
    }

    @Override
    public void cancel() {
        State before = state.getAndSet(State.DONE);
        timeout.dispose();
        if (before == State.GRANTED) {
            budget.giveBack(bytes);
        } else if (before == State.WAITING) {
            budget.leave(this);
        }
    }

    boolean isWaiting() {
        return state.get() == State.WAITING;
    }

    /** The budget's lock is held. Returns whether the waiter still wants its bytes. */
    boolean grant() {
        return state.compareAndSet(State.WAITING, State.GRANTED);
    }

    /** Hands over what was granted, unless a cancellation has given it back already. */
    void deliver() {
        if (state.compareAndSet(State.GRANTED, State.DONE)) {
            timeout.dispose();
            actual.onNext(new HeldBytes(budget, bytes));
            actual.onComplete();
        }
    }

    void refuse(Reason reason) {
        if (state.compareAndSet(State.WAITING, State.DONE)) {
            actual.onError(new BudgetExhaustedException(reason, bytes, budget.capacity()));
        }
    }

    void startDeadline() {
        left = Nanos.of(deadline);
        lookLater();
    }

    private void lookLater() {
        long pause = Math.min(left, Nanos.of(look));
        left -= pause;
        grantsSeen = budget.grants();
        try {
            timeout.replace(timer.schedule(this::look, pause, TimeUnit.NANOSECONDS));
        } catch (RejectedExecutionException stopped) {
            if (state.compareAndSet(State.WAITING, State.DONE)) {
                budget.leave(this);
                actual.onError(stopped);
            }
        }
    }

    /** Time is up when it is, or when nobody was granted anything since the last look. */
    private void look() {
        if (left > 0 && budget.grants() != grantsSeen) {
            lookLater();
        } else if (state.compareAndSet(State.WAITING, State.DONE)) {
            budget.leave(this);
            actual.onError(new BudgetExhaustedException(Reason.DEADLINE, bytes, budget.capacity()));
        }
    }
}
