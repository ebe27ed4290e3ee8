package dev.sluice.gateway.outbound.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.gateway.testing.EmbeddedPostgres;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.Status;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** A primary that is one no more, and servers of which some are silent. */
class PostgresFailoverTest {
    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    private static final int CONNECTIONS = 3;
    private static final EmbeddedPostgres SERVER = EmbeddedPostgres.shared();

    private static DatabaseProperties properties(String url, Duration connectTimeout) {
        return new DatabaseProperties(
                url, Path.of("unused"), CONNECTIONS, TIMEOUT, Duration.ofSeconds(10), connectTimeout);
    }

    private static DatabaseProperties properties(String url) {
        return properties(url, TIMEOUT);
    }

    private static void execute(String url, String... statements) throws SQLException {
        DatabaseAddress address = properties(url).address();
        try (Connection connection = DriverManager.getConnection(address.jdbcUrl(), address.jdbcProperties(TIMEOUT));
                Statement statement = connection.createStatement()) {
            for (String each : statements) {
                statement.execute(each);
            }
        }
    }

    private static void change(Database database) {
        database.transaction(client -> client.sql("INSERT INTO kept VALUES (1)").then())
                .block(TIMEOUT);
    }

    private static void assertRefused(Database database) {
        assertThatThrownBy(() -> change(database))
                .isInstanceOfSatisfying(
                        DatabaseException.class,
                        failure -> assertThat(failure.kind()).isEqualTo(DatabaseException.Kind.UNAVAILABLE))
                .hasStackTraceContaining("read-only transaction");
    }

    /** As of a primary that was made a standby and keeps its connections: each answers, and refuses changes. */
    @Test
    void connectionsToAServerThatTakesNoChangesAnyMoreAreNotUsedAgain() throws SQLException {
        String url = SERVER.newDatabase();
        execute(url, "CREATE TABLE kept (number int)");
        DatabaseProperties properties = properties(url);
        try (DatabasePool pool = DatabasePool.start(properties)) {
            Database database = new Database(pool, properties);
            Mono<Void> demoted = database.query(client -> client.sql("SELECT pg_sleep(0.2)")
                    .then()
                    .then(client.sql("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
                            .then()));
            Flux.range(0, CONNECTIONS).flatMap(_ -> demoted).blockLast(TIMEOUT);
            assertThat(pool.metrics().orElseThrow().idleSize()).isEqualTo(CONNECTIONS);

            assertRefused(database);

            for (int i = 0; i < CONNECTIONS; i++) {
                change(database);
            }
        }
    }

    @Test
    @ExtendWith(OutputCaptureExtension.class)
    void serverThatTakesNoChangesIsAnOutageThoughItAnswers(CapturedOutput output) throws SQLException {
        String url = SERVER.newDatabase();
        String name = url.substring(url.lastIndexOf('/') + 1);
        execute(url, "CREATE TABLE kept (number int)");
        execute(url, "ALTER DATABASE " + name + " SET default_transaction_read_only = on");
        DatabaseProperties properties = properties(url);
        try (DatabasePool pool = DatabasePool.start(properties)) {
            Database database = new Database(pool, properties);
            DatabaseHealth health = new DatabaseHealth(database);
            for (int i = 0; i < 3; i++) {
                assertRefused(database);
                Health told = health.health().block(TIMEOUT);
                assertThat(told).isNotNull();
                assertThat(told.getStatus()).isEqualTo(Status.DOWN);
                assertThat(told.getDetails()).containsEntry("refusal", "25006");
            }
            assertThat(database.isUnavailable()).isTrue();

            execute(
                    url,
                    "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
                    "ALTER DATABASE " + name + " RESET default_transaction_read_only");
            dropConnections(url);

            change(database);
            assertThat(health.health().block(TIMEOUT)).isEqualTo(Health.up().build());
            assertThat(database.isUnavailable()).isFalse();
        }
        assertThat(output.getOut().split("The database is unavailable: ", -1)).hasSize(2);
    }

    private static void dropConnections(String url) throws SQLException {
        execute(
                url,
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name = 'sluice'"
                        + " AND datname = current_database()");
    }

    /** It takes connections, as the system does for a frozen process, and says nothing. */
    @Test
    void silentServerHidesNoOther() throws IOException {
        String url = SERVER.newDatabase();
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            String both = url.replaceFirst("@", "@127.0.0.1:" + silent.getLocalPort() + ",");
            DatabaseProperties properties = properties(both, Duration.ofSeconds(4));

            new Migrations(properties).run();

            try (DatabasePool pool = DatabasePool.start(properties)) {
                Database database = new Database(pool, properties);
                assertThat(database.takesChanges().block(TIMEOUT)).isTrue();
            }
        }
    }

    @Test
    @ExtendWith(OutputCaptureExtension.class)
    void outageOfSeveralServersIsToldWithWhatEachOfThemSaid(CapturedOutput output) throws SQLException {
        String url = SERVER.newDatabase();
        String name = url.substring(url.lastIndexOf('/') + 1);
        execute(url, "ALTER DATABASE " + name + " SET default_transaction_read_only = on");
        DatabaseProperties properties = properties(url.replaceFirst("@", "@127.0.0.1:1,"));
        try (DatabasePool pool = DatabasePool.start(properties)) {
            Database database = new Database(pool, properties);

            assertThatThrownBy(() -> database.takesChanges().block(TIMEOUT))
                    .isInstanceOfSatisfying(
                            DatabaseException.class,
                            failure -> assertThat(failure.kind()).isEqualTo(DatabaseException.Kind.UNAVAILABLE));
        }
        assertThat(output.getOut())
                .contains("127.0.0.1:1: ")
                .contains("Connection refused")
                .contains("it takes no changes");
    }
}
