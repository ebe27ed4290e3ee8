package dev.sluice.gateway.outbound.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.gateway.contract.CannotStartException;
import dev.sluice.gateway.testing.CertificateAuthority;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import reactor.core.publisher.Mono;

/** Each {@code sslmode} by both drivers, against servers with certificates of an own authority and one without. */
class PostgresTlsTest {
    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    private static final String IS_ENCRYPTED = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";

    @TempDir
    private static Path ours;

    @TempDir
    private static Path others;

    private static CertificateAuthority authority;
    private static CertificateAuthority stranger;
    private static EmbeddedPostgres byName;
    private static EmbeddedPostgres byAddress;
    private static EmbeddedPostgres plain;

    @BeforeAll
    static void start() throws IOException {
        authority = new CertificateAuthority(ours);
        stranger = new CertificateAuthority(others);
        byName = encrypted(authority.sign("dns:localhost"));
        byAddress = encrypted(authority.sign("ip:127.0.0.1"));
        plain = EmbeddedPostgres.builder().setPGStartupWait(TIMEOUT).start();
    }

    /** Its database {@code postgres} is open to every connection, {@code template1} to those that are encrypted. */
    private static EmbeddedPostgres encrypted(CertificateAuthority.Signed signed) throws IOException {
        Path rules = Files.writeString(
                signed.certificate().resolveSibling(signed.certificate().getFileName() + ".hba"),
                "hostnossl template1 all all reject\nhost all all all trust\n");
        return EmbeddedPostgres.builder()
                .setServerConfig("ssl", "on")
                .setServerConfig("ssl_cert_file", signed.certificate().toString())
                .setServerConfig("ssl_key_file", signed.key().toString())
                .setServerConfig("hba_file", rules.toString())
                .setServerConfig("fsync", "off")
                .setPGStartupWait(TIMEOUT)
                .start();
    }

    @AfterAll
    static void stop() throws IOException {
        byName.close();
        byAddress.close();
        plain.close();
    }

    private static EmbeddedPostgres server(String name) {
        return switch (name) {
            case "by-name" -> byName;
            case "by-address" -> byAddress;
            case "plain" -> plain;
            default -> throw new IllegalArgumentException(name);
        };
    }

    private static DatabaseProperties properties(String server, String host, String database, String parameters) {
        String url =
                "postgresql://postgres:secret@" + host + ":" + server(server).getPort() + "/" + database + "?"
                        + parameters
                                .replace("OURS", authority.certificate().toString())
                                .replace("OTHERS", stranger.certificate().toString());
        return new DatabaseProperties(url, Path.of("unused"), 2, TIMEOUT, Duration.ofSeconds(10), TIMEOUT);
    }

    private static String byMigrations(DatabaseProperties properties) {
        DatabaseAddress address = properties.address();
        try (Connection connection = DriverManager.getConnection(address.jdbcUrl(), address.jdbcProperties(TIMEOUT));
                ResultSet row = connection.createStatement().executeQuery(IS_ENCRYPTED)) {
            row.next();
            return row.getBoolean(1) ? "encrypted" : "open";
        } catch (SQLException refused) {
            return "refused";
        }
    }

    private static String byWork(DatabaseProperties properties) {
        Mono<Boolean> isEncrypted = Mono.usingWhen(
                properties.connections().create(),
                connection -> Mono.from(connection.createStatement(IS_ENCRYPTED).execute())
                        .flatMap(result -> Mono.from(result.map((row, _) -> row.get(0, Boolean.class)))),
                io.r2dbc.spi.Connection::close);
        return Objects.requireNonNull(isEncrypted
                .map(is -> is ? "encrypted" : "open")
                .onErrorReturn(NoServerException.class, "refused")
                .block(TIMEOUT));
    }

    @ParameterizedTest(name = "{0} at {1}, {2}, {3}: {4}")
    @CsvSource({
        "plain,      localhost, postgres,  '',                                       open",
        "plain,      localhost, postgres,  sslmode=disable,                          open",
        "plain,      localhost, postgres,  sslmode=allow,                            open",
        "plain,      localhost, postgres,  sslmode=prefer,                           open",
        "plain,      localhost, postgres,  sslmode=require,                          refused",
        "plain,      localhost, postgres,  sslmode=verify-ca&sslrootcert=OURS,       refused",
        "plain,      localhost, postgres,  sslmode=verify-full&sslrootcert=OURS,     refused",
        "by-name,    localhost, postgres,  '',                                       encrypted",
        "by-name,    localhost, postgres,  sslmode=disable,                          open",
        "by-name,    localhost, postgres,  sslmode=allow,                            open",
        "by-name,    localhost, postgres,  sslmode=prefer,                           encrypted",
        "by-name,    localhost, postgres,  sslmode=require,                          encrypted",
        "by-name,    localhost, postgres,  sslmode=require&sslrootcert=OURS,         encrypted",
        "by-name,    localhost, postgres,  sslmode=verify-ca&sslrootcert=OURS,       encrypted",
        "by-name,    localhost, postgres,  sslmode=verify-full&sslrootcert=OURS,     encrypted",
        "by-name,    localhost, template1, '',                                       encrypted",
        "by-name,    localhost, template1, sslmode=disable,                          refused",
        "by-name,    localhost, template1, sslmode=allow,                            encrypted",
        "by-name,    localhost, template1, sslmode=prefer,                           encrypted",
        // Another authority.
        "by-name,    localhost, postgres,  sslmode=prefer&sslrootcert=OTHERS,        encrypted",
        "by-name,    localhost, postgres,  sslmode=require&sslrootcert=OTHERS,       refused",
        "by-name,    localhost, postgres,  sslmode=verify-ca&sslrootcert=OTHERS,     refused",
        "by-name,    localhost, postgres,  sslmode=verify-full&sslrootcert=OTHERS,   refused",
        // Another name: the certificate's is what stands in the URL, whatever else the address is called.
        "by-name,    127.0.0.1, postgres,  sslmode=require&sslrootcert=OURS,         encrypted",
        "by-name,    127.0.0.1, postgres,  sslmode=verify-ca&sslrootcert=OURS,       encrypted",
        "by-name,    127.0.0.1, postgres,  sslmode=verify-full&sslrootcert=OURS,     refused",
        "by-address, 127.0.0.1, postgres,  sslmode=verify-full&sslrootcert=OURS,     encrypted",
        "by-address, localhost, postgres,  sslmode=verify-full&sslrootcert=OURS,     refused",
        // Those that Java trusts.
        "by-name,    localhost, postgres,  sslmode=verify-full&sslrootcert=system,   refused",
        "by-name,    localhost, postgres,  sslrootcert=system,                       refused"
    })
    void bothDriversDoAsLibpqSays(String server, String host, String database, String parameters, String expected) {
        DatabaseProperties properties = properties(server, host, database, parameters);

        assertThat(byMigrations(properties)).as("by the migrations' driver").isEqualTo(expected);
        assertThat(byWork(properties)).as("by the driver of the work").isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "plain,   localhost, sslmode=require,                        The server does not support SSL",
        "by-name, localhost, sslmode=verify-full&sslrootcert=OTHERS, PKIX path",
        "by-name, 127.0.0.1, sslmode=verify-full&sslrootcert=OURS,   could not be verified"
    })
    void serverThatIsNotTrustedEndsTheStartWithTheDriversSentence(
            String server, String host, String parameters, String sentence) {
        Migrations migrations = new Migrations(properties(server, host, "postgres", parameters));

        assertThatThrownBy(migrations::run)
                .isInstanceOf(CannotStartException.class)
                .hasMessageContaining("cannot be opened: ")
                .hasMessageContaining(sentence)
                .message()
                .doesNotContain("\n", "secret");
    }

    /** As the server's documentation puts it: without such a file, a certificate cannot be verified. */
    @Test
    void fileOfTheAuthorityThatIsNotThereIsNamed() {
        Path missing = ours.resolve("missing.pem");

        assertThatThrownBy(() ->
                        properties("by-name", "localhost", "postgres", "sslmode=verify-full&sslrootcert=" + missing))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("sluice.database.url: ")
                .hasMessageContaining(missing.toString());
    }

    @Test
    void whatJavaTrustsIsOnlyTakenWithTheName() {
        assertThatThrownBy(() -> properties("by-name", "localhost", "postgres", "sslmode=require&sslrootcert=system"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("verify-full");
    }
}
