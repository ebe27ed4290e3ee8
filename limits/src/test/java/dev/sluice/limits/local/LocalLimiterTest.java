package dev.sluice.limits.local;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.limits.ConcurrencyLimit;
import dev.sluice.limits.Decision;
import dev.sluice.limits.Limiter;
import dev.sluice.limits.LimiterContract;
import dev.sluice.limits.Scope;
import dev.sluice.limits.Subject;
import dev.sluice.limits.TestClock;
import dev.sluice.limits.TokenBucket;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class LocalLimiterTest extends LimiterContract {
    private final TestClock clock = new TestClock("2026-06-01T12:00:00Z");
    private LocalLimiter limiter = new LocalLimiter(clock, events);

    @Override
    protected Limiter limiter() {
        return limiter;
    }

    @Override
    protected void setTime(String instant) {
        clock.set(Instant.parse(instant));
    }

    @Override
    protected void advance(Duration by) {
        clock.advance(by);
    }

    @Test
    void crowdOfNamesCannotMakeItForget() {
        limiter = new LocalLimiter(clock, events, 100);
        TokenBucket bucket =
                TokenBucket.of("user", Scope.SUBJECT, 1, Duration.ofHours(1)).withBurst(3);
        int admissions = 0;
        for (int i = 0; i < 3; i++) {
            admitted(ALICE, bucket);
        }
        for (int i = 0; i < 5_000; i++) {
            admissions += admit(new Subject("crowd-" + i, "::1"), bucket) instanceof Decision.Admitted ? 1 : 0;
        }

        // 99 have a counter of their own; all others share one.
        assertThat(admissions).isEqualTo(99 + 3);
        assertThat(limiter.size()).isEqualTo(100);
        refused(ALICE, bucket);
    }

    @Test
    void counterThatIsAsGoodAsNewIsDropped() {
        TokenBucket bucket = TokenBucket.of("user", Scope.SUBJECT, 60, Duration.ofMinutes(1));
        ConcurrencyLimit slots = ConcurrencyLimit.of("parallel", Scope.SUBJECT, 1, Duration.ofSeconds(45));
        admitted(ALICE, bucket);
        admitted(BOB, slots);
        refused(BOB, slots);
        assertThat(limiter.size()).isEqualTo(2);

        advance(Duration.ofSeconds(2));
        assertThat(limiter.size()).isEqualTo(1);
        advance(Duration.ofSeconds(44));
        assertThat(limiter.size()).isZero();
    }
}
