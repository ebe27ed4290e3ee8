package dev.sluice.gateway.contract;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DurationWordsTest {

    @ParameterizedTest
    @CsvSource({
        "PT0S, 0 seconds",
        "-PT1S, 0 seconds",
        "PT0.001S, 1 millisecond",
        "PT0.3S, 300 milliseconds",
        "PT1S, 1 second",
        "PT2.5S, 2.5 seconds",
        "PT1.99S, 2 seconds",
        "PT30S, 30 seconds",
        "PT1M, 60 seconds",
        "PT90S, 90 seconds",
        "PT2M, 120 seconds",
        "PT150S, 150 seconds",
        "PT5M, 5 minutes",
        "PT1H, 1 hour",
        "PT48H, 48 hours",
        "PT61M, 61 minutes",
    })
    void durationIsSaidAsPeopleSayIt(Duration duration, String words) {
        assertThat(DurationWords.of(duration)).isEqualTo(words);
    }
}
