package dev.sluice.gateway.contract.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HttpDateTest {
    private static final Instant NOW = Instant.parse("2026-11-28T00:00:00Z");

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "Sun, 06 Nov 1994 08:49:37 GMT | 1994-11-06T08:49:37Z",
                "Sunday, 06-Nov-94 08:49:37 GMT | 1994-11-06T08:49:37Z",
                "Sun Nov  6 08:49:37 1994 | 1994-11-06T08:49:37Z",
                "Sun Nov 16 08:49:37 1994 | 1994-11-16T08:49:37Z",
                "Sun, 6 Nov 1994 08:49:37 GMT | 1994-11-06T08:49:37Z",
                "Sun, 06-Nov-1994 08:49:37 GMT | 1994-11-06T08:49:37Z",
                "sun, 06 NOV 1994 08:49:37 GMT | 1994-11-06T08:49:37Z",
                "Mon, 06 Nov 1994 08:49:37 UTC | 1994-11-06T08:49:37Z",
                "06 Nov 1994 08:49:37 GMT | 1994-11-06T08:49:37Z",
                "Sat, 31 Dec 2016 23:59:60 GMT | 2016-12-31T23:59:59Z",
                "Saturday, 28-Nov-76 00:00:00 GMT | 2076-11-28T00:00:00Z",
                "Monday, 28-Nov-77 00:00:00 GMT | 1977-11-28T00:00:00Z",
                "Saturday, 01-Jan-00 00:00:00 GMT | 2000-01-01T00:00:00Z"
            })
    void dateIsReadInEveryForm(String text, Instant date) {
        assertThat(HttpDate.parse(text, NOW)).isEqualTo(date);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "0",
                "-1",
                "now",
                "1994-11-06T08:49:37Z",
                "Sun, 06 Nov 1994 08:49:37 PST",
                "Sun, 06 Nov 1994 08:49:37",
                "Sun, 06 Nov 1994 24:49:37 GMT",
                "Sun, 31 Nov 1994 08:49:37 GMT",
                "Sun, 06 Now 1994 08:49:37 GMT",
                "Sun, 06 Nov 1994 08:49:37 GMT; length=5",
                "Sun Nov  6 08:49:37 94"
            })
    void whatIsNoDateIsNone(String text) {
        assertThat(HttpDate.parse(text, NOW)).isNull();
    }

    @Test
    void noTextIsNoDate() {
        assertThat(HttpDate.parse(null)).isNull();
    }
}
