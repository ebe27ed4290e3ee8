package dev.sluice.limits;

import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * So many holders at once. A holder that dies keeps its slot until its lease ends, and no longer.
 *
 * @param name unique name
 * @param scope who shares the slots
 * @param capacity holders at once, 1 to 10,000
 * @param lease how long a slot is held without being settled or renewed, 1 s to 1 day; longer than any request may take
 *     that does not {@link Permit#renew} it
 * @param mode whether it decides
 * @param outage what it does while the shared counters cannot be asked
 */
public record Slots(String name, Scope scope, long capacity, Duration lease, Mode mode, Outage outage)
        implements Limit {

    /** Checks the bounds. */
    public Slots {
        LimitChecks.name(name);
        LimitChecks.units(name, "capacity", capacity, 10_000);
        LimitChecks.period(name, "lease", lease, Duration.ofSeconds(1), Duration.ofDays(1));
    }

    /** Enforced slots. */
    public static Slots of(String name, Scope scope, long capacity, Duration lease) {
        return new Slots(name, scope, capacity, lease, Mode.ENFORCED, Outage.COUNT_LOCALLY);
    }

    /** A third of the shortest lease, so that one renewal may go unheard; empty if these are no slots. */
    static Optional<Duration> renewalPeriod(List<Limit> limits) {
        return limits.stream()
                .filter(Slots.class::isInstance)
                .map(slots -> ((Slots) slots).lease().dividedBy(3))
                .min(Comparator.naturalOrder());
    }

    @Override
    public long reserve() {
        return 1;
    }
}
