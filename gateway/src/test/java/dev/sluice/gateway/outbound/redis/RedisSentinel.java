package dev.sluice.gateway.outbound.redis;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.EmbeddedRedis;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import redis.embedded.RedisExecProvider;

/** One sentinel, whose word is enough: a master that does not answer for half a second is replaced. */
final class RedisSentinel implements AutoCloseable {
    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    private static final String MASTER = "counters";

    private final Process process;
    private final int port;

    private RedisSentinel(Process process, int port) {
        this.process = process;
        this.port = port;
    }

    /**
     * Watches a master, and knows its replica by the time that this returns. Where Redis is a process of this host.
     *
     * @param more lines of its configuration
     */
    static RedisSentinel watch(EmbeddedRedis master, Path directory, String... more) {
        InetSocketAddress address = master.address();
        assumeTrue(master.isProcess(), "replicas in containers do not see each other by their published ports");
        try {
            int port = freePort();
            Path file = Files.writeString(
                    directory.resolve("sentinel.conf"),
                    String.join(
                            "\n",
                            "port " + port,
                            "bind 127.0.0.1",
                            "dir " + directory,
                            "sentinel monitor " + MASTER + " 127.0.0.1 " + address.getPort() + " 1",
                            "sentinel down-after-milliseconds " + MASTER + " 500",
                            "sentinel failover-timeout " + MASTER + " 5000",
                            String.join("\n", more),
                            ""));
            Path log = directory.resolve("log");
            Process process = new ProcessBuilder(
                            RedisExecProvider.defaultProvider().get().getAbsolutePath(), file.toString(), "--sentinel")
                    .redirectErrorStream(true)
                    .redirectOutput(log.toFile())
                    .start();
            Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
            RedisSentinel sentinel = new RedisSentinel(process, port);
            Await.until(TIMEOUT, "the sentinel knows the replica", () -> knowsAReplica(log));
            return sentinel;
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return free.getLocalPort();
        }
    }

    /** As its log says: it answers only those who know its password. */
    private static boolean knowsAReplica(Path log) {
        try {
            return Files.readString(log).contains("+slave slave");
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** For {@code sluice.redis.url}. */
    String url() {
        return "redis-sentinel://127.0.0.1:" + port + "#" + MASTER;
    }

    @Override
    public void close() {
        process.destroyForcibly().onExit().join();
    }
}
