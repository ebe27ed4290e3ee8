package dev.sluice.gateway.outbound.database;

import java.time.Clock;
import java.util.concurrent.atomic.AtomicLong;

/**
 * From when on connections are trusted. A server that was made a standby may keep its connections, and refuses each
 * change on them; nothing about the connection itself is wrong.
 */
final class LeftServers {
    /** A server that takes no changes and is the only one is not connected to anew for each of them. */
    private static final long REST_MILLIS = 1000;

    /** The pool's. */
    private final Clock clock = Clock.systemUTC();

    private final AtomicLong leftAt = new AtomicLong();

    /** What is connected now is not used again. Once a second at most. */
    void leave() {
        long now = clock.millis();
        leftAt.updateAndGet(last -> Math.abs(now - last) < REST_MILLIS ? last : now);
    }

    /** Whether a connection of this moment, in milliseconds of the epoch, is one of those. */
    boolean had(long connectedAt) {
        return connectedAt <= leftAt.get();
    }
}
