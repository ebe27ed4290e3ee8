package dev.sluice.gateway.feature.uploads;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;
import org.springframework.util.unit.DataSize;

class UploadsPropertiesTest {

    @Test
    void defaultsAreThoseOfTheReadme() {
        assertThat(bind(Map.of()))
                .isEqualTo(new UploadsProperties(
                        DataSize.ofMegabytes(10),
                        Duration.ofMinutes(10),
                        Duration.ofHours(1),
                        Duration.ofMinutes(10),
                        200,
                        Duration.ofMinutes(10),
                        DataSize.ofGigabytes(1),
                        DataSize.ofMegabytes(200),
                        DataSize.ofKilobytes(16),
                        Duration.ofMinutes(1)));
    }

    @Test
    void everyKeyIsRead() {
        UploadsProperties properties = bind(Map.ofEntries(
                Map.entry("max-image-size", "5MB"),
                Map.entry("url-ttl", "1m"),
                Map.entry("intent-ttl", "2m"),
                Map.entry("sweep-period", "3m"),
                Map.entry("max-pending", "4"),
                Map.entry("put-timeout", "5m"),
                Map.entry("put-budget", "70MB"),
                Map.entry("put-budget-per-owner", "8MB"),
                Map.entry("slowest-put", "9KB"),
                Map.entry("complete-timeout", "6m")));

        assertThat(properties)
                .isEqualTo(new UploadsProperties(
                        DataSize.ofMegabytes(5),
                        Duration.ofMinutes(1),
                        Duration.ofMinutes(2),
                        Duration.ofMinutes(3),
                        4,
                        Duration.ofMinutes(5),
                        DataSize.ofMegabytes(70),
                        DataSize.ofMegabytes(8),
                        DataSize.ofKilobytes(9),
                        Duration.ofMinutes(6)));
    }

    @ParameterizedTest
    @CsvSource({
        "max-image-size, 1023B, 1024B to 104857600B",
        "max-image-size, 101MB, 1024B to",
        "url-ttl, 999ms, PT1S to PT168H",
        "url-ttl, 8d, PT1S to",
        "intent-ttl, 9m, PT10M to PT720H",
        "intent-ttl, 31d, PT10M to",
        "sweep-period, 999ms, PT1S to PT24H",
        "sweep-period, 25h, PT1S to",
        "max-pending, 0, 1 to 100000",
        "max-pending, 100001, 1 to",
        "put-timeout, 999ms, PT1S to PT1H",
        "put-timeout, 61m, PT1S to",
        "put-budget, 9MB, 10485760B to",
        "put-budget, 2TB, 10485760B to",
        "put-budget-per-owner, 9MB, 10485760B to 1073741824B",
        "put-budget-per-owner, 2GB, 10485760B to",
        "slowest-put, 0B, 1B to 1048576B",
        "slowest-put, 2MB, 1B to",
        "complete-timeout, 999ms, PT1S to PT10M",
        "complete-timeout, 11m, PT1S to",
    })
    void badValueIsNamedWithWhatWasExpected(String key, String value, String expected) {
        assertThatThrownBy(() -> bind(Map.of(key, value)))
                .rootCause()
                .hasMessageStartingWith("sluice.uploads." + key + ": ")
                .hasMessageContaining("(expected: " + expected);
    }

    private static UploadsProperties bind(Map<String, String> settings) {
        var source = new MapConfigurationPropertySource();
        settings.forEach((key, value) -> source.put("sluice.uploads." + key, value));
        return new Binder(source).bindOrCreate("sluice.uploads", UploadsProperties.class);
    }
}
