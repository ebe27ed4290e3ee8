package dev.sluice.gateway.outbound.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.r2dbc.spi.ConnectionFactoryOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

class DatabasePropertiesTest {

    @Test
    void defaultsAreThoseOfTheReadme() {
        DatabaseProperties properties = bind(Map.of());

        assertThat(properties)
                .isEqualTo(new DatabaseProperties(
                        "",
                        Path.of("sluice-data/db"),
                        10,
                        Duration.ofSeconds(5),
                        Duration.ofSeconds(10),
                        Duration.ofSeconds(5)));
        assertThat(properties.address())
                .isEqualTo(new DatabaseAddress.H2(Path.of("sluice-data/db").toAbsolutePath()));
    }

    @Test
    void everyKeyIsRead() {
        DatabaseProperties properties = bind(Map.of(
                "url", "postgres://me:p%40ss@db.example:6543/gallery?sslmode=require",
                "directory", "/var/lib/sluice",
                "pool-size", "20",
                "acquire-timeout", "1s",
                "statement-timeout", "2s",
                "connect-timeout", "3s"));

        assertThat(properties)
                .isEqualTo(new DatabaseProperties(
                        "postgres://me:p%40ss@db.example:6543/gallery?sslmode=require",
                        Path.of("/var/lib/sluice"),
                        20,
                        Duration.ofSeconds(1),
                        Duration.ofSeconds(2),
                        Duration.ofSeconds(3)));
        assertThat(properties.address())
                .isEqualTo(new DatabaseAddress.Postgres(
                        List.of("db.example:6543"), "gallery", "me", "p@ss", Map.of("sslmode", "require")));
        assertThat(properties
                        .address()
                        .reactive(properties.statementTimeout(), properties.connectTimeout())
                        .getValue(ConnectionFactoryOptions.HOST))
                .isEqualTo("db.example");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "postgres://me:secret@[::1]/gallery",
                "postgresql://me:secret@[::1]:5432/gallery",
                "r2dbc:postgresql://me:secret@[::1]/gallery",
                " postgresql://me:secret@[::1]/gallery "
            })
    void urlIsReadAsItIsCommonlyWritten(String url) {
        DatabaseProperties properties = bind(Map.of("url", url));

        assertThat(properties.address())
                .isEqualTo(new DatabaseAddress.Postgres(List.of("[::1]:5432"), "gallery", "me", "secret", Map.of()));
        assertThat(properties.address().jdbcUrl()).isEqualTo("jdbc:postgresql://[::1]:5432/gallery");
        assertThat(properties
                        .address()
                        .reactive(properties.statementTimeout(), properties.connectTimeout())
                        .getValue(ConnectionFactoryOptions.HOST))
                .isEqualTo("::1");
    }

    @Test
    void severalHostsAreOneServerOfWhichThePrimaryIsWanted() {
        DatabaseProperties properties =
                bind(Map.of("url", "postgresql://me:secret@one.example,two.example:6543,[::1]/gallery"));
        DatabaseAddress address = properties.address();

        assertThat(address)
                .isEqualTo(new DatabaseAddress.Postgres(
                        List.of("one.example:5432", "two.example:6543", "[::1]:5432"),
                        "gallery",
                        "me",
                        "secret",
                        Map.of()));
        assertThat(address.servers())
                .extracting(DatabaseAddress::jdbcUrl)
                .containsExactly(
                        "jdbc:postgresql://one.example:5432/gallery",
                        "jdbc:postgresql://two.example:6543/gallery",
                        "jdbc:postgresql://[::1]:5432/gallery");
        assertThat(address.servers())
                .allSatisfy(server -> assertThat(server.jdbcProperties(properties.connectTimeout()))
                        .containsEntry("targetServerType", "primary"));
        assertThat(address.servers())
                .extracting(server -> server.reactive(properties.statementTimeout(), properties.connectTimeout())
                        .getValue(ConnectionFactoryOptions.HOST))
                .containsExactly("one.example", "two.example", "::1");
    }

    @Test
    void passwordIsNotPrinted() {
        DatabaseProperties properties = bind(Map.of("url", "postgres://me:secret@db.example/gallery"));

        assertThat(properties.toString()).contains("db.example:5432/gallery").doesNotContain("secret");
        assertThat(properties.address().toString()).doesNotContain("secret");
        assertThat(properties
                        .address()
                        .reactive(properties.statementTimeout(), properties.connectTimeout())
                        .toString())
                .doesNotContain("secret");
    }

    @ParameterizedTest
    @CsvSource({
        "directory, a;b, the name of a directory",
        "pool-size, 0, 1 to 100",
        "acquire-timeout, 1ms, PT0.01S to PT1M",
        "statement-timeout, 10m, PT0.1S to PT5M",
        "connect-timeout, 2m, PT0.05S to PT1M"
    })
    void badValueIsNamedWithWhatWasExpected(String key, String value, String expected) {
        assertThatThrownBy(() -> bind(Map.of(key, value)))
                .rootCause()
                .hasMessageStartingWith("sluice.database." + key + ": ")
                .hasMessageContaining("(expected: " + expected);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "mysql://me:secret@host/db",
                "postgres://me:secret@host",
                "postgres://me:secret@host/",
                "postgres://me:secret@host/a/b",
                "postgres://me:secret@host:port/db",
                "postgres://me:secret@host:0/db",
                "postgres://me:secret@host:65536/db",
                "postgres://me:secret@/db",
                "postgres://host/db?user=secret",
                "postgres://me:sec%ret@host/db",
                "postgres://me:secret@host/db?sslmode=maybe",
                "postgres://me:secret@host/db?sslmode",
                "postgres://me:secret@host/db?options=-c",
                "postgres://me:secret@host/db?targetServerType=secondary",
                "postgres://me:secret@one,/db",
                "postgres://me:secret@one,two:0/db",
                "postgres://me:secret@host/db#secret",
                "secret@host/db"
            })
    void badUrlIsNamedAndNotRepeated(String url) {
        assertThatThrownBy(() -> bind(Map.of("url", url)))
                .rootCause()
                .hasMessageStartingWith("sluice.database.url: ")
                .hasMessageContaining("(expected: ")
                .hasMessageNotContaining("secret");
    }

    private static DatabaseProperties bind(Map<String, String> settings) {
        var source = new MapConfigurationPropertySource();
        settings.forEach((key, value) -> source.put("sluice.database." + key, value));
        return new Binder(source).bindOrCreate("sluice.database", DatabaseProperties.class);
    }
}
