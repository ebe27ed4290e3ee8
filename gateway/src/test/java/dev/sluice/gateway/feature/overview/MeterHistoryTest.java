package dev.sluice.gateway.feature.overview;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.feature.overview.MeterHistory.Count;
import dev.sluice.gateway.feature.overview.MeterHistory.LastHour;
import dev.sluice.gateway.testing.MovableClock;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.test.scheduler.VirtualTimeScheduler;

class MeterHistoryTest {
    private static final Instant START = Instant.parse("2026-11-21T12:00:00Z");

    private final MeterRegistry meters = new SimpleMeterRegistry();
    private final MovableClock clock = new MovableClock();
    private final VirtualTimeScheduler timer = VirtualTimeScheduler.create();
    private final MeterHistory history = new MeterHistory(meters, clock, timer);

    @AfterEach
    void close() {
        history.close();
        timer.dispose();
    }

    private void pass(Duration time) {
        for (long step = 0; step < time.dividedBy(MeterHistory.STEP); step++) {
            clock.move(MeterHistory.STEP);
            timer.advanceTimeBy(MeterHistory.STEP);
        }
    }

    private void requests(int count, String status) {
        for (int i = 0; i < count; i++) {
            meters.timer("http.server.requests", "status", status).record(Duration.ofMillis(1));
        }
    }

    @Test
    void sumsAreRatesOfEachStepAndLevelsAreWhatTheyAreAtItsEnd() {
        meters.gauge("sluice.image_proxy.cache.bytes", 500);
        requests(30, "200");
        pass(MeterHistory.STEP);
        requests(10, "502");
        requests(15, "503");
        pass(MeterHistory.STEP);

        LastHour hour = history.lastHour();

        assertThat(hour.from()).isEqualTo(START);
        assertThat(hour.stepSeconds()).isEqualTo(15);
        assertThat(hour.requests()).containsExactly(2.0, 1.67);
        assertThat(hour.serverErrors()).containsExactly(0.0, 1.0);
        assertThat(hour.cacheBytes()).containsExactly(500L, 500L);
    }

    @Test
    void stepThatHasBegunIsShownToo() {
        pass(MeterHistory.STEP);
        requests(4, "200");
        clock.move(Duration.ofSeconds(2));

        assertThat(history.lastHour().requests()).containsExactly(0.0, 2.0);
    }

    @Test
    void reasonsAreCountedWithinTheHourMostFrequentFirst() {
        refusals("ip", 5);
        pass(Duration.ofMinutes(1));
        refusals("zip-slots", 2);
        refusals("ip", 1);
        meters.timer("sluice.fetch", "outcome", "timed_out").record(Duration.ofSeconds(1));
        meters.timer("sluice.fetch", "outcome", "ok").record(Duration.ofSeconds(1));
        assertThat(history.lastHour().refusedBy()).containsExactly(new Count("ip", 6), new Count("zip-slots", 2));
        assertThat(history.lastHour().failedBy()).containsExactly(new Count("timed_out", 1));

        pass(Duration.ofMinutes(60));

        assertThat(history.lastHour().refusedBy()).containsExactly(new Count("zip-slots", 2), new Count("ip", 1));
        pass(Duration.ofMinutes(2));
        assertThat(history.lastHour().refusedBy()).isEmpty();
        assertThat(history.lastHour().requests()).hasSize(240);
    }

    private void refusals(String limit, int count) {
        meters.counter("sluice.limits.decisions", "outcome", "refused", "limit", limit)
                .increment(count);
        meters.counter("sluice.limits.decisions", "outcome", "admitted", "limit", "none")
                .increment();
    }
}
