package dev.sluice.gateway.outbound.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.gateway.contract.CannotStartException;
import dev.sluice.gateway.testing.EmbeddedPostgres;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import reactor.core.publisher.Mono;

/** What a server or a pooler says to a gateway that starts, and servers of which one is there. */
class PostgresStartTest {
    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    private static final EmbeddedPostgres SERVER = EmbeddedPostgres.shared();

    private static DatabaseProperties properties(String url, int connections) {
        return new DatabaseProperties(
                url, Path.of("unused"), connections, Duration.ofSeconds(5), Duration.ofSeconds(10), TIMEOUT);
    }

    private static void migrate(String url) {
        new Migrations(properties(url, 2)).run();
    }

    private static int one(String url) {
        try (DatabasePool pool = DatabasePool.start(properties(url, 2))) {
            Integer one = new Database(pool, properties(url, 2))
                    .query(client -> client.sql("SELECT $1::int")
                            .bind("$1", 1)
                            .mapValue(Integer.class)
                            .one())
                    .block(TIMEOUT);
            return one == null ? 0 : one;
        }
    }

    private static void execute(String url, String... statements) throws SQLException {
        DatabaseAddress address = properties(url, 1).address();
        try (Connection connection = DriverManager.getConnection(address.jdbcUrl(), address.jdbcProperties(TIMEOUT));
                Statement statement = connection.createStatement()) {
            for (String each : statements) {
                statement.execute(each);
            }
        }
    }

    /** The migrations have one connection, and the gateway's work has more. */
    @Test
    void serverThatRefusesTheGatewaysConnectionsEndsTheStartWithItsOwnSentence() throws SQLException {
        String url = SERVER.newDatabase();
        execute(
                url,
                "DROP ROLE IF EXISTS alone",
                "CREATE ROLE alone LOGIN PASSWORD 'secret' CONNECTION LIMIT 1",
                "GRANT ALL ON SCHEMA public TO alone");
        String alone = url.replace("postgres:secret@", "alone:secret@");

        assertThatThrownBy(() -> migrate(alone))
                .isInstanceOf(CannotStartException.class)
                .hasMessageContaining("refuses what the gateway works with")
                .hasMessageContaining("too many connections for role \"alone\"")
                .hasMessageNotContaining("secret")
                .asInstanceOf(InstanceOfAssertFactories.type(CannotStartException.class))
                .extracting(CannotStartException::action)
                .asString()
                .contains("DATABASE_URL")
                .contains("ignore_startup_parameters");
    }

    @Test
    void serverOfSeveralThatIsThereIsTaken() {
        String url = SERVER.newDatabase();
        String first = url.replaceFirst("@", "@127.0.0.1:1,");

        migrate(first);

        assertThat(one(first)).isEqualTo(1);
    }

    /** A standby takes no changes; here it is a server that refuses them. */
    @Test
    void serverOfSeveralThatTakesChangesIsTaken() throws Exception {
        String url = SERVER.newDatabase();
        String name = url.substring(url.lastIndexOf('/') + 1);
        try (var standby = io.zonky.test.db.postgres.embedded.EmbeddedPostgres.builder()
                .setServerConfig("fsync", "off")
                .setPGStartupWait(TIMEOUT)
                .start()) {
            execute("postgresql://postgres@127.0.0.1:" + standby.getPort() + "/postgres", "CREATE DATABASE " + name);
            execute(
                    "postgresql://postgres@127.0.0.1:" + standby.getPort() + "/postgres",
                    "ALTER SYSTEM SET default_transaction_read_only = on",
                    "SELECT pg_reload_conf()");
            String both = url.replaceFirst("@", "@127.0.0.1:" + standby.getPort() + ",");

            migrate(both);

            execute(url, "SELECT count(*) FROM images");
            assertThat(one(both)).isEqualTo(1);
        }
    }

    @Test
    @ExtendWith(OutputCaptureExtension.class)
    void outageIsToldOnceWithItsCauseAndTheNextOneAgain(CapturedOutput output) {
        String url = SERVER.newDatabase();
        DatabaseProperties properties = properties(url, 2);
        try (DatabasePool pool = DatabasePool.start(properties)) {
            Database database = new Database(pool, properties);
            SimpleMeterRegistry meters = new SimpleMeterRegistry();
            new PoolMeters(pool, database).bindTo(meters);
            Gauge unavailable = meters.get("sluice.database.unavailable").gauge();
            Mono<Void> query = database.query(client -> client.sql("SELECT 1").then());
            for (int outage = 1; outage <= 2; outage++) {
                SERVER.stop();
                try {
                    for (int i = 0; i < 3; i++) {
                        assertThatThrownBy(() -> query.block(TIMEOUT)).isInstanceOf(DatabaseException.class);
                    }
                    assertThat(unavailable.value()).isEqualTo(1);
                } finally {
                    SERVER.start();
                }
                query.block(TIMEOUT);
                assertThat(unavailable.value()).isZero();

                assertThat(output.getOut().split("The database is unavailable: ", -1))
                        .hasSize(outage + 1);
            }
        }
        assertThat(output.getOut()).contains("Connection refused");
    }

    @Test
    void poolerThatRefusesTheParametersOfAConnectionEndsTheStart() {
        String url = SERVER.newDatabase();
        try (PgBouncer pooler = PgBouncer.start(url, Map.of("ignore_startup_parameters", "extra_float_digits"))) {
            assertThatThrownBy(() -> migrate(pooler.url()))
                    .isInstanceOf(CannotStartException.class)
                    .hasMessageContaining("unsupported startup parameter");
        }
    }

    @Test
    void poolerOfSessionsServesWithTheParametersOfTheReadme() {
        String url = SERVER.newDatabase();
        try (PgBouncer pooler = PgBouncer.start(url, documented("session"))) {
            migrate(pooler.url());

            assertThat(one(pooler.url())).isEqualTo(1);
        }
    }

    @Test
    void poolerOfTransactionsServesWhereItKeepsPreparedStatementsApart() {
        String url = SERVER.newDatabase();
        try (PgBouncer pooler = PgBouncer.start(url, documented("transaction"))) {
            if (pooler.keepsStatementsApart()) {
                migrate(pooler.url());

                assertThat(one(pooler.url())).isEqualTo(1);
            } else {
                assertThatThrownBy(() -> migrate(pooler.url()))
                        .isInstanceOf(CannotStartException.class)
                        .hasMessageContaining("mixes up the prepared statements of its clients");
            }
        }
    }

    private static Map<String, String> documented(String mode) {
        return Map.of(
                "pool_mode",
                mode,
                "ignore_startup_parameters",
                "extra_float_digits, statement_timeout, idle_in_transaction_session_timeout");
    }
}
