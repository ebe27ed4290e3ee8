package dev.sluice.limits.redis;

import dev.sluice.limits.Permit;
import dev.sluice.limits.Policy;
import dev.sluice.limits.Usage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import reactor.core.publisher.Mono;

/** What a request took in Redis. */
final class RedisPermit implements Permit {
    /** Of a request that took nothing that can be corrected. */
    static final Permit NOTHING = _ -> Mono.empty();

    private final AtomicBoolean isSettled = new AtomicBoolean();
    private final Settlements settlements;
    private final Renewals renewals;
    private final CompiledPolicy policy;
    private final List<PartReservation> reservations;
    private final List<LeasedUnits> leased;

    RedisPermit(
            Settlements settlements,
            Renewals renewals,
            CompiledPolicy policy,
            List<PartReservation> reservations,
            List<LeasedUnits> leased) {
        this.settlements = settlements;
        this.renewals = renewals;
        this.policy = policy;
        this.reservations = List.copyOf(reservations);
        this.leased = List.copyOf(leased);
    }

    /** What it reserved of what all processes share. */
    record LeasedUnits(CompiledLimit limit, Lease lease, long units) {}

    @Override
    public Mono<Void> settle(Usage usage) {
        return Mono.defer(() -> settleOnce(usage.units()));
    }

    private Mono<Void> settleOnce(Map<String, Long> used) {
        if (!isSettled.compareAndSet(false, true)) {
            return Mono.empty();
        }
        for (LeasedUnits units : leased) {
            units.lease.correct(units.limit.delta(used, units.units));
        }
        List<Mono<Void>> settled = new ArrayList<>(reservations.size());
        for (PartReservation reserved : reservations) {
            settled.add(settlements.settle(new Settlement(reserved, used)));
        }
        return settled.size() == 1 ? settled.getFirst() : Mono.when(settled);
    }

    @Override
    public Optional<Duration> renewalPeriod() {
        return policy.renewalPeriod;
    }

    @Override
    public Mono<Void> renew() {
        return Mono.defer(() -> isSettled.get() || policy.renewalPeriod.isEmpty()
                ? Mono.empty()
                : Mono.when(reservations.stream()
                        .filter(reserved -> reserved.part.isRenewed)
                        .map(reserved -> renewals.renew(new Renewal(reserved)))
                        .toList()));
    }

    List<PartReservation> reservations() {
        return reservations;
    }

    /** The usage of a request that never ran. */
    static Usage unused(Policy policy) {
        Map<String, Long> units = new HashMap<>();
        policy.limits().forEach(limit -> units.put(limit.name(), 0L));
        return new Usage(units);
    }
}
