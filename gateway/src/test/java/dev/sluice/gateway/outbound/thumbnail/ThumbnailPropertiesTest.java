package dev.sluice.gateway.outbound.thumbnail;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

class ThumbnailPropertiesTest {
    private static ThumbnailProperties bind(Map<String, String> settings) {
        var source = new MapConfigurationPropertySource();
        settings.forEach((key, value) -> source.put("sluice.thumbnails." + key, value));
        return new Binder(source).bindOrCreate("sluice.thumbnails", ThumbnailProperties.class);
    }

    @Test
    void defaultsAreThoseOfTheReadme() {
        assertThat(bind(Map.of()))
                .isEqualTo(new ThumbnailProperties(
                        Duration.ofSeconds(10),
                        Duration.ofMinutes(1),
                        Duration.ofMinutes(10),
                        Duration.ofSeconds(10),
                        Duration.ofMinutes(1),
                        6));
    }

    @Test
    void everyKeyIsRead() {
        assertThat(bind(Map.of(
                        "intake-timeout", "1s",
                        "store-timeout", "2s",
                        "lease", "3s",
                        "poll", "4s",
                        "retry-pause", "5s",
                        "tries", "7")))
                .isEqualTo(new ThumbnailProperties(
                        Duration.ofSeconds(1),
                        Duration.ofSeconds(2),
                        Duration.ofSeconds(3),
                        Duration.ofSeconds(4),
                        Duration.ofSeconds(5),
                        7));
    }

    @ParameterizedTest
    @CsvSource({
        "intake-timeout, 2m",
        "store-timeout, 0s",
        "lease, 0s",
        "poll, 1ms",
        "retry-pause, 2d",
        "tries, 0",
        "tries, 101"
    })
    void badValueIsNamed(String key, String value) {
        assertThatThrownBy(() -> bind(Map.of(key, value)))
                .rootCause()
                .hasMessageContaining("sluice.thumbnails." + key)
                .hasMessageContaining("expected: ");
    }
}
