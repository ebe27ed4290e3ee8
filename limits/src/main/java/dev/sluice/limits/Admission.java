package dev.sluice.limits;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Operators;

/**
 * One decision on its way:
 *
 * <pre>
 *          request         wall admits, or none         the script's answer
 * NEW ------------> WAITING --------------------> WAITING ------------------> DECIDED
 *                      |  deadline, Redis failed: decided without it ------------^
 *                      |  cancel
 *                      v
 *                   CANCELLED      an admission that arrives in either end state is given back
 * </pre>
 */
final class Admission implements Subscription {
    private static final int NEW = 0;
    private static final int WAITING = 1;
    private static final int DECIDED = 2;
    private static final int CANCELLED = 3;

    final PolicyPlan plan;
    final Subject subject;
    final String id;
    final Reservation reservation;
    /** Where each limit of the script was counted; empty until it was asked. */
    List<Place> places = List.of();

    private final RedisLimiter limiter;
    private final CoreSubscriber<? super Decision> actual;
    private final AtomicInteger state = new AtomicInteger(NEW);
    private final long begun = System.nanoTime();
    private final AtomicBoolean alone = new AtomicBoolean();
    private int tries;
    private volatile Deadlines.@Nullable Entry deadline;
    private volatile List<Standing> wallStandings = List.of();

    /** One counter: its key, its window if it has one, and what this request takes of it. */
    record Place(ScriptLimit limit, String key, @Nullable Window window, long reserve) {}

    Admission(
            RedisLimiter limiter,
            PolicyPlan plan,
            Subject subject,
            String id,
            Reservation reservation,
            CoreSubscriber<? super Decision> actual) {
        this.limiter = limiter;
        this.plan = plan;
        this.subject = subject;
        this.id = id;
        this.reservation = reservation;
        this.actual = actual;
    }

    @Override
    public void request(long n) {
        if (Operators.validate(n) && state.compareAndSet(NEW, WAITING)) {
            deadline = limiter.watch(this);
            limiter.start(this);
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

    /**
     * Whether whoever asks may decide it without Redis: the first to ask. Two that decide count one permit under its
     * one id, and the one that comes too late would give it back while it is in use.
     */
    boolean mayDecideAlone() {
        return isWaiting() && alone.compareAndSet(false, true);
    }

    /** The windows may have changed on the way to Redis, but not again and again. */
    boolean mayTryAgain() {
        return ++tries < 3;
    }

    void wallAdmitted(List<Standing> standings) {
        wallStandings = standings;
    }

    List<Standing> wallStandings() {
        return wallStandings;
    }

    /** False if it is too late: nobody listens any more. */
    boolean decide(Decision decision, LimiterObserver.Place place) {
        if (!state.compareAndSet(WAITING, DECIDED)) {
            return false;
        }
        clearDeadline();
        try {
            limiter.observer().decided(plan.policy, decision, place, Duration.ofNanos(System.nanoTime() - begun));
        } finally {
            actual.onNext(decision);
            actual.onComplete();
        }
        return true;
    }

    private void clearDeadline() {
        Deadlines.Entry entry = deadline;
        if (entry != null) {
            entry.clear();
        }
    }
}
