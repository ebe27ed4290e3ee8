package dev.sluice.limits.redis;

import dev.sluice.limits.Await;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.cluster.SlotHash;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.output.StatusOutput;
import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.CommandType;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Three masters on loopback that share the slots, and for each of them a replica if wanted. */
final class RedisCluster implements AutoCloseable {
    private static final int MASTERS = 3;
    /** A master that is silent for so long is replaced. */
    private static final Duration NODE_TIMEOUT = Duration.ofMillis(1500);

    private final Path directory;
    private final List<RedisProcess> nodes = new ArrayList<>();
    private final List<StatefulRedisConnection<String, String>> connections = new ArrayList<>();
    private final RedisClient client = RedisClient.create();

    /** Whether masters have a replica each. */
    enum Replicas {
        NONE,
        ONE_EACH
    }

    RedisCluster(Replicas replicas) {
        try {
            directory = Files.createTempDirectory("cluster");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        int count = replicas == Replicas.NONE ? MASTERS : 2 * MASTERS;
        for (int i = 0; i < count; i++) {
            RedisProcess node = new RedisProcess(List.of(
                    "--dir",
                    directory.toString(),
                    "--dbfilename",
                    "dump-" + i,
                    "--cluster-enabled",
                    "yes",
                    "--cluster-port",
                    Integer.toString(RedisProcess.freePort()),
                    "--cluster-config-file",
                    directory.resolve("nodes-" + i).toString(),
                    "--cluster-node-timeout",
                    Long.toString(NODE_TIMEOUT.toMillis()),
                    "--cluster-replica-validity-factor",
                    "0",
                    "--repl-diskless-sync-delay",
                    "0"));
            nodes.add(node);
            connections.add(client.connect(node.uri()));
        }
        meet(count);
        for (int i = MASTERS; i < count; i++) {
            replicate(i, i - MASTERS);
        }
    }

    private void meet(int count) {
        for (int i = 0; i < MASTERS; i++) {
            int first = SlotHash.SLOT_COUNT * i / MASTERS;
            int end = SlotHash.SLOT_COUNT * (i + 1) / MASTERS;
            node(i).clusterAddSlots(IntStream.range(first, end).toArray());
        }
        for (int i = 0; i < count; i++) {
            node(i).clusterSetConfigEpoch(i + 1L);
        }
        for (int i = 1; i < count; i++) {
            // The port of the bus is not told by the one for clients.
            node(i).dispatch(
                            CommandType.CLUSTER,
                            new StatusOutput<>(StringCodec.UTF8),
                            new CommandArgs<>(StringCodec.UTF8)
                                    .add("MEET")
                                    .add("127.0.0.1")
                                    .add(nodes.getFirst().port())
                                    .add(busPort()));
        }
        Await.until("the nodes know each other", () -> {
            for (int i = 0; i < count; i++) {
                String info = node(i).clusterInfo();
                if (!info.contains("cluster_state:ok") || !info.contains("cluster_known_nodes:" + count)) {
                    return false;
                }
            }
            return true;
        });
    }

    private int busPort() {
        String self = node(0).clusterNodes()
                .lines()
                .filter(line -> line.contains("myself"))
                .findFirst()
                .orElseThrow();
        return Integer.parseInt(self.replaceAll("^\\S+ [^@]*@(\\d+).*", "$1"));
    }

    private void replicate(int replica, int master) {
        node(replica).clusterReplicate(node(master).clusterMyId());
        Await.until("a replica follows", () -> node(replica).info("replication").contains("master_link_status:up"));
    }

    private RedisCommands<String, String> node(int index) {
        return connections.get(index).sync();
    }

    /** Where its masters were at first. */
    List<RedisURI> uris() {
        return nodes.stream().limit(MASTERS).map(RedisProcess::uri).toList();
    }

    /** The node that was made the master of this tag's slot. */
    int masterOf(String tag) {
        return SlotHash.getSlot(tag) * MASTERS / SlotHash.SLOT_COUNT;
    }

    /** Ends a master at once. */
    void kill(int master) {
        var _ = connections.get(master).closeAsync();
        nodes.get(master).kill();
    }

    /** Freezes a node: connections stay open and nothing is answered. */
    void stop(int node) {
        nodes.get(node).stop();
    }

    void goOn(int node) {
        nodes.get(node).goOn();
    }

    /** Waits until the replica of a master has heard all that it was told. */
    void awaitReplica(int master) {
        String own = Tags.all().stream()
                .filter(tag -> masterOf(tag) == master)
                .findFirst()
                .orElseThrow();
        // WAIT waits for what its own connection has written, which is the last of all.
        node(master).psetex("{" + own + "}", 60_000, "");
        Await.until("the replica has all", () -> node(master).waitForReplication(1, 100) == 1);
    }

    /**
     * Makes the replica of a master take its place; waits until it has. On a busy machine it may have to be asked
     * twice.
     */
    void promoteReplicaOf(int master) {
        Await.until("a promotion", () -> {
            if (isMaster(master + MASTERS)) {
                return true;
            }
            try {
                node(master + MASTERS).clusterFailover(false);
            } catch (RedisCommandExecutionException notNow) {
                // Said by the next look.
            }
            return isMaster(master + MASTERS);
        });
    }

    /** Waits until the replica of a master is one. */
    void awaitPromotion(int master) {
        Await.until("a promotion", () -> isMaster(master + MASTERS));
    }

    private boolean isMaster(int index) {
        return node(index).info("replication").contains("role:master")
                && node(index).clusterInfo().contains("cluster_state:ok");
    }

    /** Commands that the masters of the beginning have done, by node, those of clients' scripts not counted again. */
    long[] commands() {
        return commands("eval|evalsha");
    }

    /** The same of those whose names match. */
    long[] commands(String names) {
        long[] counts = new long[MASTERS];
        Arrays.setAll(
                counts,
                i -> node(i).info("commandstats")
                        .lines()
                        .filter(line -> line.matches("cmdstat_(" + names + "):.*"))
                        .mapToLong(line -> Long.parseLong(line.replaceAll(".*:calls=(\\d+),.*", "$1")))
                        .sum());
        return counts;
    }

    @Override
    public void close() {
        client.shutdown(Duration.ZERO, Duration.ofSeconds(5));
        nodes.forEach(RedisProcess::close);
        try (Stream<Path> files = Files.walk(directory)) {
            files.sorted(Comparator.reverseOrder()).map(Path::toFile).forEach(File::delete);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
