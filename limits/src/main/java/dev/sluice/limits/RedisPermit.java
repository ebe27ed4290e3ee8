package dev.sluice.limits;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import reactor.core.publisher.Mono;

/** What a request took in Redis. */
final class RedisPermit implements Permit {
    private final AtomicBoolean isSettled = new AtomicBoolean();
    private final Settlements settlements;
    private final Renewals renewals;
    private final String id;
    private final List<Admission.Place> places;
    private final PolicyPlan plan;
    private volatile long until;

    RedisPermit(Settlements settlements, Renewals renewals, Admission admission) {
        this.settlements = settlements;
        this.renewals = renewals;
        this.id = admission.id;
        this.places = admission.places;
        this.plan = admission.plan;
        recordedAt(System.nanoTime());
    }

    @Override
    public Mono<Void> settle(Usage usage) {
        return Mono.defer(() -> settleOnce(usage.units()));
    }

    private Mono<Void> settleOnce(Map<String, Long> used) {
        return isSettled.compareAndSet(false, true)
                ? settlements.tell(new Settlement(id, places, used, until()))
                : Mono.empty();
    }

    @Override
    public Optional<Duration> renewalPeriod() {
        return plan.renewalPeriod;
    }

    @Override
    public Mono<Void> renew() {
        return Mono.defer(() -> isSettled.get() || plan.renewalPeriod.isEmpty()
                ? Mono.empty()
                : renewals.tell(new Renewal(id, places, plan.recordMillis, this::recordedAt)));
    }

    private void recordedAt(long nanos) {
        until = nanos + TimeUnit.MILLISECONDS.toNanos(plan.recordMillis);
    }

    /** On the clock of {@link System#nanoTime}: when its leases are over and its record is forgotten. */
    long until() {
        return until;
    }

    /** What a request used that nobody heard was admitted. */
    static Usage unused(Policy policy) {
        Map<String, Long> units = new HashMap<>();
        policy.limits().forEach(limit -> units.put(limit.name(), 0L));
        return new Usage(units);
    }
}
