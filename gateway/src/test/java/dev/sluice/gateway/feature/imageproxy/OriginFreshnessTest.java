package dev.sluice.gateway.feature.imageproxy;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.http.HttpHeaders;

class OriginFreshnessTest {
    private static final Instant RECEIVED = Instant.parse("2026-11-21T12:00:00Z");

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "public, max-age=60 | true",
                "no-cache | true",
                "max-age=0, must-revalidate | true",
                "private=\"set-cookie\" | true",
                "no-stores | true",
                "no-store | false",
                "NO-STORE | false",
                "max-age=60 ,  no-store | false",
                "private | false",
                "private,max-age=60 | false"
            })
    void onlyWhatIsSecretOrOnePersonsIsNotKept(String cacheControl, boolean kept) {
        HttpHeaders headers = new HttpHeaders();
        headers.add("Cache-Control", cacheControl);

        assertThat(OriginFreshness.mayBeKept(headers)).isEqualTo(kept);
    }

    @Test
    void everyLineOfTheFieldCounts() {
        HttpHeaders headers = new HttpHeaders();
        headers.add("Cache-Control", "max-age=60");
        headers.add("Cache-Control", "no-store");

        assertThat(OriginFreshness.mayBeKept(headers)).isFalse();
        assertThat(OriginFreshness.mayBeKept(new HttpHeaders())).isTrue();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "| | 0",
                "100 | | 100",
                "0 | | 0",
                "-5 | | 0",
                "1.5 | | 0",
                "9999999999999 | | 0",
                "nonsense | | 0",
                "| Sat, 21 Nov 2026 11:59:00 GMT | 60",
                "100 | Sat, 21 Nov 2026 11:59:00 GMT | 100",
                "10 | Sat, 21 Nov 2026 11:59:00 GMT | 60",
                "| Sat, 21 Nov 2026 12:05:00 GMT | 0",
                "7 | Sat, 21 Nov 2026 12:05:00 GMT | 7",
                "| Saturday, 21-Nov-26 11:59:00 GMT | 60",
                "| Sat Nov 21 11:59:00 2026 | 60",
                "7 | yesterday | 7"
            })
    void ageIsWhatTheOriginsCachesSayOrWhatItsDateSays(@Nullable String age, @Nullable String date, long seconds) {
        HttpHeaders headers = new HttpHeaders();
        if (age != null) {
            headers.add("Age", age);
        }
        if (date != null) {
            headers.add("Date", date);
        }

        assertThat(OriginFreshness.ageOf(headers, RECEIVED)).isEqualTo(Duration.ofSeconds(seconds));
    }
}
