package dev.sluice.gateway.feature.imageproxy;

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

class ImageProxyPropertiesTest {

    @Test
    void defaultsAreThoseOfTheReadme() {
        assertThat(bind(Map.of()))
                .isEqualTo(new ImageProxyProperties(
                        DataSize.ofKilobytes(16),
                        Duration.ofDays(1),
                        Duration.ofDays(7),
                        Duration.ofDays(1),
                        100,
                        Duration.ofSeconds(30),
                        3));
    }

    @Test
    void everyKeyIsRead() {
        ImageProxyProperties properties = bind(Map.ofEntries(
                Map.entry("slowest-reader", "19KB"),
                Map.entry("max-age", "2h"),
                Map.entry("stale-while-revalidate", "3h"),
                Map.entry("signed-url-ttl", "4h"),
                Map.entry("max-urls", "9"),
                Map.entry("transform-timeout", "17s"),
                Map.entry("transform-cost", "18")));

        assertThat(properties)
                .isEqualTo(new ImageProxyProperties(
                        DataSize.ofKilobytes(19),
                        Duration.ofHours(2),
                        Duration.ofHours(3),
                        Duration.ofHours(4),
                        9,
                        Duration.ofSeconds(17),
                        18));
    }

    @ParameterizedTest
    @CsvSource({
        "slowest-reader, 0B, 1B to",
        "max-age, -1s, PT0S to",
        "max-age, 367d, PT0S to",
        "stale-while-revalidate, -1s, PT0S to",
        "stale-while-revalidate, 367d, PT0S to",
        "signed-url-ttl, 59s, PT1M to",
        "signed-url-ttl, 367d, PT1M to",
        "max-urls, 0, 1 to 1000",
        "max-urls, 1001, 1 to 1000",
        "transform-timeout, 99ms, PT0.1S to PT5M",
        "transform-timeout, 6m, PT0.1S to PT5M",
        "transform-cost, 0, 1 to 1000",
        "transform-cost, 1001, 1 to 1000"
    })
    void badValueIsNamedWithWhatWasExpected(String key, String value, String expected) {
        assertThatThrownBy(() -> bind(Map.of(key, value)))
                .rootCause()
                .hasMessageStartingWith("sluice.image-proxy." + key + ": ")
                .hasMessageContaining("(expected: " + expected);
    }

    private static ImageProxyProperties bind(Map<String, String> settings) {
        var source = new MapConfigurationPropertySource();
        settings.forEach((key, value) -> source.put("sluice.image-proxy." + key, value));
        return new Binder(source).bindOrCreate("sluice.image-proxy", ImageProxyProperties.class);
    }
}
