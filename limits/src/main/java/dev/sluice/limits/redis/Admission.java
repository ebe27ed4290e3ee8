package dev.sluice.limits.redis;

import dev.sluice.limits.Decision;
import dev.sluice.limits.Limit;
import dev.sluice.limits.LimitStatus;
import dev.sluice.limits.LimiterObserver;
import dev.sluice.limits.Mode;
import dev.sluice.limits.Reservation;
import dev.sluice.limits.Subject;
import dev.sluice.limits.redis.CompiledPolicy.Part;
import java.time.Duration;
import java.util.ArrayList;
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
    /** What was taken of the parts; a part may be here that perhaps has taken nothing. */
    final List<PartReservation> reservations = new ArrayList<>(1);
    /** What was reserved of what all processes share. */
    final List<RedisPermit.LeasedUnits> leased = new ArrayList<>(1);

    /** Of each limit, in the policy's order: where the caller stands, once that is known, and how long to wait. */
    private final @Nullable LimitStatus[] statuses;

    private final @Nullable Lease[] leases;
    private final long[] waits;
    private @Nullable Part lastAsked;

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
        int limits = policy.policy.limits().size();
        statuses = new LimitStatus[limits];
        leases = new Lease[limits];
        waits = new long[limits];
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

    /** What a limit says: where the caller stands, and how long until it has room; 0 if it has. */
    void tell(int index, LimitStatus status, long retryMillis) {
        statuses[index] = status;
        waits[index] = retryMillis;
    }

    /** The same of one that is leased, whose status is that of the moment of the decision. */
    void tell(int index, Lease lease, long retryMillis) {
        leases[index] = lease;
        waits[index] = retryMillis;
    }

    void tell(Part part, Verdict verdict) {
        lastAsked = part;
        for (int i = 0; i < verdict.limits(); i++) {
            CompiledLimit limit = part.limits.get(i);
            tell(limit.index, verdict.status(i, limit.limit), verdict.retryAfterMillis(i));
        }
    }

    /** What was taken is given back: the statuses are to say so. */
    void tellReleased() {
        for (PartReservation reserved : reservations) {
            for (CompiledLimit limit : reserved.part.limits) {
                LimitStatus status = statuses[limit.index];
                if (status != null) {
                    long remaining =
                            Math.min(limit.limit.capacity(), status.remaining() + reserved.reservation.of(limit.limit));
                    statuses[limit.index] = new LimitStatus(
                            status.limit(),
                            status.capacity(),
                            remaining,
                            remaining == status.capacity() ? Duration.ZERO : status.resetsIn());
                }
            }
        }
    }

    /** They are asked again. */
    void forgetLeases() {
        for (CompiledLimit limit : policy.leased) {
            leases[limit.index] = null;
            waits[limit.index] = 0;
        }
    }

    /** Whether a limit that decides has no room. */
    boolean isRefused() {
        for (int i = 0; i < waits.length; i++) {
            if (waits[i] > 0 && limit(i).mode() == Mode.ENFORCED) {
                return true;
            }
        }
        return false;
    }

    private Limit limit(int index) {
        return policy.policy.limits().get(index);
    }

    /** Of those limits that were asked. */
    List<LimitStatus> statuses(long now) {
        List<LimitStatus> known = new ArrayList<>(statuses.length);
        for (int i = 0; i < statuses.length; i++) {
            Lease lease = leases[i];
            LimitStatus status = lease == null ? statuses[i] : lease.status(now);
            if (status != null) {
                known.add(status);
            }
        }
        return known;
    }

    /** @param rest of limits that cannot be asked */
    List<Decision.Violation> violations(Decision.Cause cause, Duration rest) {
        Part asked = lastAsked;
        if (cause == Decision.Cause.UNAVAILABLE && asked != null) {
            return asked.limits.stream()
                    .map(limit -> new Decision.Violation(limit.limit.name(), cause, rest))
                    .toList();
        }
        List<Decision.Violation> violations = new ArrayList<>();
        for (int i = 0; i < waits.length; i++) {
            if (waits[i] > 0 && limit(i).mode() == Mode.ENFORCED) {
                violations.add(new Decision.Violation(limit(i).name(), cause, Duration.ofMillis(waits[i])));
            }
        }
        return violations;
    }

    void reportShadows() {
        for (int i = 0; i < waits.length; i++) {
            if (waits[i] > 0 && limit(i).mode() == Mode.SHADOW) {
                observer.wouldHaveRefused(policy.policy, limit(i));
            }
        }
    }

    /** When it was made, by {@link System#nanoTime}. */
    long begun() {
        return begun;
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
