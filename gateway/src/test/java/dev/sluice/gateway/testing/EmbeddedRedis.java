package dev.sluice.gateway.testing;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.util.FileSystemUtils;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.Container.ExecResult;
import org.testcontainers.containers.GenericContainer;
import redis.embedded.RedisExecProvider;

/**
 * A real Redis on loopback that keeps nothing when it dies: a container where there is Docker, else a process of its
 * own. Its address stays the same over {@link #kill()} and {@link #restart()}.
 */
public final class EmbeddedRedis implements AutoCloseable {
    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    /** Where the server runs, and how it is started and sent signals. */
    private interface Host extends AutoCloseable {
        InetSocketAddress address();

        void start();

        void signal(String name);

        @Override
        void close();
    }

    private final Host host;

    private EmbeddedRedis(Host host) {
        this.host = host;
    }

    /** Starts an empty one. */
    public static EmbeddedRedis start() {
        EmbeddedRedis redis = new EmbeddedRedis(
                DockerClientFactory.instance().isDockerAvailable() ? new InContainer() : new AsProcess(List.of()));
        redis.restart();
        return redis;
    }

    /** Starts an empty one as a process of this host, with options of the command line beside its own. */
    public static EmbeddedRedis start(String... options) {
        EmbeddedRedis redis = new EmbeddedRedis(new AsProcess(List.of(options)));
        redis.restart();
        return redis;
    }

    /** For {@code sluice.redis.url}. */
    public String url() {
        return "redis://" + host.address().getAddress().getHostAddress() + ":"
                + host.address().getPort();
    }

    /** Where it listens. */
    public InetSocketAddress address() {
        return host.address();
    }

    /** Whether it is a process of this host, and no container. */
    public boolean isProcess() {
        return host instanceof AsProcess;
    }

    /** Makes it another's replica; it takes no writes from then on. */
    public void follow(EmbeddedRedis master) {
        String answer = command("REPLICAOF 127.0.0.1 " + master.host.address().getPort());
        if (!answer.equals("+OK")) {
            throw new IllegalStateException(answer);
        }
    }

    /** Connections stay open, and nothing is answered any more. */
    public void pause() {
        host.signal("STOP");
    }

    /** Ends a {@link #pause()}: what came meanwhile is answered now. */
    public void resume() {
        host.signal("CONT");
    }

    /** Ends it without a word; everything it knew is gone. */
    public void kill() {
        host.signal("KILL");
        Await.until(TIMEOUT, "Redis is gone", () -> !answers());
    }

    /** Starts it again, empty, after a {@link #kill()}. */
    public void restart() {
        host.start();
        Await.until(TIMEOUT, "Redis answers at " + url(), this::answers);
    }

    /** Sends one command of plain words and returns the first line of the answer. */
    public String command(String words) {
        try (Socket socket = new Socket()) {
            socket.connect(host.address(), 1000);
            socket.setSoTimeout(5000);
            socket.getOutputStream().write((words + "\r\n").getBytes(StandardCharsets.UTF_8));
            StringBuilder line = new StringBuilder();
            for (int next = socket.getInputStream().read();
                    next >= ' ';
                    next = socket.getInputStream().read()) {
                line.append((char) next);
            }
            return line.toString();
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    @Override
    public void close() {
        host.close();
    }

    private boolean answers() {
        try {
            return command("PING").equals("+PONG");
        } catch (UncheckedIOException notYet) {
            return false;
        }
    }

    /** The binary of {@code org.signal:embedded-redis}. */
    private static final class AsProcess implements Host {
        private final List<String> options;
        private final Path directory;
        private final InetSocketAddress address;
        private @Nullable Process process;

        AsProcess(List<String> options) {
            this.options = options;
            try (ServerSocket free = new ServerSocket()) {
                directory = Files.createTempDirectory("redis");
                free.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
                address = new InetSocketAddress(InetAddress.getLoopbackAddress(), free.getLocalPort());
            } catch (IOException failed) {
                throw new UncheckedIOException(failed);
            }
        }

        @Override
        public InetSocketAddress address() {
            return address;
        }

        @Override
        public void start() {
            try {
                File server = RedisExecProvider.defaultProvider().get();
                List<String> command = new ArrayList<>(List.of(
                        server.getAbsolutePath(),
                        "--port",
                        Integer.toString(address.getPort()),
                        "--bind",
                        "127.0.0.1",
                        "--save",
                        "",
                        "--appendonly",
                        "no",
                        "--dir",
                        directory.toString()));
                command.addAll(options);
                process = new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(directory.resolve("log").toFile())
                        .start();
                Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
            } catch (IOException failed) {
                throw new UncheckedIOException(failed);
            }
        }

        @Override
        public void signal(String name) {
            run(
                    "kill",
                    "-" + name,
                    Long.toString(Objects.requireNonNull(process).pid()));
        }

        @Override
        public void close() {
            Process running = Objects.requireNonNull(process);
            // What it forked for a new replica writes on without it.
            List<ProcessHandle> both = Stream.concat(running.descendants(), Stream.of(running.toHandle()))
                    .toList();
            both.forEach(ProcessHandle::destroyForcibly);
            try {
                both.forEach(process -> process.onExit().join());
                FileSystemUtils.deleteRecursively(directory);
            } catch (IOException failed) {
                throw new UncheckedIOException(failed);
            }
        }

        private static void run(String... command) {
            try {
                int exit = new ProcessBuilder(command).inheritIO().start().waitFor();
                if (exit != 0) {
                    throw new IllegalStateException(String.join(" ", command) + ": exit " + exit);
                }
            } catch (IOException failed) {
                throw new UncheckedIOException(failed);
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException(interrupted);
            }
        }
    }

    /** A container that outlives its Redis, so that the published port does. */
    private static final class InContainer implements Host {
        private static final int PORT = 6379;

        private final GenericContainer<?> container = new GenericContainer<>("redis:8")
                .withExposedPorts(PORT)
                .withCommand("sh", "-c", "while :; do sleep 1; done");

        InContainer() {
            container.start();
        }

        @Override
        public InetSocketAddress address() {
            return new InetSocketAddress(container.getHost(), container.getMappedPort(PORT));
        }

        @Override
        public void start() {
            run("redis-server --save '' --appendonly no --protected-mode no --daemonize yes --pidfile /tmp/redis.pid");
        }

        @Override
        public void signal(String name) {
            run("kill -" + name + " $(cat /tmp/redis.pid)");
        }

        @Override
        public void close() {
            container.close();
        }

        private void run(String script) {
            try {
                ExecResult result = container.execInContainer("sh", "-c", script);
                if (result.getExitCode() != 0) {
                    throw new IllegalStateException(script + ": " + result);
                }
            } catch (IOException failed) {
                throw new UncheckedIOException(failed);
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException(interrupted);
            }
        }
    }
}
