package dev.sluice.gateway.outbound.alert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

class AlertPropertiesTest {
    private static final String DSN = "https://0123456789abcdef@sentry.example/42";

    @Test
    void defaultsAreThoseOfTheDocumentation() {
        AlertProperties properties = bind(Map.of());

        assertThat(properties.sentryDsn()).isEmpty();
        assertThat(properties.repeatAfter()).isEqualTo(Duration.ofHours(1));
        assertThat(properties.queue()).isEqualTo(30);
        assertThat(properties.closeTimeout()).isEqualTo(Duration.ofSeconds(2));
    }

    @Test
    void everyKeyIsRead() {
        assertThat(bind(Map.of("sentry-dsn", DSN, "repeat-after", "5m", "queue", "7", "close-timeout", "1s")))
                .isEqualTo(new AlertProperties(DSN, Duration.ofMinutes(5), 7, Duration.ofSeconds(1)));
    }

    @ParameterizedTest
    @CsvSource({
        "sentry-dsn, https://sentry.example/42, https://KEY@HOST/PROJECT",
        "sentry-dsn, https://secretkey@sentry.example, https://KEY@HOST/PROJECT",
        "sentry-dsn, secretkey, https://KEY@HOST/PROJECT",
        "repeat-after, 1ms, PT1S to PT168H",
        "queue, 0, 1 to 1000",
        "close-timeout, 1m, PT0S to PT30S"
    })
    void badValueIsNamedWithWhatWasExpected(String key, String value, String expected) {
        assertThatThrownBy(() -> bind(Map.of(key, value)))
                .rootCause()
                .hasMessageStartingWith("sluice.alerts." + key + ": ")
                .hasMessageContaining("(expected: " + expected)
                .message()
                .doesNotContain("secretkey");
    }

    @Test
    void keyInTheDsnIsNotShown() {
        assertThat(bind(Map.of("sentry-dsn", DSN)).toString()).doesNotContain("0123456789abcdef");
    }

    private static AlertProperties bind(Map<String, String> settings) {
        var source = new MapConfigurationPropertySource();
        settings.forEach((key, value) -> source.put("sluice.alerts." + key, value));
        return new Binder(source).bindOrCreate("sluice.alerts", AlertProperties.class);
    }
}
