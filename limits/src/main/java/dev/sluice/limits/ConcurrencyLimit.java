package dev.sluice.limits;

import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * A number of holders at once. A holder that dies keeps its lease until it ends, and no longer.
 *
 * @param name unique name
 * @param scope who shares the leases
 * @param capacity holders at once, 1 to 10,000
 * @param lease how long a permit counts without being settled or renewed, 1 s to 1 day; longer than any request may
 *     take that does not {@link Permit#renew} it
 * @param mode whether it decides
 * @param fallback what it does while the shared counters cannot be asked
 */
public record ConcurrencyLimit(
        String name, Scope scope, long capacity, Duration lease, Mode mode, FallbackMode fallback) implements Limit {

    /** Checks the bounds. */
    public ConcurrencyLimit {
        LimitChecks.name(name);
        LimitChecks.units(name, "capacity", capacity, 10_000);
        LimitChecks.period(name, "lease", lease, Duration.ofSeconds(1), Duration.ofDays(1));
    }

    /** An enforced limit that counts locally while the shared counters cannot be asked. */
    public static ConcurrencyLimit of(String name, Scope scope, long capacity, Duration lease) {
        return new ConcurrencyLimit(name, scope, capacity, lease, Mode.ENFORCED, FallbackMode.COUNT_LOCALLY);
    }

    /** A third of the shortest lease, so that one renewal may fail; empty if none of the limits has a lease. */
    public static Optional<Duration> renewalPeriod(List<Limit> limits) {
        return limits.stream()
                .filter(ConcurrencyLimit.class::isInstance)
                .map(limit -> ((ConcurrencyLimit) limit).lease().dividedBy(3))
                .min(Comparator.naturalOrder());
    }

    @Override
    public long reserve() {
        return 1;
    }
}
