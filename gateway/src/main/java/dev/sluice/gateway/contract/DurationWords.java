package dev.sluice.gateway.contract;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;

/** Durations as people say them, for sentences that people read. */
public final class DurationWords {
    private static final int LONGEST_IN_SECONDS = 120;

    private DurationWords() {}

    /**
     * For example {@code 250 milliseconds}, {@code 1 second}, {@code 2.5 seconds}, {@code 5 minutes}, {@code 1 hour}:
     * in the largest unit in which it is a whole number, in seconds up to two minutes.
     */
    public static String of(Duration duration) {
        long millis = Math.max(0, duration.toMillis());
        long seconds = duration.toSeconds();
        if (millis > 0 && millis < 1000) {
            return counted(BigDecimal.valueOf(millis), "millisecond");
        }
        if (seconds <= LONGEST_IN_SECONDS || millis % 60_000 != 0) {
            BigDecimal tenths = BigDecimal.valueOf(millis, 3).setScale(1, RoundingMode.HALF_UP);
            return counted(tenths.stripTrailingZeros(), "second");
        }
        return millis % 3_600_000 == 0
                ? counted(BigDecimal.valueOf(duration.toHours()), "hour")
                : counted(BigDecimal.valueOf(duration.toMinutes()), "minute");
    }

    private static String counted(BigDecimal count, String unit) {
        return count.toPlainString() + " " + unit + (count.compareTo(BigDecimal.ONE) == 0 ? "" : "s");
    }
}
