package dev.sluice.gateway.outbound.redis;

import dev.sluice.gateway.outbound.health.RecentHealth;
import io.lettuce.core.AbstractRedisClient;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.ClientOptions.DisconnectedBehavior;
import io.lettuce.core.RedisClient;
import io.lettuce.core.SocketOptions;
import io.lettuce.core.SocketOptions.KeepAliveOptions;
import io.lettuce.core.SocketOptions.TcpUserTimeoutOptions;
import io.lettuce.core.TimeoutOptions;
import io.lettuce.core.cluster.ClusterClientOptions;
import io.lettuce.core.cluster.ClusterTopologyRefreshOptions;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.resource.EpollProvider;
import io.lettuce.core.resource.ExtendedKeepAliveSupport;
import io.lettuce.core.resource.IOUringProvider;
import io.lettuce.core.resource.NettyCustomizer;
import java.time.Duration;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.health.contributor.ReactiveHealthIndicator;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;

/** Redis, if {@code sluice.redis.url} names one. A Redis that is down neither prevents nor delays the start. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(RedisProperties.class)
public class RedisConfiguration {
    /** A peer whose system acknowledges nothing for so long is gone; an idle connection asks it after so long. */
    private static final Duration SILENCE = Duration.ofSeconds(5);

    private static final Duration KEEP_ALIVE_INTERVAL = Duration.ofSeconds(1);
    private static final int KEEP_ALIVE_COUNT = 5;
    /** A promotion in a cluster is known after so long even where no answer has told of it. */
    private static final Duration TOPOLOGY_PERIOD = Duration.ofSeconds(2);
    /** Between two looks at the topology that answers and lost connections lead to. */
    private static final Duration TOPOLOGY_PAUSE = Duration.ofMillis(500);

    @Bean
    @Conditional(OnRedisUrlCondition.class)
    RedisThreads redisThreads(NettyCustomizer connections) {
        return new RedisThreads(connections);
    }

    /** For everything but limits. Connect asynchronously; the other ways wait. */
    @Bean(destroyMethod = "") // ends with its threads
    @Conditional(OnRedisUrlCondition.class)
    AbstractRedisClient redisClient(RedisProperties properties, RedisThreads threads) {
        AbstractRedisClient made = threads.client(properties);
        ClientOptions options = made.getOptions()
                .mutate()
                .autoReconnect(true)
                .disconnectedBehavior(DisconnectedBehavior.REJECT_COMMANDS)
                .requestQueueSize(properties.queueSize())
                .timeoutOptions(TimeoutOptions.enabled(properties.commandTimeout()))
                .socketOptions(sockets(properties.connectTimeout()))
                .build();
        switch (made) {
            case RedisClusterClient cluster ->
                cluster.setOptions(ClusterClientOptions.builder(options)
                        .topologyRefreshOptions(ClusterTopologyRefreshOptions.builder()
                                .enablePeriodicRefresh(TOPOLOGY_PERIOD)
                                .adaptiveRefreshTriggersTimeout(TOPOLOGY_PAUSE)
                                .build())
                        .build());
            case RedisClient node -> node.setOptions(options);
            default -> throw new IllegalStateException(made.getClass().getName());
        }
        return made;
    }

    /** As far as this system can: Lettuce connects nowhere if an option cannot be set. */
    private static SocketOptions sockets(Duration connectTimeout) {
        SocketOptions.Builder options =
                SocketOptions.builder().connectTimeout(connectTimeout).keepAlive(true);
        if (ExtendedKeepAliveSupport.isSupported()) {
            options.keepAlive(KeepAliveOptions.builder()
                    .enable()
                    .idle(SILENCE)
                    .interval(KEEP_ALIVE_INTERVAL)
                    .count(KEEP_ALIVE_COUNT)
                    .build());
        }
        if (EpollProvider.isAvailable() || IOUringProvider.isAvailable()) {
            options.tcpUserTimeout(TcpUserTimeoutOptions.builder()
                    .enable()
                    .tcpUserTimeout(SILENCE)
                    .build());
        }
        return options.build();
    }

    /** For the limiter alone, which sets the options of its client by itself and must not share a queue. */
    @Bean(destroyMethod = "") // ends with its threads
    @Conditional(OnRedisUrlCondition.class)
    AbstractRedisClient limiterRedisClient(RedisProperties properties, RedisThreads threads) {
        return threads.client(properties);
    }

    @Bean
    @Conditional(OnRedisUrlCondition.class)
    SharedRedis sharedRedis(@Qualifier("redisClient") AbstractRedisClient redisClient, RedisProperties properties) {
        SharedRedis redis = new SharedRedis(redisClient, properties);
        redis.connect();
        return redis;
    }

    @Bean
    @Conditional(OnRedisUrlCondition.class)
    ReactiveHealthIndicator redisHealthIndicator(SharedRedis redis, ObjectProvider<OtherConnection> others) {
        return new RecentHealth(new RedisHealth(redis, others.stream().toList()));
    }
}
