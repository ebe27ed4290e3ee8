package dev.sluice.gateway.outbound.redis;

import dev.sluice.gateway.contract.RecentHealth;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.ClientOptions.DisconnectedBehavior;
import io.lettuce.core.RedisClient;
import io.lettuce.core.SocketOptions;
import io.lettuce.core.SocketOptions.TcpUserTimeoutOptions;
import io.lettuce.core.TimeoutOptions;
import java.time.Duration;
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
    /** A peer that acknowledges nothing for so long is gone. */
    private static final Duration SILENCE = Duration.ofSeconds(5);

    @Bean
    @Conditional(RedisUrlIsSet.class)
    RedisThreads redisThreads() {
        return new RedisThreads();
    }

    /** For everything but limits. Connect with {@code connectAsync}; the others wait. */
    @Bean(destroyMethod = "") // ends with its threads
    @Conditional(RedisUrlIsSet.class)
    RedisClient redisClient(RedisProperties properties, RedisThreads threads) {
        RedisClient client = threads.client(properties.uri());
        client.setOptions(ClientOptions.builder()
                .autoReconnect(true)
                .disconnectedBehavior(DisconnectedBehavior.REJECT_COMMANDS)
                .requestQueueSize(properties.queueSize())
                .timeoutOptions(TimeoutOptions.enabled(properties.commandTimeout()))
                .socketOptions(SocketOptions.builder()
                        .connectTimeout(properties.connectTimeout())
                        .keepAlive(true)
                        .tcpUserTimeout(TcpUserTimeoutOptions.builder()
                                .enable()
                                .tcpUserTimeout(SILENCE)
                                .build())
                        .build())
                .build());
        return client;
    }

    /** For the limiter alone, which sets the options of its client by itself and must not share a queue. */
    @Bean(destroyMethod = "") // ends with its threads
    @Conditional(RedisUrlIsSet.class)
    RedisClient limiterRedisClient(RedisProperties properties, RedisThreads threads) {
        return threads.client(properties.uri());
    }

    @Bean
    @Conditional(RedisUrlIsSet.class)
    SharedRedis sharedRedis(@Qualifier("redisClient") RedisClient redisClient, RedisProperties properties) {
        SharedRedis redis = new SharedRedis(redisClient, properties);
        redis.connect();
        return redis;
    }

    @Bean
    @Conditional(RedisUrlIsSet.class)
    ReactiveHealthIndicator redisHealthIndicator(SharedRedis redis) {
        return new RecentHealth(new RedisHealth(redis));
    }
}
