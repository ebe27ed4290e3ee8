package dev.sluice.gateway.contract.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RetryAfterTest {
    private static final Instant NOW = Instant.parse("2026-11-21T10:00:00Z");

    @ParameterizedTest
    @CsvSource(
            nullValues = "-",
            value = {
                "7, 7",
                "' 0 ', 0",
                "999999999, 999999999",
                "'Sat, 21 Nov 2026 10:00:09 GMT', 9",
                "'Sat, 21 Nov 2026 09:59:00 GMT', -60",
                "1000000000, -",
                "-1, -",
                "1.5, -",
                "soon, -",
                "'', -",
                "-, -"
            })
    void fieldIsWholeSecondsOrADate(@Nullable String field, @Nullable Long seconds) {
        assertThat(RetryAfter.parse(field, NOW)).isEqualTo(seconds == null ? null : Duration.ofSeconds(seconds));
    }

    @Test
    void callerIsNeverToldToComeBackAtOnce() {
        assertThat(RetryAfter.seconds(Duration.ZERO)).isEqualTo(1);
        assertThat(RetryAfter.seconds(Duration.ofMillis(1_001))).isEqualTo(2);
    }

    @Test
    void delayIsRoundedUpToWholeSeconds() {
        assertThat(RetryAfter.delaySeconds(Duration.ZERO)).isZero();
        assertThat(RetryAfter.delaySeconds(Duration.ofNanos(1))).isEqualTo(1);
        assertThat(RetryAfter.delaySeconds(Duration.ofSeconds(7))).isEqualTo(7);
        assertThat(RetryAfter.delaySeconds(Duration.ofMillis(7001))).isEqualTo(8);
    }
}
