package dev.sluice.gateway.inbound.admission;

import dev.sluice.limits.Decision;
import dev.sluice.limits.Limit;
import dev.sluice.limits.LimiterObserver;
import dev.sluice.limits.Policy;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Counts decisions, and says once in the log when the shared counters are lost and when they are back. */
public final class LimitMeters implements LimiterObserver {
    private static final Logger LOG = LoggerFactory.getLogger(LimitMeters.class);

    private final MeterRegistry meters;
    private final AtomicInteger degraded = new AtomicInteger();
    private final Timer waits;
    private final Timer calls;

    /** Counts in {@code meters}. */
    public LimitMeters(MeterRegistry meters) {
        this.meters = meters;
        Gauge.builder("sluice.limits.degraded", degraded, AtomicInteger::get)
                .description("1 while the shared counters cannot be asked")
                .register(meters);
        waits = Timer.builder("sluice.limits.redis.wait")
                .description("Time that a decision waits in this gateway until its command is written")
                .register(meters);
        calls = Timer.builder("sluice.limits.redis.call")
                .description("Time from writing a command to the answer of Redis")
                .register(meters);
    }

    @Override
    public void decided(Policy policy, Decision decision, Place place, Duration took) {
        String limit =
                decision instanceof Decision.Refused refused ? refused.first().limit() : "none";
        String where = place.name().toLowerCase(Locale.ROOT);
        meters.counter(
                        "sluice.limits.decisions",
                        "policy",
                        policy.name(),
                        "outcome",
                        outcome(decision),
                        "limit",
                        limit,
                        "place",
                        where)
                .increment();
        meters.timer("sluice.limits.decision", "place", where).record(took);
    }

    @Override
    public void waitedForRedis(long nanos) {
        waits.record(nanos, TimeUnit.NANOSECONDS);
    }

    @Override
    public void redisAnswered(long nanos) {
        calls.record(nanos, TimeUnit.NANOSECONDS);
    }

    /** One word for what was decided. */
    static String outcome(Decision decision) {
        return switch (decision) {
            case Decision.Admitted _ -> "admitted";
            case Decision.Refused refused ->
                refused.first().cause() == Decision.Cause.EXCEEDED ? "refused" : "unavailable";
        };
    }

    @Override
    public void wouldHaveRefused(Policy policy, Limit limit) {
        meters.counter("sluice.limits.would.refuse", "policy", policy.name(), "limit", limit.name())
                .increment();
    }

    @Override
    public void degraded(Throwable cause) {
        degraded.set(1);
        // Its stack is the client library's, and says nothing of Redis.
        LOG.warn(
                "Redis cannot be asked for limits: rates count in this process alone, spending is refused: {}",
                cause.toString());
    }

    @Override
    public void recovered() {
        degraded.set(0);
        LOG.info("Redis answers again: limits are shared again");
    }

    @Override
    public void settlingFailed(Throwable cause) {
        meters.counter("sluice.limits.unsettled").increment();
    }
}
