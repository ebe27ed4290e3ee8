package dev.sluice.limits.redis.connection;

import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.cluster.SlotHash;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntFunction;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Which nodes of Redis answer nothing at all. One that answers something, in time or late, to whomever, and be it an
 * error, is there, and may decide for other processes what this one would decide alone. Safe for use by many threads.
 */
public final class Silence {
    private static final int DEEPEST = 10;

    private final Map<String, Node> nodes = new ConcurrentHashMap<>();
    private final long shortest;
    private final LongSupplier nanoTime;
    private volatile IntFunction<String> nodeOfSlot = _ -> "";

    /**
     * What is known of a node.
     *
     * @param heardAt when it last answered; null if it never did
     * @param unansweredSince when the oldest command was sent that failed, and since when nothing was heard; null if
     *     there is none
     */
    private record Node(@Nullable Long heardAt, @Nullable Long unansweredSince) {}

    /**
     * @param shortest for so long nothing has to be heard of a node that has answered before: it may only be slow
     * @param nanoTime as {@link System#nanoTime}
     */
    public Silence(Duration shortest, LongSupplier nanoTime) {
        this.shortest = shortest.toNanos();
        this.nanoTime = nanoTime;
    }

    /** Which node has a slot, from now on. */
    public void connected(IntFunction<String> nodes) {
        nodeOfSlot = nodes;
    }

    /** What became of a command that was sent to the slot of a key; whether it was answered. */
    public boolean heard(byte[] key, @Nullable Throwable error) {
        boolean isAnswered = error == null || isReply(error);
        if (isAnswered) {
            nodes.put(nodeOfSlot.apply(SlotHash.getSlot(key)), new Node(nanoTime.getAsLong(), null));
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

    /** A command to the slot of a tag failed, or is late. Changes nothing if something was heard since it was sent. */
    public void unanswered(String tag, long sentAt) {
        nodes.compute(node(tag), (_, known) -> {
            if (known == null) {
                return new Node(null, sentAt);
            }
            boolean isHeardSince = known.heardAt != null && known.heardAt - sentAt > 0;
            boolean isOlderKnown = known.unansweredSince != null && known.unansweredSince - sentAt <= 0;
            return isHeardSince || isOlderKnown ? known : new Node(known.heardAt, sentAt);
        });
    }

    /**
     * Whether the node that has the slot of a tag is silent: a command there has failed, and since it was sent nothing
     * was heard, for long enough, or ever.
     */
    public boolean isSilent(String tag) {
        Node known = nodes.get(node(tag));
        return known != null
                && known.unansweredSince != null
                && (known.heardAt == null || nanoTime.getAsLong() - known.unansweredSince >= shortest);
    }

    private String node(String tag) {
        return nodeOfSlot.apply(SlotHash.getSlot(tag));
    }
}
