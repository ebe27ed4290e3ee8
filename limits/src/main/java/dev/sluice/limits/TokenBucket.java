package dev.sluice.limits;

import java.time.Duration;

/**
 * A sustained rate with bursts: the bucket holds {@code burst} tokens at most, starts full, and gains {@code tokens}
 * evenly over each {@code period}. A request takes one.
 *
 * @param name unique name
 * @param scope who shares a bucket
 * @param tokens gained in a period
 * @param period in which they are gained, 1 s to 1 day
 * @param burst most tokens the bucket holds
 * @param mode whether it decides
 * @param outage what it does while the shared counters cannot be asked
 */
public record TokenBucket(String name, Scope scope, long tokens, Duration period, long burst, Mode mode, Outage outage)
        implements Limit {

    /** Checks the bounds. */
    public TokenBucket {
        LimitChecks.name(name);
        LimitChecks.units(name, "tokens", tokens, 1_000_000_000);
        LimitChecks.period(name, "period", period, Duration.ofSeconds(1), Duration.ofDays(1));
        LimitChecks.units(name, "burst", burst, 1_000_000_000);
    }

    /** An enforced bucket of {@code tokens} per {@code period}, all at once if they are there. */
    public static TokenBucket of(String name, Scope scope, long tokens, Duration period) {
        return new TokenBucket(name, scope, tokens, period, tokens, Mode.ENFORCED, Outage.COUNT_LOCALLY);
    }

    /** This bucket with another capacity. */
    public TokenBucket withBurst(long most) {
        return new TokenBucket(name, scope, tokens, period, most, mode, outage);
    }

    @Override
    public long capacity() {
        return burst;
    }

    @Override
    public long reserve() {
        return 1;
    }
}
