package dev.sluice.limits.redis.connection;

import io.github.bucket4j.redis.lettuce.Bucket4jLettuce;
import io.github.bucket4j.redis.lettuce.Bucket4jLettuce.LettuceBasedProxyManagerBuilder;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.cluster.api.StatefulRedisClusterConnection;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import io.lettuce.core.cluster.models.partitions.RedisClusterNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.function.IntPredicate;
import java.util.function.Supplier;

/**
 * A connection to one node, or to all of a cluster.
 *
 * @param buckets made on it
 * @param disconnect ends the connection, so that Lettuce makes it again, to the present master; of a cluster it does
 *     nothing, because the nodes name the master themselves
 * @param masters those that have slots, as the client knows them now
 * @param nodeOfSlot a name of the node that has a slot, as the client knows it now
 */
public record RedisLink(
        StatefulConnection<byte[], byte[]> connection,
        RedisClusterAsyncCommands<byte[], byte[]> commands,
        LettuceBasedProxyManagerBuilder<byte[]> buckets,
        Runnable disconnect,
        Supplier<List<Master>> masters,
        IntFunction<String> nodeOfSlot) {

    /**
     * A node that has slots.
     *
     * @param tag one whose slot it has
     * @param name for a person
     */
    public record Master(String tag, String name) {}

    /** To one node, which has all slots. */
    public static RedisLink toNode(StatefulRedisConnection<byte[], byte[]> made, Master one) {
        return new RedisLink(
                made,
                made.async(),
                Bucket4jLettuce.casBasedBuilder(made),
                () -> {
                    var _ = made.async().quit();
                },
                () -> List.of(one),
                _ -> "");
    }

    /** To a cluster; {@code tagWithin} finds a tag whose slot is among some. */
    public static RedisLink toCluster(
            StatefulRedisClusterConnection<byte[], byte[]> made, Function<IntPredicate, Optional<String>> tagWithin) {
        return new RedisLink(
                made,
                made.async(),
                Bucket4jLettuce.casBasedBuilder(made),
                () -> {},
                () -> mastersOf(made, tagWithin),
                slot -> nodeOf(made, slot));
    }

    private static String nodeOf(StatefulRedisClusterConnection<byte[], byte[]> made, int slot) {
        RedisClusterNode node = made.getPartitions().getPartitionBySlot(slot);
        return node == null ? "" : node.getNodeId();
    }

    private static List<Master> mastersOf(
            StatefulRedisClusterConnection<byte[], byte[]> made, Function<IntPredicate, Optional<String>> tagWithin) {
        List<Master> masters = new ArrayList<>();
        for (RedisClusterNode node : made.getPartitions()) {
            if (node.getRole().isUpstream() && !node.hasNoSlots()) {
                RedisURI at = node.getUri();
                tagWithin
                        .apply(node::hasSlot)
                        .ifPresent(tag -> masters.add(new Master(tag, at.getHost() + ":" + at.getPort())));
            }
        }
        return masters;
    }

    /** Whether commands are sent now. */
    public boolean isOpen() {
        return connection.isOpen();
    }
}
