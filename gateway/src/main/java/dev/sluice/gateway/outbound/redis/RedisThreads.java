package dev.sluice.gateway.outbound.redis;

import io.lettuce.core.metrics.CommandLatencyRecorder;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.DefaultClientResources;
import io.lettuce.core.resource.Delay;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** What the client runs on, sized for a few connections, and ended without the client's own two quiet seconds. */
final class RedisThreads implements AutoCloseable {
    private static final int THREADS = 2;
    /** As bounded as this, a Redis that is back is found within a second. */
    private static final Duration LONGEST_RECONNECT_DELAY = Duration.ofSeconds(1);

    private static final long SHUTDOWN_SECONDS = 2;

    private final ClientResources resources = DefaultClientResources.builder()
            .ioThreadPoolSize(THREADS)
            .computationThreadPoolSize(THREADS)
            .reconnectDelay(Delay.exponential(Duration.ofMillis(1), LONGEST_RECONNECT_DELAY, 2, TimeUnit.MILLISECONDS))
            .commandLatencyRecorder(CommandLatencyRecorder.disabled())
            .build();

    ClientResources resources() {
        return resources;
    }

    /** Waits for the threads to end, two seconds at most. */
    @Override
    public void close() {
        resources
                .shutdown(0, SHUTDOWN_SECONDS, TimeUnit.SECONDS)
                .awaitUninterruptibly(SHUTDOWN_SECONDS, TimeUnit.SECONDS);
    }
}
