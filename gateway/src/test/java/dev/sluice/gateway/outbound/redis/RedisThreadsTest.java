package dev.sluice.gateway.outbound.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.NoLeaks;
import io.lettuce.core.RedisClient;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.resource.NettyCustomizer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.extension.ExtendWith;

/** A gateway may be stopped while it connects to a Redis that was away. */
@ExtendWith(NoLeaks.class)
class RedisThreadsTest {
    @RepeatedTest(20)
    void endsWhileAConnectionIsBeingMadeAndLosesNoBuffer() throws IOException {
        try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            RedisProperties properties = new RedisProperties(
                    "redis://127.0.0.1:" + silent.getLocalPort(),
                    "",
                    "",
                    "",
                    "",
                    "",
                    Duration.ofMillis(100),
                    Duration.ofSeconds(60),
                    10,
                    "{sluice}:");
            CompletableFuture<?> attempt;
            try (RedisThreads threads = new RedisThreads(new NettyCustomizer() {})) {
                RedisClient client = (RedisClient) threads.client(properties);
                attempt =
                        client.connectAsync(StringCodec.UTF8, properties.uri()).toCompletableFuture();
            }
            assertThat(attempt.isDone() && !attempt.isCompletedExceptionally()).isFalse();
        }
    }
}
