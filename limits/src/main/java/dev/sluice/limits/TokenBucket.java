package dev.sluice.limits;

import java.math.BigInteger;
import java.time.Duration;

/**
 * A sustained rate with bursts: the bucket holds {@code burst} tokens at most, starts full, and gains {@code tokens}
 * evenly over each {@code period}. A request takes one.
 *
 * @param name unique name
 * @param scope who shares a bucket
 * @param tokens gained in a period
 * @param period in which they are gained, 1 s to 1 day, a whole number of milliseconds
 * @param burst most tokens the bucket holds; together with the rate small enough to be counted exactly
 * @param mode whether it decides
 * @param fallback what it does while the shared counters cannot be asked
 */
public record TokenBucket(
        String name, Scope scope, long tokens, Duration period, long burst, Mode mode, FallbackMode fallback)
        implements Limit {
    /** Half of what a double counts exactly, so that sums of two are exact. */
    private static final long MOST_UNITS = 1L << 52;

    /** Checks the bounds. */
    public TokenBucket {
        LimitChecks.name(name);
        LimitChecks.units(name, "tokens", tokens, 1_000_000_000);
        LimitChecks.period(name, "period", period, Duration.ofSeconds(1), Duration.ofDays(1));
        if (!period.equals(Duration.ofMillis(period.toMillis()))) {
            throw new IllegalArgumentException(name + ".period: " + period + " (expected: whole milliseconds)");
        }
        LimitChecks.units(
                name, "burst", burst, Math.min(1_000_000_000, MOST_UNITS / unitsPerToken(tokens, period.toMillis())));
    }

    /** An enforced bucket of {@code tokens} per {@code period}, all at once if they are there. */
    public static TokenBucket of(String name, Scope scope, long tokens, Duration period) {
        return new TokenBucket(name, scope, tokens, period, tokens, Mode.ENFORCED, FallbackMode.COUNT_LOCALLY);
    }

    /** This bucket with another capacity. */
    public TokenBucket withBurst(long most) {
        return new TokenBucket(name, scope, tokens, period, most, mode, fallback);
    }

    @Override
    public long capacity() {
        return burst;
    }

    @Override
    public long reserve() {
        return 1;
    }

    /**
     * Units in a token, so many that whole units are gained in every millisecond: nothing is ever rounded, and no
     * bucket drifts.
     */
    public long unitsPerToken() {
        return unitsPerToken(tokens, period.toMillis());
    }

    /** Units gained in a millisecond. */
    public long unitsPerMillisecond() {
        return tokens / commonDivisor(tokens, period.toMillis());
    }

    private static long unitsPerToken(long tokens, long millis) {
        return millis / commonDivisor(tokens, millis);
    }

    private static long commonDivisor(long tokens, long millis) {
        return BigInteger.valueOf(tokens).gcd(BigInteger.valueOf(millis)).longValueExact();
    }
}
