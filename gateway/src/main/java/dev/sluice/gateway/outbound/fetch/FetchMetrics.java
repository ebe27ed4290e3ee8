package dev.sluice.gateway.outbound.fetch;

import io.github.resilience4j.circuitbreaker.CircuitBreaker.State;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.Locale;

/**
 * Meters of fetches. No meter is tagged with a host: callers choose them, and there would be as many meters.
 *
 * <ul>
 *   <li>{@code sluice.fetch}: time of each fetch, reader included; {@code outcome} is ok, cancelled, reader_failed or
 *       the code of a {@link FetchFailure}
 *   <li>{@code sluice.fetch.refusals}: fetches that this side refused, by {@code reason}
 *   <li>{@code sluice.fetch.bytes}: bytes of bodies that readers were offered, as they came
 *   <li>{@code sluice.fetch.retries}: tries after the first
 *   <li>{@code sluice.fetch.origins}: origins remembered, by the {@code breaker}'s state
 * </ul>
 */
final class FetchMetrics {
    private static final String TIMER = "sluice.fetch";

    private final MeterRegistry registry;
    private final Counter bytes;
    private final Counter retries;

    FetchMetrics(MeterRegistry registry) {
        this.registry = registry;
        this.bytes = Counter.builder("sluice.fetch.bytes")
                .baseUnit("bytes")
                .description("Bytes of bodies that readers were offered, as they came")
                .register(registry);
        this.retries = Counter.builder("sluice.fetch.retries")
                .description("Tries after the first")
                .register(registry);
    }

    /** Shows {@code hosts} by the state of their breakers. */
    void watch(OriginHosts hosts) {
        for (State state : new State[] {State.CLOSED, State.OPEN, State.HALF_OPEN}) {
            Gauge.builder("sluice.fetch.origins", hosts, all -> all.count(state))
                    .description("Origins remembered")
                    .tag("breaker", state.name().toLowerCase(Locale.ROOT))
                    .register(registry);
        }
    }

    Timer.Sample start() {
        return Timer.start(registry);
    }

    void ended(Timer.Sample sample, String outcome) {
        sample.stop(Timer.builder(TIMER)
                .description("Fetches, from the call to the end of their reader")
                .tag("outcome", outcome)
                .register(registry));
    }

    void refused(FetchFailure reason) {
        Counter.builder("sluice.fetch.refusals")
                .description("Fetches that this side refused")
                .tag("reason", reason.code())
                .register(registry)
                .increment();
    }

    void retried() {
        retries.increment();
    }

    void received(long count) {
        bytes.increment((double) count);
    }
}
