package dev.sluice.gateway.outbound.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.gateway.outbound.storage.StorageProperties.S3;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

class StoragePropertiesTest {

    @Test
    void defaultsAreThoseOfTheReadme() {
        assertThat(bind(Map.of()))
                .isEqualTo(new StorageProperties(
                        Path.of("sluice-data/store"),
                        new S3(
                                "",
                                "",
                                "",
                                "us-east-1",
                                null,
                                "",
                                "",
                                Duration.ofSeconds(10),
                                Duration.ofSeconds(30),
                                Duration.ofMinutes(2),
                                3,
                                64)));
        assertThat(bind(Map.of()).s3().isSet()).isFalse();
    }

    @Test
    void everyKeyIsRead() {
        StorageProperties properties = bind(Map.ofEntries(
                Map.entry("directory", "/var/lib/sluice"),
                Map.entry("s3.bucket", "pictures"),
                Map.entry("s3.endpoint", "https://minio.internal:9000"),
                Map.entry("s3.public-endpoint", "https://images.example"),
                Map.entry("s3.region", "eu-central-1"),
                Map.entry("s3.path-style", "false"),
                Map.entry("s3.access-key", "AKIA"),
                Map.entry("s3.secret-key", "topsecret"),
                Map.entry("s3.attempt-timeout", "5s"),
                Map.entry("s3.call-timeout", "20s"),
                Map.entry("s3.put-timeout", "5m"),
                Map.entry("s3.tries", "2"),
                Map.entry("s3.connections", "8")));

        assertThat(properties)
                .isEqualTo(new StorageProperties(
                        Path.of("/var/lib/sluice"),
                        new S3(
                                "pictures",
                                "https://minio.internal:9000",
                                "https://images.example",
                                "eu-central-1",
                                false,
                                "AKIA",
                                "topsecret",
                                Duration.ofSeconds(5),
                                Duration.ofSeconds(20),
                                Duration.ofMinutes(5),
                                2,
                                8)));
        assertThat(properties.s3().isSet()).isTrue();
        assertThat(properties.toString()).doesNotContain("topsecret", "AKIA");
    }

    @Test
    void bucketIsInThePathWhereThereIsAnEndpoint() {
        assertThat(bind(Map.of("s3.endpoint", "http://127.0.0.1:9000")).s3().inPath())
                .isTrue();
        assertThat(bind(Map.of()).s3().inPath()).isFalse();
        assertThat(bind(Map.of("s3.path-style", "true")).s3().inPath()).isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "s3.bucket, A_B, 3 to 63 lower-case letters",
        "s3.region, eu central, a region such as",
        "s3.access-key, AKIA, access-key and secret-key together",
        "s3.secret-key, topsecret, access-key and secret-key together",
        "s3.attempt-timeout, 1ms, PT0.1S to PT5M",
        "s3.call-timeout, 5s, PT10S to PT10M",
        "s3.put-timeout, 2h, PT1S to PT1H",
        "s3.tries, 0, 1 to 10",
        "s3.connections, 0, 1 to 1000"
    })
    void badValueIsNamedWithWhatWasExpected(String key, String value, String expected) {
        assertThatThrownBy(() -> bind(Map.of(key, value)))
                .rootCause()
                .hasMessageStartingWith("sluice.storage.")
                .hasMessageContaining("(expected: " + expected)
                .hasMessageNotContaining("topsecret");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ftp://host",
                "minio:9000",
                "http://me:secret@host",
                "http://host/secret",
                "http://host?secret",
                "http://ho st:secret",
                "http://host:secret"
            })
    void badEndpointIsNamedAndNotRepeated(String endpoint) {
        assertThatThrownBy(() -> bind(Map.of("s3.endpoint", endpoint)))
                .rootCause()
                .hasMessageStartingWith("sluice.storage.s3.endpoint: ")
                .hasMessageNotContaining("secret");
    }

    private static StorageProperties bind(Map<String, String> settings) {
        var source = new MapConfigurationPropertySource();
        settings.forEach((key, value) -> source.put("sluice.storage." + key, value));
        return new Binder(source).bindOrCreate("sluice.storage", StorageProperties.class);
    }
}
