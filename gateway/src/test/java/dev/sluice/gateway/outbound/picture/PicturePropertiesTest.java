package dev.sluice.gateway.outbound.picture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.gateway.outbound.picture.PictureProperties.Choice;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;
import org.springframework.util.unit.DataSize;

class PicturePropertiesTest {

    @Test
    void defaultsSuitASmallMachine() {
        assertThat(bind(Map.of()))
                .isEqualTo(new PictureProperties(
                        Choice.AUTO,
                        "vips",
                        2,
                        DataSize.ofMegabytes(200),
                        DataSize.ofMegabytes(400),
                        50_000_000,
                        Duration.ofSeconds(20),
                        Duration.ofSeconds(20),
                        100,
                        Duration.ofSeconds(10),
                        DataSize.ofGigabytes(1),
                        DataSize.ofMegabytes(200),
                        Path.of(System.getProperty("java.io.tmpdir"), "sluice-pictures")));
    }

    @Test
    void everyKeyIsRead() {
        PictureProperties properties = bind(Map.ofEntries(
                Map.entry("decoder", "in_process"),
                Map.entry("vips", "/opt/vips/bin/vips"),
                Map.entry("decoders", "3"),
                Map.entry("memory", "100MB"),
                Map.entry("largest-picture", "150MB"),
                Map.entry("max-pixels", "1000"),
                Map.entry("timeout", "4s"),
                Map.entry("cpu-time", "5s"),
                Map.entry("queue", "6"),
                Map.entry("queue-timeout", "7s"),
                Map.entry("disk-budget", "300MB"),
                Map.entry("disk-budget-per-owner", "30MB"),
                Map.entry("work-directory", "/work")));

        assertThat(properties)
                .isEqualTo(new PictureProperties(
                        Choice.IN_PROCESS,
                        "/opt/vips/bin/vips",
                        3,
                        DataSize.ofMegabytes(100),
                        DataSize.ofMegabytes(150),
                        1000,
                        Duration.ofSeconds(4),
                        Duration.ofSeconds(5),
                        6,
                        Duration.ofSeconds(7),
                        DataSize.ofMegabytes(300),
                        DataSize.ofMegabytes(30),
                        Path.of("/work")));
    }

    @ParameterizedTest
    @CsvSource({
        "vips, ' ', a program's name or path",
        "decoders, 0, 1 to 64",
        "decoders, 65, 1 to 64",
        "memory, 31MB, 33554432B to",
        "largest-picture, 199MB, 209715200B to",
        "max-pixels, 0, 1 to 1000000000",
        "max-pixels, 1000000001, 1 to 1000000000",
        "disk-budget, 31MB, 33554432B to",
        "disk-budget-per-owner, 2GB, 8388608B to 1073741824B",
        "timeout, 999ms, PT1S to PT10M",
        "cpu-time, 11m, PT1S to PT10M",
        "queue, 0, 1 to 100000",
        "queue-timeout, 999ms, PT1S to PT10M",
    })
    void badValueIsNamedWithWhatWasExpected(String key, String value, String expected) {
        assertThatThrownBy(() -> bind(Map.of(key, value)))
                .rootCause()
                .hasMessageStartingWith("sluice.pictures." + key + ": ")
                .hasMessageContaining("(expected: " + expected);
    }

    private static PictureProperties bind(Map<String, String> settings) {
        var source = new MapConfigurationPropertySource();
        settings.forEach((key, value) -> source.put("sluice.pictures." + key, value));
        return new Binder(source).bindOrCreate("sluice.pictures", PictureProperties.class);
    }
}
