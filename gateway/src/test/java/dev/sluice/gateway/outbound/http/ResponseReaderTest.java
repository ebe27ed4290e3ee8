package dev.sluice.gateway.outbound.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.http.HttpHeaders;
import tools.jackson.databind.json.JsonMapper;

/** What a provider's answers mean. */
class ResponseReaderTest {
    private static final JsonMapper MAPPER = new JsonMapper();
    private static final Instant NOW = Instant.parse("2026-11-21T10:00:00Z");

    @ParameterizedTest
    @CsvSource(
            nullValues = "-",
            value = {
                "7, -, 7",
                "0, 3s, 0",
                "'Sat, 21 Nov 2026 10:00:09 GMT', -, 9",
                "'Sat, 21 Nov 2026 09:00:00 GMT', -, -",
                "soon, 2.5s, 3",
                "-, 12s, 12",
                "-, 0.000000001s, 1",
                "-, -5s, -",
                "-, 5, -",
                "-, -, -"
            })
    void delayComesFromTheHeaderElseFromTheDetails(
            @Nullable String header, @Nullable String details, @Nullable Long seconds) {
        HttpHeaders headers = new HttpHeaders();
        if (header != null) {
            headers.set(HttpHeaders.RETRY_AFTER, header);
        }
        String error = details == null ? "{}" : "{\"details\":[{},{\"retryDelay\":\"" + details + "\"}]}";

        assertThat(ResponseReader.retryDelay(headers, MAPPER.readTree(error), NOW))
                .isEqualTo(seconds == null ? null : Duration.ofSeconds(seconds));
    }
}
