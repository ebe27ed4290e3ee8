package dev.sluice.gateway.feature.zip;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.gateway.outbound.imagecache.RemoteImages;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;
import org.springframework.util.unit.DataSize;

class ZipPropertiesTest {

    @Test
    void defaultsAreThoseOfTheReadme() {
        ZipProperties properties = bind(Map.of());

        assertThat(properties.maxImages()).isEqualTo(20);
        assertThat(properties.maxImageSize()).isEqualTo(DataSize.ofMegabytes(5));
        assertThat(properties.imageTimeout()).isEqualTo(Duration.ofSeconds(30));
        assertThat(properties.concurrency()).isEqualTo(3);
        assertThat(properties.maxBody()).isEqualTo(DataSize.ofKilobytes(256));
        assertThat(properties.bufferBudget().toBytes()).isPositive();
        assertThat(properties.spoolBudget()).isEqualTo(DataSize.ofGigabytes(1));
        assertThat(properties.spoolAfter()).isEqualTo(Duration.ofMillis(250));
        assertThat(properties.queueTimeout()).isEqualTo(Duration.ofSeconds(10));
        assertThat(properties.longestSilence()).isEqualTo(Duration.ofSeconds(40));
        assertThat(properties.archiveTimeout()).isEqualTo(Duration.ofHours(1));
        assertThat(properties.slowestReader()).isEqualTo(DataSize.ofKilobytes(32));
        assertThat(properties.readerWindow()).isEqualTo(Duration.ofSeconds(15));
        assertThat(properties.reuse()).isEqualTo(RemoteImages.Freshness.REVALIDATE);
        assertThat(properties.confirmTimeout()).isEqualTo(Duration.ofSeconds(5));
        assertThat(properties.linkTtl()).isEqualTo(Duration.ofMinutes(10));
        assertThat(properties.linkStore()).isEqualTo(DataSize.ofMegabytes(16));
    }

    @Test
    void everyKeyIsRead() {
        ZipProperties properties = bind(Map.ofEntries(
                Map.entry("max-images", "7"),
                Map.entry("max-image-size", "2MB"),
                Map.entry("image-timeout", "4s"),
                Map.entry("concurrency", "5"),
                Map.entry("max-body", "8KB"),
                Map.entry("buffer-budget", "20MB"),
                Map.entry("spool-budget", "30MB"),
                Map.entry("spool-directory", "/spool"),
                Map.entry("spool-after", "1s"),
                Map.entry("queue-timeout", "2s"),
                Map.entry("longest-silence", "20s"),
                Map.entry("archive-timeout", "3m"),
                Map.entry("slowest-reader", "3KB"),
                Map.entry("reader-window", "6s"),
                Map.entry("reuse", "fresh"),
                Map.entry("confirm-timeout", "7s"),
                Map.entry("link-ttl", "5m"),
                Map.entry("link-store", "1MB")));

        assertThat(properties)
                .isEqualTo(new ZipProperties(
                        7,
                        DataSize.ofMegabytes(2),
                        Duration.ofSeconds(4),
                        5,
                        DataSize.ofKilobytes(8),
                        DataSize.ofMegabytes(20),
                        DataSize.ofMegabytes(30),
                        Path.of("/spool"),
                        Duration.ofSeconds(1),
                        Duration.ofSeconds(2),
                        Duration.ofSeconds(20),
                        Duration.ofMinutes(3),
                        DataSize.ofKilobytes(3),
                        Duration.ofSeconds(6),
                        RemoteImages.Freshness.FRESH,
                        Duration.ofSeconds(7),
                        Duration.ofMinutes(5),
                        DataSize.ofMegabytes(1)));
    }

    @ParameterizedTest
    @CsvSource({
        "max-images, 0, 1 to 100",
        "max-images, 101, 1 to 100",
        "max-image-size, 0B, 1B to",
        "image-timeout, 6m, PT0.1S to PT5M",
        "concurrency, 0, 1 to 20",
        "max-body, 2MB, 1024B to 1048576B",
        "buffer-budget, 1MB, 5242880B to",
        "spool-budget, 1MB, 5242880B to",
        "spool-after, 2m, PT0S to PT1M",
        "queue-timeout, 1ms, PT0.01S to PT5M",
        "longest-silence, 2h, PT0.1S to PT1H",
        "archive-timeout, 1ms, PT1S to PT24H",
        "slowest-reader, 11MB, 0B to 10485760B",
        "reader-window, 99ms, PT0.1S to PT10M",
        "link-ttl, 2d, PT1S to PT24H",
        "confirm-timeout, 9ms, PT0.01S to PT5M",
        "confirm-timeout, 6m, PT0.01S to PT5M",
        "link-store, 1KB, 262144B to"
    })
    void badValueIsNamedWithWhatWasExpected(String key, String value, String expected) {
        assertThatThrownBy(() -> bind(Map.of(key, value)))
                .rootCause()
                .hasMessageStartingWith("sluice.zip." + key + ": ")
                .hasMessageContaining("(expected: " + expected);
    }

    private static ZipProperties bind(Map<String, String> settings) {
        var source = new MapConfigurationPropertySource();
        settings.forEach((key, value) -> source.put("sluice.zip." + key, value));
        return new Binder(source).bindOrCreate("sluice.zip", ZipProperties.class);
    }
}
