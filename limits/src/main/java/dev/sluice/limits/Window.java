package dev.sluice.limits;

import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;

/**
 * The time in which a quota or a budget counts together.
 *
 * @param start its first millisecond since 1970-01-01T00:00Z
 * @param end the first millisecond after it
 * @param label its part of a key, without colons
 */
public record Window(long start, long end, String label) {
    private static final DateTimeFormatter LABEL =
            DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH.mm.ss'Z'").withZone(ZoneOffset.UTC);

    /** Whether the time lies in it. */
    public boolean holds(long millis) {
        return start <= millis && millis < end;
    }

    /** The day of a quota. */
    public static Window of(CalendarQuota quota, long millis) {
        LocalDate day = Instant.ofEpochMilli(millis).atZone(quota.zone()).toLocalDate();
        return new Window(
                day.atStartOfDay(quota.zone()).toInstant().toEpochMilli(),
                day.plusDays(1).atStartOfDay(quota.zone()).toInstant().toEpochMilli(),
                day.toString());
    }

    /** The window of a budget. */
    public static Window of(Budget budget, long millis) {
        long length = budget.window().toMillis();
        long start = Math.floorDiv(millis, length) * length;
        return new Window(start, start + length, LABEL.format(Instant.ofEpochMilli(start)));
    }
}
