package dev.sluice.gateway.contract.http;

import java.time.Duration;
import java.time.Instant;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The field {@code Retry-After}, RFC 9110 section 10.2.3: whole seconds, or a date. */
public final class RetryAfter {
    private static final Pattern DELAY_SECONDS = Pattern.compile("\\d{1,9}");

    private RetryAfter() {}

    /**
     * The delay that a field asks for, negative for a date that has passed; null when the field is absent or cannot be
     * read.
     */
    public static @Nullable Duration parse(@Nullable String field, Instant now) {
        String value = field == null ? "" : field.strip();
        if (DELAY_SECONDS.matcher(value).matches()) {
            return Duration.ofSeconds(Long.parseLong(value));
        }
        Instant date = HttpDate.parse(value, now);
        return date == null ? null : Duration.between(now, date);
    }

    /** What a caller is told who is to come back after {@code wait}: whole seconds, rounded up, and at least 1. */
    public static long seconds(Duration wait) {
        return Math.max(1, delaySeconds(wait));
    }

    /** {@code duration} in whole seconds, rounded up: whoever comes back then is not too early. */
    public static long delaySeconds(Duration duration) {
        return duration.plusNanos(999_999_999).toSeconds();
    }
}
