package dev.sluice.limits.redis;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The way out of a connection to a server that takes no writes any more: after a failover, a master that became a
 * replica may keep its connections, and answers each script with {@code READONLY}. The connection is ended; Lettuce
 * makes it again, and asks the sentinels, or the resolver, where the master is now. At most once a second, for where
 * there is no other server it would not help. Any thread.
 */
final class ReplicaExit {
    private static final Logger log = LoggerFactory.getLogger(ReplicaExit.class);
    private static final long PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final String REPLICA = "READONLY";
    private static final int DEEPEST = 10;

    private final AtomicLong next = new AtomicLong(System.nanoTime());

    /** Runs {@code leave}, which ends the connection, if that is what {@code error}, which it brought, is about. */
    void leaveAfter(@Nullable Throwable error, Runnable leave) {
        if (!isOfReplica(error)) {
            return;
        }
        long now = System.nanoTime();
        long due = next.get();
        if (now - due >= 0 && next.compareAndSet(due, now + PAUSE_NANOS)) {
            log.warn("Redis takes no writes (READONLY): it is a replica now. Connecting again, to its master");
            leave.run();
        }
    }

    /** By its text: of a script, before Redis 7, it is told within another error's. */
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
