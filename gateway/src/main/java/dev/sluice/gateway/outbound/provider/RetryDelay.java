package dev.sluice.gateway.outbound.provider;

import dev.sluice.gateway.contract.HttpDate;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.time.Instant;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import tools.jackson.databind.JsonNode;

/**
 * How long a provider wants to be left alone: the header {@code Retry-After} (RFC 9110 section 10.2.3), else the
 * {@code google.rpc.RetryInfo} among the details of its error.
 */
final class RetryDelay {
    private static final Pattern WHOLE_SECONDS = Pattern.compile("\\d{1,6}");
    private static final Pattern PROTOBUF_DURATION = Pattern.compile("\\d{1,6}(\\.\\d{1,9})?s");

    private RetryDelay() {}

    /** Whole seconds, rounded up; null when nothing legible is said. */
    static @Nullable Duration of(HttpHeaders headers, JsonNode error, Instant now) {
        String header = headers.getFirst(HttpHeaders.RETRY_AFTER);
        Duration asked = header == null ? null : ofHeader(header.strip(), now);
        return asked != null ? asked : ofDetails(error.path("details"));
    }

    private static @Nullable Duration ofHeader(String value, Instant now) {
        if (WHOLE_SECONDS.matcher(value).matches()) {
            return Duration.ofSeconds(Long.parseLong(value));
        }
        Instant date = HttpDate.parse(value, now);
        return date == null || date.isBefore(now)
                ? null
                : Duration.ofSeconds(Duration.between(now, date).plusMillis(999).toSeconds());
    }

    private static @Nullable Duration ofDetails(JsonNode details) {
        for (JsonNode detail : details) {
            String delay = detail.path("retryDelay").asString("");
            if (PROTOBUF_DURATION.matcher(delay).matches()) {
                BigDecimal seconds = new BigDecimal(delay.substring(0, delay.length() - 1));
                return Duration.ofSeconds(
                        seconds.setScale(0, RoundingMode.CEILING).longValueExact());
            }
        }
        return null;
    }
}
