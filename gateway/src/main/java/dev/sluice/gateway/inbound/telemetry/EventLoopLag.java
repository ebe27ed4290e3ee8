package dev.sluice.gateway.inbound.telemetry;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.EventExecutor;
import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

/**
 * {@code sluice.event.loop.lag}: how much later than asked each event loop begins a task, once a second. All
 * connections of a loop wait as long for their turn.
 */
public final class EventLoopLag {
    private static final Duration PERIOD = Duration.ofSeconds(1);

    private final Timer lag;

    private EventLoopLag(MeterRegistry meters) {
        this.lag = Timer.builder("sluice.event.loop.lag")
                .description("How much later than asked an event loop begins a task")
                .register(meters);
    }

    /** Watches each of {@code loops} until it ends. */
    public static EventLoopLag watch(EventLoopGroup loops, MeterRegistry meters) {
        EventLoopLag lag = new EventLoopLag(meters);
        loops.forEach(lag::next);
        return lag;
    }

    private void next(EventExecutor loop) {
        long due = System.nanoTime() + PERIOD.toNanos();
        try {
            var _ = loop.schedule(() -> began(loop, due), PERIOD.toMillis(), TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException ended) {
            // Nothing waits for a loop that takes no task any more.
        }
    }

    private void began(EventExecutor loop, long due) {
        lag.record(Math.max(0, System.nanoTime() - due), TimeUnit.NANOSECONDS);
        next(loop);
    }
}
