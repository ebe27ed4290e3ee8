package dev.sluice.gateway.feature.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.gateway.outbound.http.ApiKey;
import dev.sluice.gateway.testing.RunningGateway;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;
import org.springframework.util.unit.DataSize;

class TrainingPropertiesTest {

    @Test
    void defaultsAreThoseOfTheDocumentation() {
        TrainingProperties properties = bind(Map.of());

        assertThat(properties)
                .isEqualTo(new TrainingProperties(
                        new ApiKey(""),
                        "https://queue.fal.run",
                        "https://rest.fal.ai",
                        "fal-ai/flux-lora-fast-training",
                        Set.of("https"),
                        List.of("fal.media", "fal.ai", "fal.run"),
                        new TrainingProperties.Archive(
                                Duration.ofDays(1), DataSize.ofMegabytes(90), DataSize.ofMegabytes(10)),
                        DataSize.ofKilobytes(256),
                        4,
                        20,
                        4,
                        DataSize.ofMegabytes(500),
                        Path.of(System.getProperty("java.io.tmpdir"), "sluice-training"),
                        Duration.ofMinutes(5),
                        Duration.ofSeconds(15),
                        Duration.ofMinutes(2),
                        Duration.ofMillis(500),
                        Duration.ofSeconds(3)));
    }

    @Test
    void everyKeyIsRead() {
        TrainingProperties properties = bind(Map.ofEntries(
                Map.entry("api-key", " key\n"),
                Map.entry("queue-url", "http://127.0.0.1:9/queue//"),
                Map.entry("storage-url", "http://127.0.0.1:8/"),
                Map.entry("model", "owner/app/path"),
                Map.entry("upload-schemes", "http,https"),
                Map.entry("upload-domains", "a.example,b.example"),
                Map.entry("archive.expiry", "0s"),
                Map.entry("archive.largest-put", "50MB"),
                Map.entry("archive.part", "5MB"),
                Map.entry("max-body", "8KB"),
                Map.entry("min-images", "2"),
                Map.entry("max-images", "9"),
                Map.entry("concurrency", "3"),
                Map.entry("disk-budget", "1GB"),
                Map.entry("spool-directory", "/var/spool/sluice"),
                Map.entry("deadline", "10m"),
                Map.entry("try-timeout", "20s"),
                Map.entry("upload-timeout", "3m"),
                Map.entry("retry-pause", "1s"),
                Map.entry("connect-timeout", "4s")));

        assertThat(properties)
                .isEqualTo(new TrainingProperties(
                        new ApiKey("key"),
                        "http://127.0.0.1:9/queue",
                        "http://127.0.0.1:8",
                        "owner/app/path",
                        Set.of("http", "https"),
                        List.of("a.example", "b.example"),
                        new TrainingProperties.Archive(
                                Duration.ZERO, DataSize.ofMegabytes(50), DataSize.ofMegabytes(5)),
                        DataSize.ofKilobytes(8),
                        2,
                        9,
                        3,
                        DataSize.ofGigabytes(1),
                        Path.of("/var/spool/sluice"),
                        Duration.ofMinutes(10),
                        Duration.ofSeconds(20),
                        Duration.ofMinutes(3),
                        Duration.ofSeconds(1),
                        Duration.ofSeconds(4)));
    }

    @ParameterizedTest
    @CsvSource({
        "api-key, a b, visible ASCII",
        "queue-url, ftp://example.com, an http or https URL",
        "storage-url, https://example.com?a=b, an http or https URL",
        "storage-url, not a url, an http or https URL",
        "model, ../secret, owner/app",
        "model, alone, owner/app",
        "model, owner/app/../x, owner/app",
        "model, workflows/alice, owner/app",
        "archive.expiry, 1s, PT1M to",
        "archive.largest-put, 1B, 1024B to",
        "archive.part, 2GB, 1024B to",
        "upload-schemes, ftp, 'http, https or both'",
        "max-body, 2MB, 1024B to 1048576B",
        "max-images, 101, 1 to 100",
        "min-images, 21, 1 to 20",
        "concurrency, 0, 1 to 100",
        "disk-budget, 1B, 1024B to",
        "deadline, 2h, PT0.1S to PT1H",
        "try-timeout, 6m, PT0.1S to PT5M",
        "upload-timeout, 1ms, PT0.1S to PT5M",
        "retry-pause, 11s, PT0S to PT10S",
        "connect-timeout, 2m, PT0.1S to PT1M"
    })
    void badValueIsNamedWithWhatWasExpected(String key, String value, String expected) {
        assertThatThrownBy(() -> bind(Map.of(key, value)))
                .rootCause()
                .hasMessageStartingWith("sluice.training." + key + ": ")
                .hasMessageContaining("(expected: " + expected);
    }

    @Test
    void diskThatDoesNotHoldOneTrainingIsRefusedAtTheStart() {
        assertThatThrownBy(() -> RunningGateway.start(Map.of("sluice.training.disk-budget", "50MB"))
                        .close())
                .rootCause()
                .hasMessageStartingWith("sluice.training.disk-budget: 52428800B (expected: at least ");
    }

    @Test
    void keyIsNotShown() {
        assertThat(bind(Map.of("api-key", "sk-123456")).toString()).doesNotContain("sk-123456");
    }

    private static TrainingProperties bind(Map<String, String> settings) {
        var source = new MapConfigurationPropertySource();
        settings.forEach((key, value) -> source.put("sluice.training." + key, value));
        return new Binder(source).bindOrCreate("sluice.training", TrainingProperties.class);
    }
}
