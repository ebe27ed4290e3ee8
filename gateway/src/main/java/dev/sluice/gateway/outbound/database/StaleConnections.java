package dev.sluice.gateway.outbound.database;

import java.time.Clock;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Connections that were opened before a failover. A server that became a standby may keep its connections open and
 * refuse every change on them, although the connections themselves work; the pool must not reuse them.
 */
final class StaleConnections {
    /** Where the only server takes no changes, not every refused change makes the pool connect again. */
    private static final long REST_MILLIS = 1000;

    /** The clock by which the pool stamps its connections. */
    private final Clock clock = Clock.systemUTC();

    private final AtomicLong invalidatedAt = new AtomicLong();

    /** Marks all connections open now as stale. Does so once a second at most. */
    void invalidate() {
        long now = clock.millis();
        invalidatedAt.updateAndGet(last -> Math.abs(now - last) < REST_MILLIS ? last : now);
    }

    /** Whether a connection that was opened then, in milliseconds of the epoch, is stale. */
    boolean includes(long connectedAt) {
        return connectedAt <= invalidatedAt.get();
    }
}
