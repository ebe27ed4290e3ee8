package dev.sluice.limits.redis;

import dev.sluice.limits.Await;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.sentinel.api.StatefulRedisSentinelConnection;
import io.lettuce.core.sentinel.api.sync.RedisSentinelCommands;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** One sentinel, whose word is enough: a master that does not answer for half a second is replaced by its replica. */
final class RedisSentinel implements AutoCloseable {
    private static final String MASTER = "counters";

    private final Path directory;
    private final RedisProcess process;
    private final RedisClient client;
    private final RedisSentinelCommands<String, String> commands;

    /** Knows the replica when this returns. */
    RedisSentinel(RedisProcess master) {
        try {
            directory = Files.createTempDirectory("sentinel");
            Path file = Files.writeString(
                    directory.resolve("sentinel.conf"),
                    String.join(
                            "\n",
                            "dir " + directory,
                            "sentinel monitor " + MASTER + " 127.0.0.1 " + master.port() + " 1",
                            "sentinel down-after-milliseconds " + MASTER + " 500",
                            "sentinel failover-timeout " + MASTER + " 5000",
                            ""));
            process = new RedisProcess(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        client = RedisClient.create();
        StatefulRedisSentinelConnection<String, String> connection = client.connectSentinel(process.uri());
        commands = connection.sync();
        Await.until(
                "the sentinel knows the replica",
                () -> !commands.replicas(MASTER).isEmpty());
    }

    /** That of the master, whichever it is. */
    RedisURI uri() {
        return RedisURI.Builder.sentinel("127.0.0.1", process.port(), MASTER).build();
    }

    /** Waits until another server is the master. */
    void awaitMaster(RedisProcess server) {
        Await.until(
                "the promotion",
                () -> ((InetSocketAddress) commands.getMasterAddrByName(MASTER)).getPort() == server.port());
    }

    @Override
    public void close() {
        client.shutdown(Duration.ZERO, Duration.ofSeconds(5));
        process.close();
        try (Stream<Path> files = Files.walk(directory)) {
            List<Path> all = files.sorted(Comparator.reverseOrder()).toList();
            all.stream().map(Path::toFile).forEach(File::delete);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
