package dev.sluice.gateway.feature.webapp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

class WebAppPropertiesTest {

    @Test
    void theAppIsServedAndTalksToItsGatewayAloneByDefault() {
        assertThat(bind(Map.of())).isEqualTo(new WebAppProperties(true, List.of()));
    }

    @Test
    void everyKeyIsRead() {
        assertThat(bind(Map.of(
                        "sluice.web-app.enabled", "false",
                        "sluice.web-app.connect-to", "https://bucket.example,http://127.0.0.1:9000")))
                .isEqualTo(new WebAppProperties(false, List.of("https://bucket.example", "http://127.0.0.1:9000")));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "bucket.example",
                "https://bucket.example/",
                "https://bucket.example/path",
                "https://user@bucket.example",
                "https://a; script-src *",
                "*",
                "'self'"
            })
    void whatIsNoOriginIsRefusedByName(String origin) {
        assertThatThrownBy(() -> new WebAppProperties(true, List.of(origin)))
                .hasMessageContaining("sluice.web-app.connect-to: " + origin + " (expected: origins");
    }

    private static WebAppProperties bind(Map<String, String> settings) {
        return new Binder(new MapConfigurationPropertySource(settings))
                .bindOrCreate("sluice.web-app", WebAppProperties.class);
    }
}
