package dev.sluice.gateway.outbound.redis;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import reactor.test.StepVerifier;

class SharedRedisTest {
    private static final Duration TIMEOUT = Duration.ofMillis(100);

    private final AtomicLong nanos = new AtomicLong();

    @Test
    void commandIsLateWhenItsTimeHasPassed() {
        StepVerifier.withVirtualTime(() -> SharedRedis.late(TIMEOUT, nanos::get, 4))
                .expectSubscription()
                .then(() -> nanos.addAndGet(Duration.ofMillis(110).toNanos()))
                .expectNoEvent(TIMEOUT.minusMillis(1))
                .thenAwait(Duration.ofMillis(1))
                .expectNextCount(1)
                .verifyComplete();
    }

    @Test
    void timeInWhichThisProcessStoodStillIsGivenToTheCommandOnceMore() {
        StepVerifier.withVirtualTime(() -> SharedRedis.late(TIMEOUT, nanos::get, 4))
                .expectSubscription()
                // As after a collection: the timer rings long after its time.
                .then(() -> nanos.addAndGet(Duration.ofMillis(400).toNanos()))
                .expectNoEvent(TIMEOUT.multipliedBy(2).minusMillis(1))
                .thenAwait(Duration.ofMillis(1))
                .expectNextCount(1)
                .verifyComplete();
    }

    @Test
    void processThatAlwaysStandsStillWaitsFourTimesTheTimeAndNoLonger() {
        AtomicLong slow = new AtomicLong();
        StepVerifier.withVirtualTime(() -> SharedRedis.late(
                        TIMEOUT, () -> slow.addAndGet(Duration.ofMillis(400).toNanos()), 4))
                .expectSubscription()
                .expectNoEvent(TIMEOUT.multipliedBy(4).minusMillis(1))
                .thenAwait(Duration.ofMillis(1))
                .expectNextCount(1)
                .verifyComplete();
    }
}
