package dev.sluice.limits.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.limits.LimiterObserver;
import io.lettuce.core.RedisException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import reactor.test.scheduler.VirtualTimeScheduler;

/** When this process may decide alone what others share: only while Redis answers nothing at all. */
class RedisBreakerTest {
    private static final Duration TIMEOUT = Duration.ofMillis(100);
    private static final Duration MOMENT = Duration.ofMillis(1);

    private final VirtualTimeScheduler time = VirtualTimeScheduler.create();
    private final RedisBreaker breaker =
            new RedisBreaker(RedisLimiterSettings.defaults().breaker(), LimiterObserver.NONE, this::now);

    private long now() {
        return time.now(TimeUnit.NANOSECONDS);
    }

    private long after(Duration duration) {
        time.advanceTimeBy(duration);
        return now();
    }

    /** A command that is sent now, and given up when its time is over. */
    private void failOne() {
        time.advanceTimeBy(TIMEOUT);
        breaker.failed("s1", TIMEOUT.toNanos(), new RedisException("late"));
    }

    @Test
    void redisIsSilentWhenItHasAnsweredNothingSinceACommandThatFailed() {
        long heard = now();
        long begun = after(MOMENT);
        failOne();

        assertThat(breaker.isSilent("s1", heard, begun)).isTrue();
        assertThat(breaker.isSilent("s1", heard, after(MOMENT)))
                .as("later requests")
                .isTrue();
    }

    @Test
    void redisThatHasAnsweredSomebodySinceARequestBeganIsNotSilent() {
        long begun = now();
        long heard = after(MOMENT);
        after(MOMENT);
        failOne();

        assertThat(breaker.isSilent("s1", heard, begun)).isFalse();
    }

    /** Its circuit may be open, so that nothing is sent at present. */
    @Test
    void lateAnswerEndsTheSilenceForThoseWhoComeLaterToo() {
        failOne();
        long late = after(MOMENT);

        assertThat(breaker.isSilent("s1", late, after(MOMENT))).isFalse();
    }

    @Test
    void noCommandHasFailedThere() {
        long heard = now();
        failOne();

        assertThat(breaker.isSilent("s2", heard, after(MOMENT))).isFalse();
    }
}
