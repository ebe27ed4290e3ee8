package dev.sluice.gateway.feature.assistant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.gateway.outbound.http.ApiKey;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;
import org.springframework.util.unit.DataSize;

class AssistantPropertiesTest {

    @Test
    void defaultsAreThoseOfTheDocumentation() {
        AssistantProperties properties = bind(Map.of());

        assertThat(properties.apiKey().isSet()).isFalse();
        assertThat(properties.baseUrl()).isEqualTo("https://generativelanguage.googleapis.com");
        assertThat(properties.model()).isEqualTo("gemini-flash-latest");
        assertThat(properties.apiVersion()).isEqualTo("v1beta");
        assertThat(properties.maxBody()).isEqualTo(DataSize.ofBytes(51_200));
        assertThat(properties.maxOutputTokens()).isEqualTo(8192);
        assertThat(properties.deadline()).isEqualTo(Duration.ofSeconds(30));
        assertThat(properties.tryTimeout()).isEqualTo(Duration.ofSeconds(14));
        assertThat(properties.retryPause()).isEqualTo(Duration.ofMillis(300));
        assertThat(properties.idleTimeout()).isEqualTo(Duration.ofSeconds(10));
        assertThat(properties.connectTimeout()).isEqualTo(Duration.ofSeconds(3));
        assertThat(properties.maxAnswer()).isEqualTo(DataSize.ofMegabytes(2));
        assertThat(properties.connections()).isEqualTo(64);
        assertThat(properties.provider()).isEqualTo(AssistantProperties.Provider.GEMINI);
    }

    @ParameterizedTest
    @CsvSource({"gemini-flash-latest, v1beta", "gemini-3.5-flash, v1", "gemini-latest-1, v1"})
    void aliasesOfTheLatestModelAreKnownToTheBetaAlone(String model, String version) {
        assertThat(bind(Map.of("model", model)).apiVersion()).isEqualTo(version);
    }

    @Test
    void bothTriesAndThePauseFitIntoTheDeadlineByDefault() {
        AssistantProperties properties = bind(Map.of());

        assertThat(properties.tryTimeout().multipliedBy(2).plus(properties.retryPause()))
                .isLessThan(properties.deadline());
    }

    @Test
    void everyKeyIsRead() {
        AssistantProperties properties = bind(Map.ofEntries(
                Map.entry("api-key", " key\n"),
                Map.entry("base-url", "http://127.0.0.1:9/gemini//"),
                Map.entry("api-version", "v1alpha"),
                Map.entry("model", "gemini-1"),
                Map.entry("max-body", "8KB"),
                Map.entry("max-output-tokens", "10"),
                Map.entry("deadline", "20s"),
                Map.entry("try-timeout", "19s"),
                Map.entry("retry-pause", "1s"),
                Map.entry("idle-timeout", "2s"),
                Map.entry("connect-timeout", "4s"),
                Map.entry("max-answer", "1MB"),
                Map.entry("connections", "3"),
                Map.entry("provider", "echo")));

        assertThat(properties)
                .isEqualTo(new AssistantProperties(
                        new ApiKey("key"),
                        "http://127.0.0.1:9/gemini",
                        "v1alpha",
                        "gemini-1",
                        DataSize.ofKilobytes(8),
                        10,
                        Duration.ofSeconds(20),
                        Duration.ofSeconds(19),
                        Duration.ofSeconds(1),
                        Duration.ofSeconds(2),
                        Duration.ofSeconds(4),
                        DataSize.ofMegabytes(1),
                        3,
                        AssistantProperties.Provider.ECHO));
    }

    @ParameterizedTest
    @CsvSource({
        "api-key, a b, visible ASCII",
        "base-url, ftp://example.com, an http or https URL",
        "base-url, https://user@example.com, an http or https URL",
        "base-url, https://example.com?a=b, an http or https URL",
        "base-url, not a url, an http or https URL",
        "api-version, v1/models, v1",
        "model, ../secret, a name such as",
        "max-body, 2MB, 1024B to 1048576B",
        "max-output-tokens, 0, 1 to 1000000",
        "deadline, 6m, PT0.1S to PT5M",
        "try-timeout, 31s, PT0.1S to PT30S",
        "retry-pause, 11s, PT0S to PT10S",
        "idle-timeout, 1ms, PT0.1S to PT5M",
        "connect-timeout, 2m, PT0.1S to PT1M",
        "max-answer, 1B, 1024B to",
        "connections, 0, 1 to 10000"
    })
    void badValueIsNamedWithWhatWasExpected(String key, String value, String expected) {
        assertThatThrownBy(() -> bind(Map.of(key, value)))
                .rootCause()
                .hasMessageStartingWith("sluice.assistant." + key + ": ")
                .hasMessageContaining("(expected: " + expected);
    }

    @Test
    void keyIsNotShown() {
        assertThat(bind(Map.of("api-key", "sk-123456")).toString()).doesNotContain("sk-123456");
    }

    private static AssistantProperties bind(Map<String, String> settings) {
        var source = new MapConfigurationPropertySource();
        settings.forEach((key, value) -> source.put("sluice.assistant." + key, value));
        return new Binder(source).bindOrCreate("sluice.assistant", AssistantProperties.class);
    }
}
