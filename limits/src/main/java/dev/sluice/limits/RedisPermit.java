package dev.sluice.limits;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import reactor.core.publisher.Mono;

/** What a request took in Redis. */
final class RedisPermit implements Permit {
    private final AtomicBoolean isSettled = new AtomicBoolean();
    private final Settlements settlements;
    private final String id;
    private final List<Admission.Place> places;
    private final long until;

    RedisPermit(Settlements settlements, String id, List<Admission.Place> places, long recordNanos) {
        this.settlements = settlements;
        this.id = id;
        this.places = places;
        this.until = System.nanoTime() + recordNanos;
    }

    @Override
    public Mono<Void> settle(Usage usage) {
        return Mono.defer(() -> settleOnce(usage.units()));
    }

    private Mono<Void> settleOnce(Map<String, Long> used) {
        return isSettled.compareAndSet(false, true)
                ? settlements.tell(new Settlement(id, places, used, until))
                : Mono.empty();
    }

    /** What a request used that nobody heard was admitted. */
    static Usage unused(Policy policy) {
        Map<String, Long> units = new HashMap<>();
        policy.limits().forEach(limit -> units.put(limit.name(), 0L));
        return new Usage(units);
    }
}
