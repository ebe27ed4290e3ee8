package dev.sluice.limits.redis;

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
import java.util.function.IntFunction;
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
record RedisLink(
        StatefulConnection<byte[], byte[]> connection,
        RedisClusterAsyncCommands<byte[], byte[]> commands,
        LettuceBasedProxyManagerBuilder<byte[]> buckets,
        Runnable disconnect,
        Supplier<List<ScriptExecutor.Master>> masters,
        IntFunction<String> nodeOfSlot) {

    static RedisLink toNode(StatefulRedisConnection<byte[], byte[]> made) {
        return new RedisLink(
                made,
                made.async(),
                Bucket4jLettuce.casBasedBuilder(made),
                () -> {
                    var _ = made.async().quit();
                },
                () -> ScriptExecutor.ONE,
                _ -> "");
    }

    static RedisLink toCluster(StatefulRedisClusterConnection<byte[], byte[]> made) {
        return new RedisLink(
                made,
                made.async(),
                Bucket4jLettuce.casBasedBuilder(made),
                () -> {},
                () -> mastersOf(made),
                slot -> nodeOf(made, slot));
    }

    private static String nodeOf(StatefulRedisClusterConnection<byte[], byte[]> made, int slot) {
        RedisClusterNode node = made.getPartitions().getPartitionBySlot(slot);
        return node == null ? "" : node.getNodeId();
    }

    private static List<ScriptExecutor.Master> mastersOf(StatefulRedisClusterConnection<byte[], byte[]> made) {
        List<ScriptExecutor.Master> masters = new ArrayList<>();
        for (RedisClusterNode node : made.getPartitions()) {
            if (node.getRole().isUpstream() && !node.hasNoSlots()) {
                RedisURI at = node.getUri();
                Tags.within(node::hasSlot)
                        .ifPresent(
                                tag -> masters.add(new ScriptExecutor.Master(tag, at.getHost() + ":" + at.getPort())));
            }
        }
        return masters;
    }

    boolean isOpen() {
        return connection.isOpen();
    }
}
