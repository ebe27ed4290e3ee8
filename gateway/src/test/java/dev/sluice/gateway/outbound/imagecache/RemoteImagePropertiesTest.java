package dev.sluice.gateway.outbound.imagecache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.gateway.outbound.imagecache.RemoteImageProperties.CacheBounds;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;
import org.springframework.util.unit.DataSize;

class RemoteImagePropertiesTest {

    @Test
    void defaultsAreThoseOfTheReadme() {
        assertThat(bind(Map.of()))
                .isEqualTo(new RemoteImageProperties(
                        DataSize.ofMegabytes(5),
                        Duration.ofSeconds(10),
                        256,
                        DataSize.ofMegabytes(32),
                        Duration.ofSeconds(2),
                        Duration.ofSeconds(60),
                        Duration.ofSeconds(10),
                        new CacheBounds(
                                true,
                                Path.of(System.getProperty("java.io.tmpdir"), "sluice-image-cache"),
                                DataSize.ofMegabytes(500),
                                100_000,
                                Duration.ofDays(7),
                                Duration.ofDays(1),
                                DataSize.ofMegabytes(32),
                                DataSize.ofKilobytes(64),
                                25,
                                Duration.ofSeconds(5))));
    }

    @Test
    void everyKeyIsRead() {
        RemoteImageProperties properties = bind(Map.ofEntries(
                Map.entry("max-image-size", "2MB"),
                Map.entry("fetch-timeout", "4s"),
                Map.entry("concurrent-fetches", "7"),
                Map.entry("buffer-budget", "20MB"),
                Map.entry("memory-timeout", "3s"),
                Map.entry("remember-decided", "30s"),
                Map.entry("remember-failed", "5s"),
                Map.entry("cache.enabled", "false"),
                Map.entry("cache.directory", "/images"),
                Map.entry("cache.max-size", "10MB"),
                Map.entry("cache.max-entries", "11"),
                Map.entry("cache.ttl", "12h"),
                Map.entry("cache.stale-if-error", "13h"),
                Map.entry("cache.memory", "14MB"),
                Map.entry("cache.hot-image-size", "15KB"),
                Map.entry("cache.caller-share", "19"),
                Map.entry("cache.write-timeout", "16s")));

        assertThat(properties)
                .isEqualTo(new RemoteImageProperties(
                        DataSize.ofMegabytes(2),
                        Duration.ofSeconds(4),
                        7,
                        DataSize.ofMegabytes(20),
                        Duration.ofSeconds(3),
                        Duration.ofSeconds(30),
                        Duration.ofSeconds(5),
                        new CacheBounds(
                                false,
                                Path.of("/images"),
                                DataSize.ofMegabytes(10),
                                11,
                                Duration.ofHours(12),
                                Duration.ofHours(13),
                                DataSize.ofMegabytes(14),
                                DataSize.ofKilobytes(15),
                                19,
                                Duration.ofSeconds(16))));
    }

    @ParameterizedTest
    @CsvSource({
        "max-image-size, 0B, 1B to 104857600B",
        "max-image-size, 101MB, 1B to",
        "fetch-timeout, 99ms, PT0.1S to PT5M",
        "fetch-timeout, 6m, PT0.1S to PT5M",
        "concurrent-fetches, 0, 1 to 100000",
        "concurrent-fetches, 100001, 1 to",
        "buffer-budget, 4MB, 5242880B to",
        "buffer-budget, 2TB, 5242880B to",
        "memory-timeout, -1ms, PT0S to PT5M",
        "memory-timeout, 6m, PT0S to",
        "remember-decided, -1s, PT0S to PT24H",
        "remember-decided, 25h, PT0S to PT24H",
        "remember-failed, -1s, PT0S to PT24H",
        "remember-failed, 25h, PT0S to PT24H",
        "cache.max-size, 1023KB, 1048576B to",
        "cache.max-size, 11TB, 1048576B to",
        "cache.max-entries, 0, 1 to 10000000",
        "cache.max-entries, 10000001, 1 to",
        "cache.ttl, 999ms, PT1S to",
        "cache.ttl, 367d, PT1S to",
        "cache.stale-if-error, -1s, PT0S to",
        "cache.stale-if-error, 367d, PT0S to",
        "cache.memory, -1B, 0B to",
        "cache.memory, 65GB, 0B to",
        "cache.hot-image-size, -1B, 0B to 10485760B",
        "cache.hot-image-size, 11MB, 0B to",
        "cache.caller-share, 0, 1 to 100",
        "cache.caller-share, 101, 1 to 100",
        "cache.write-timeout, 9ms, PT0.01S to PT1M",
        "cache.write-timeout, 61s, PT0.01S to PT1M"
    })
    void badValueIsNamedWithWhatWasExpected(String key, String value, String expected) {
        assertThatThrownBy(() -> bind(Map.of(key, value)))
                .rootCause()
                .hasMessageStartingWith("sluice.image-proxy." + key + ": ")
                .hasMessageContaining("(expected: " + expected);
    }

    private static RemoteImageProperties bind(Map<String, String> settings) {
        var source = new MapConfigurationPropertySource();
        settings.forEach((key, value) -> source.put("sluice.image-proxy." + key, value));
        return new Binder(source).bindOrCreate("sluice.image-proxy", RemoteImageProperties.class);
    }
}
