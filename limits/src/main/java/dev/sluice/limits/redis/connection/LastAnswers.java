package dev.sluice.limits.redis.connection;

import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.cluster.SlotHash;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * When each node of Redis last answered anything: in time or late, to whomever, and with an error too. A node that
 * answers something is there, and may decide for other processes what this one would decide alone.
 */
public final class LastAnswers {
    private static final int DEEPEST = 10;

    private final Map<String, Long> nodes = new ConcurrentHashMap<>();
    private final long begun = System.nanoTime();
    private volatile IntFunction<String> nodeOfSlot = _ -> "";

    /** Which node has a slot, from now on. */
    public void connected(IntFunction<String> nodes) {
        nodeOfSlot = nodes;
    }

    /** What became of a command that was sent to the slot of a key; whether it was answered. */
    public boolean note(byte[] key, @Nullable Throwable error) {
        boolean isAnswered = error == null || isReply(error);
        if (isAnswered) {
            nodes.put(nodeOfSlot.apply(SlotHash.getSlot(key)), System.nanoTime());
        }
        return isAnswered;
    }

    private static boolean isReply(Throwable error) {
        Throwable cause = error;
        for (int depth = 0; cause != null && depth < DEEPEST; depth++) {
            if (cause instanceof RedisCommandExecutionException) {
                return true;
            }
            cause = cause.getCause();
        }
        return false;
    }

    /**
     * When the node that has the slot of a tag answered, by {@link System#nanoTime}; when this began if it never did.
     */
    public long at(String tag) {
        return nodes.getOrDefault(nodeOfSlot.apply(SlotHash.getSlot(tag)), begun);
    }
}
