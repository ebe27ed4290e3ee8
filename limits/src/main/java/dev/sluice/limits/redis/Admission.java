package dev.sluice.limits.redis;

import dev.sluice.limits.Decision;
import dev.sluice.limits.LimitStatus;
import dev.sluice.limits.LimiterObserver;
import dev.sluice.limits.Reservation;
import dev.sluice.limits.Subject;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Operators;

/**
 * The subscription to one decision:
 *
 * <pre>
 *          request           the script's answer, or a refusal of bucket4j's
 * NEW ------------> WAITING ------------------------------> DECIDED
 *                      |  deadline, Redis failed: local -------^
 *                      |  cancel
 *                      v
 *                   CANCELLED      an admission that arrives in either end state is released
 * </pre>
 */
final class Admission implements Subscription {
    private static final int NEW = 0;
    private static final int WAITING = 1;
    private static final int DECIDED = 2;
    private static final int CANCELLED = 3;
    private static final int MOST_TRIES = 3;

    final CompiledPolicy policy;
    final Subject subject;
    final String id;
    final Reservation reservation;
    /** What can be corrected afterwards; empty until Redis was asked. */
    List<Charge> charges = List.of();
    /** Of the limits that were asked before the script. */
    List<LimitStatus> firstStatuses = List.of();

    private final Consumer<Admission> start;
    private final LimiterObserver observer;
    private final CoreSubscriber<? super Decision> actual;
    private final AtomicInteger state = new AtomicInteger(NEW);
    private final long begun = System.nanoTime();
    private final AtomicBoolean isLocal = new AtomicBoolean();
    private int tries;
    private volatile DeadlineQueue.@Nullable Entry deadline;

    /** {@code start} is called once, when the decision is requested. */
    Admission(
            CompiledPolicy policy,
            Subject subject,
            String id,
            Reservation reservation,
            Consumer<Admission> start,
            LimiterObserver observer,
            CoreSubscriber<? super Decision> actual) {
        this.policy = policy;
        this.subject = subject;
        this.id = id;
        this.reservation = reservation;
        this.start = start;
        this.observer = observer;
        this.actual = actual;
    }

    @Override
    public void request(long n) {
        if (Operators.validate(n) && state.compareAndSet(NEW, WAITING)) {
            start.accept(this);
        }
    }

    @Override
    public void cancel() {
        int before = state.getAndUpdate(now -> now == DECIDED ? DECIDED : CANCELLED);
        if (before == WAITING) {
            clearDeadline();
        }
    }

    boolean isWaiting() {
        return state.get() == WAITING;
    }

    /** Cleared when the decision is made or cancelled. */
    void deadline(DeadlineQueue.Entry entry) {
        deadline = entry;
    }

    /**
     * Whether the caller may decide it without Redis: true for the first call only. Two callers would count one permit
     * under its one id, and the later one would release it while it is in use.
     */
    boolean mayDecideLocally() {
        return isWaiting() && isLocal.compareAndSet(false, true);
    }

    /** The windows may have changed on the way to Redis, but not again and again. */
    boolean mayTryAgain() {
        return ++tries < MOST_TRIES;
    }

    /** Emits the decision; false if it was decided or cancelled before. */
    boolean decide(Decision decision, LimiterObserver.Place place) {
        if (!state.compareAndSet(WAITING, DECIDED)) {
            return false;
        }
        clearDeadline();
        try {
            observer.decided(policy.policy, decision, place, Duration.ofNanos(System.nanoTime() - begun));
        } finally {
            actual.onNext(decision);
            actual.onComplete();
        }
        return true;
    }

    private void clearDeadline() {
        DeadlineQueue.Entry entry = deadline;
        if (entry != null) {
            entry.clear();
        }
    }
}
