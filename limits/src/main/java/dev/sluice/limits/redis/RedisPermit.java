package dev.sluice.limits.redis;

import dev.sluice.limits.Permit;
import dev.sluice.limits.Policy;
import dev.sluice.limits.Usage;
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
    /** Of a request that took nothing that can be corrected. */
    static final Permit NOTHING = _ -> Mono.empty();

    private final AtomicBoolean isSettled = new AtomicBoolean();
    private final Settlements settlements;
    private final Renewals renewals;
    private final String id;
    private final List<Charge> charges;
    private final CompiledPolicy policy;
    private volatile long until;

    RedisPermit(Settlements settlements, Renewals renewals, String id, List<Charge> charges, CompiledPolicy policy) {
        this.settlements = settlements;
        this.renewals = renewals;
        this.id = id;
        this.charges = charges;
        this.policy = policy;
        recordedAt(System.nanoTime());
    }

    @Override
    public Mono<Void> settle(Usage usage) {
        return Mono.defer(() -> settleOnce(usage.units()));
    }

    private Mono<Void> settleOnce(Map<String, Long> used) {
        return isSettled.compareAndSet(false, true)
                ? settlements.settle(new Settlement(id, charges, used, until()))
                : Mono.empty();
    }

    @Override
    public Optional<Duration> renewalPeriod() {
        return policy.renewalPeriod;
    }

    @Override
    public Mono<Void> renew() {
        return Mono.defer(() -> isSettled.get() || policy.renewalPeriod.isEmpty()
                ? Mono.empty()
                : renewals.renew(new Renewal(id, charges, policy.recordMillis, this::recordedAt)));
    }

    private void recordedAt(long nanos) {
        until = nanos + TimeUnit.MILLISECONDS.toNanos(policy.recordMillis);
    }

    /** On the clock of {@link System#nanoTime}: when its leases are over and its record is forgotten. */
    long until() {
        return until;
    }

    /** The usage of a request that never ran. */
    static Usage unused(Policy policy) {
        Map<String, Long> units = new HashMap<>();
        policy.limits().forEach(limit -> units.put(limit.name(), 0L));
        return new Usage(units);
    }
}
