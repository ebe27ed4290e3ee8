package dev.sluice.gateway.outbound.redis;

import io.lettuce.core.AbstractRedisClient;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.cluster.ClusterClientOptions;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.metrics.CommandLatencyRecorder;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.DefaultClientResources;
import io.lettuce.core.resource.Delay;
import io.lettuce.core.resource.NettyCustomizer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** What the clients run on, sized for a few connections, and ended without their own two quiet seconds. */
final class RedisThreads implements AutoCloseable {
    private static final int THREADS = 2;
    /** As bounded as this, a Redis that is back is found within a second. */
    private static final Duration LONGEST_RECONNECT_DELAY = Duration.ofSeconds(1);

    /**
     * With none, a connection that is being made at this very moment is left behind: its channel is registered after
     * the event loop has closed all it knew of, and keeps its buffer for ever.
     */
    private static final long QUIET_MILLIS = 10;

    private static final long SHUTDOWN_MILLIS = 2_000;

    private final ClientResources resources;
    private final List<AbstractRedisClient> clients = new ArrayList<>();

    /** @param connections sees each connection that the clients make */
    RedisThreads(NettyCustomizer connections) {
        resources = DefaultClientResources.builder()
                .ioThreadPoolSize(THREADS)
                .computationThreadPoolSize(THREADS)
                .reconnectDelay(
                        Delay.exponential(Duration.ofMillis(1), LONGEST_RECONNECT_DELAY, 2, TimeUnit.MILLISECONDS))
                .commandLatencyRecorder(CommandLatencyRecorder.disabled())
                .nettyCustomizer(connections)
                .build();
    }

    /** A client of one node, or of a cluster, that ends with these threads. */
    synchronized AbstractRedisClient client(RedisProperties properties) {
        AbstractRedisClient client;
        if (properties.isCluster()) {
            RedisClusterClient cluster = RedisClusterClient.create(resources, properties.uris());
            properties
                    .tls()
                    .ifPresent(tls -> cluster.setOptions(
                            ClusterClientOptions.builder().sslOptions(tls).build()));
            client = cluster;
        } else {
            RedisClient node = RedisClient.create(resources, properties.uri());
            properties
                    .tls()
                    .ifPresent(tls -> node.setOptions(
                            ClientOptions.builder().sslOptions(tls).build()));
            client = node;
        }
        clients.add(client);
        return client;
    }

    /** Ends all clients and waits for the threads to end, two seconds each at most. */
    @Override
    public synchronized void close() {
        clients.forEach(client -> client.shutdown(QUIET_MILLIS, SHUTDOWN_MILLIS, TimeUnit.MILLISECONDS));
        resources
                .shutdown(QUIET_MILLIS, SHUTDOWN_MILLIS, TimeUnit.MILLISECONDS)
                .awaitUninterruptibly(SHUTDOWN_MILLIS, TimeUnit.MILLISECONDS);
    }
}
