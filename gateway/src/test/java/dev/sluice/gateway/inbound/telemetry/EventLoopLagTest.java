package dev.sluice.gateway.inbound.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Await;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** How late event loops are. */
class EventLoopLagTest {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final int LOOPS = 3;

    @Test
    void loopThatIsHeldUpIsSeenByHowMuch() {
        SimpleMeterRegistry meters = new SimpleMeterRegistry();
        try (var loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory())) {
            CountDownLatch released = new CountDownLatch(1);
            EventLoop loop = loops.next();
            loop.execute(() -> await(released));
            EventLoopLag.watch(loops, meters);
            Timer lag = meters.get("sluice.event.loop.lag").timer();
            long late = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(1500);
            Await.until(SOON, "half a second too late", () -> System.nanoTime() > late);
            released.countDown();
            Await.until(SOON, "the task", () -> lag.count() > 0);
            assertThat(lag.max(TimeUnit.MILLISECONDS)).isGreaterThanOrEqualTo(500);
        }
    }

    @Test
    void everyLoopIsWatchedAgainAndAgain() {
        SimpleMeterRegistry meters = new SimpleMeterRegistry();
        try (var loops = new MultiThreadIoEventLoopGroup(LOOPS, NioIoHandler.newFactory())) {
            EventLoopLag.watch(loops, meters);
            Timer lag = meters.get("sluice.event.loop.lag").timer();
            Await.until(SOON, "two tasks of each", () -> lag.count() >= 2 * LOOPS);
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
