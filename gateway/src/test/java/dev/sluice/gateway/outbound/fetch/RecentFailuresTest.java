package dev.sluice.gateway.outbound.fetch;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class RecentFailuresTest {
    private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 5);
    private final OriginHosts.RecentFailures witnesses =
            new OriginHosts.RecentFailures(Duration.ofSeconds(10), nanos::get);

    private void pass(Duration time) {
        nanos.addAndGet(time.toNanos());
    }

    @Test
    void threeCallersAreSeveralAndOneThreeTimesIsNot() {
        assertThat(witnesses.add("a")).isFalse();
        assertThat(witnesses.add("a")).isFalse();
        assertThat(witnesses.add("b")).isFalse();
        assertThat(witnesses.add("a")).isFalse();
        assertThat(witnesses.add("c")).isTrue();
        assertThat(witnesses.add("a")).isTrue();
    }

    @Test
    void whatWasLongAgoDoesNotCount() {
        witnesses.add("a");
        pass(Duration.ofSeconds(6));
        witnesses.add("b");
        pass(Duration.ofSeconds(5));

        assertThat(witnesses.has("a")).isFalse();
        assertThat(witnesses.has("b")).isTrue();
        assertThat(witnesses.add("c")).isFalse();
    }

    @Test
    void numberOfCallersIsBounded() {
        for (int i = 0; i < 100; i++) {
            witnesses.add("caller-" + i);
        }

        assertThat(witnesses.has("caller-83")).isFalse();
        assertThat(witnesses.has("caller-84")).isTrue();
    }
}
