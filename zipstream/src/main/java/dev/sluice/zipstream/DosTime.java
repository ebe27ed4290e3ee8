package dev.sluice.zipstream;

import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;

/**
 * The format's time stamp (APPNOTE 4.4.6, the layout of MS-DOS): local time without a zone, in steps of two seconds.
 *
 * <pre>
 *   31      25 24   21 20   16 15   11 10     5 4        0
 *   │ year-1980 │ month │ day  │ hour  │ minute │ second/2 │
 * </pre>
 *
 * <p>Here it is always UTC, so that the same entry gives the same bytes on every machine.
 */
final class DosTime {

    private static final int FIRST_YEAR = 1980;
    private static final Instant EARLIEST = Instant.parse("1980-01-01T00:00:00Z");
    private static final Instant LATEST = Instant.parse("2107-12-31T23:59:58Z");

    private DosTime() {}

    /** Rounded down to two seconds; times outside 1980 to 2107 become the nearest the format can hold. */
    static int of(Instant instant) {
        Instant clamped = instant.isBefore(EARLIEST) ? EARLIEST : instant.isAfter(LATEST) ? LATEST : instant;
        LocalDateTime t = LocalDateTime.ofInstant(clamped, ZoneOffset.UTC);
        int date = (t.getYear() - FIRST_YEAR) << 9 | t.getMonthValue() << 5 | t.getDayOfMonth();
        int time = t.getHour() << 11 | t.getMinute() << 5 | t.getSecond() / 2;
        return date << 16 | time;
    }
}
