package dev.sluice.limits.redis;

import dev.sluice.limits.Await;
import io.lettuce.core.RedisURI;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import redis.embedded.RedisExecProvider;

/** A Redis server of its own, as a process that can be stopped, killed and started again on its port. */
final class RedisProcess implements AutoCloseable {
    /** Of a program that all tests are to run on; none, and they run on the one that the build brings along. */
    private static final String CHOSEN = "redis.server";

    private final int port;
    private final List<String> options;
    private Process process;

    RedisProcess() {
        this(List.of());
    }

    /** One with options of the command line beside its own. */
    RedisProcess(List<String> options) {
        this(Stream.concat(Stream.of("--save", "", "--appendonly", "no"), options.stream()));
    }

    /** A sentinel with a file of its own. */
    RedisProcess(Path configuration) {
        this(Stream.of(configuration.toString(), "--sentinel"));
    }

    private RedisProcess(Stream<String> options) {
        port = freePort();
        this.options = options.toList();
        process = launch();
    }

    static boolean isChosen() {
        return System.getProperty(CHOSEN) != null;
    }

    static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Process launch() {
        try {
            String own = System.getProperty(CHOSEN);
            String server =
                    own == null ? RedisExecProvider.defaultProvider().get().getAbsolutePath() : own;
            List<String> command = new ArrayList<>(List.of(server));
            command.addAll(options);
            command.addAll(List.of("--port", Integer.toString(port), "--bind", "127.0.0.1"));
            Process started = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            Runtime.getRuntime().addShutdownHook(new Thread(started::destroyForcibly));
            Await.until("a Redis server on port " + port, this::accepts);
            return started;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private boolean accepts() {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 100);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    int port() {
        return port;
    }

    RedisURI uri() {
        return RedisURI.create("127.0.0.1", port);
    }

    /** Freezes it: connections stay open and nothing is answered. */
    void stop() {
        signal("-STOP");
    }

    void goOn() {
        signal("-CONT");
    }

    private void signal(String signal) {
        try {
            int code = new ProcessBuilder("kill", signal, Long.toString(process.pid()))
                    .start()
                    .waitFor();
            if (code != 0) {
                throw new AssertionError("kill " + signal + ": " + code);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Ends it at once, with all it knew. */
    void kill() {
        process.destroyForcibly();
        try {
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                throw new AssertionError("Redis still runs");
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Starts it again, empty. */
    void startAgain() {
        process = launch();
    }

    @Override
    public void close() {
        kill();
    }
}
