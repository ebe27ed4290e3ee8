package dev.sluice.limits.redis.connection;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reconnects when the server answers {@code READONLY}: after a failover, a master that became a replica may keep its
 * connections, and refuses each script on them. This ends the connection; Lettuce makes it again and asks the
 * sentinels, or the resolver, where the master is now. It does so at most once a second, because it does not help where
 * there is no other server. Any thread.
 */
public final class ReadOnlyReconnect {
    private static final Logger log = LoggerFactory.getLogger(ReadOnlyReconnect.class);
    private static final long PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final String REPLICA = "READONLY";
    private static final int DEEPEST = 10;

    private final AtomicLong next = new AtomicLong(System.nanoTime());

    /** Runs {@code disconnect}, which ends the connection, if its {@code error} says that the server is a replica. */
    public void afterError(@Nullable Throwable error, Runnable disconnect) {
        if (!isOfReplica(error)) {
            return;
        }
        long now = System.nanoTime();
        long due = next.get();
        if (now - due >= 0 && next.compareAndSet(due, now + PAUSE_NANOS)) {
            log.warn("Redis takes no writes (READONLY): it is a replica now. Connecting again, to its master");
            disconnect.run();
        }
    }

    /** By its text: before Redis 7, a script's error carries it within another message. */
    private static boolean isOfReplica(@Nullable Throwable error) {
        Throwable cause = error;
        for (int depth = 0; cause != null && depth < DEEPEST; depth++) {
            if (String.valueOf(cause.getMessage()).contains(REPLICA)) {
                return true;
            }
            cause = cause.getCause();
        }
        return false;
    }
}
