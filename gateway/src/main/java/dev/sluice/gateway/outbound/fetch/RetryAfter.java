package dev.sluice.gateway.outbound.fetch;

import dev.sluice.gateway.contract.HttpDate;
import java.io.Serial;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;

/** How long an origin asked to be left alone, RFC 9110 section 10.2.3: seconds or a date. The cause of its refusal. */
final class RetryAfter extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1L;

    private final Duration pause;

    RetryAfter(Duration pause) {
        super("Retry-After", null, false, false);
        this.pause = pause;
    }

    /** Never negative. */
    Duration pause() {
        return pause;
    }

    /** What the headers ask for; null when they ask for nothing, or not in a way that can be read. */
    static @Nullable RetryAfter of(HttpHeaders headers) {
        String value = headers.getFirst(HttpHeaders.RETRY_AFTER);
        return value == null ? null : parse(value.strip(), Instant.now());
    }

    static @Nullable RetryAfter parse(String value, Instant now) {
        if (value.matches("\\d{1,9}")) {
            return new RetryAfter(Duration.ofSeconds(Long.parseLong(value)));
        }
        Instant date = HttpDate.parse(value, now);
        if (date == null) {
            return null;
        }
        return new RetryAfter(date.isBefore(now) ? Duration.ZERO : Duration.between(now, date));
    }
}
