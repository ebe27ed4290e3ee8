package dev.sluice.gateway.contract.http;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads dates of header fields in all three forms that RFC 9110 section 5.6.7 wants read:
 *
 * <pre>
 *   Sun, 06 Nov 1994 08:49:37 GMT      Sunday, 06-Nov-94 08:49:37 GMT      Sun Nov  6 08:49:37 1994
 * </pre>
 *
 * <p>The day of the week says nothing that the rest does not, so it is not looked at.
 */
public final class HttpDate {
    private static final String DAY_OF_WEEK = "[A-Za-z]{3,9}";
    private static final String TIME = "(?<h>\\d{2}):(?<m>\\d{2}):(?<s>\\d{2})";
    private static final Pattern DAY_FIRST = Pattern.compile("(?:" + DAY_OF_WEEK
            + ",? +)?(?<day>\\d{1,2})[ -](?<month>[A-Za-z]{3})[ -](?<year>\\d{4}|\\d{2}) +" + TIME
            + " +(?:GMT|UTC|\\+0000)");
    private static final Pattern MONTH_FIRST =
            Pattern.compile(DAY_OF_WEEK + " +(?<month>[A-Za-z]{3}) +(?<day>\\d{1,2}) +" + TIME + " +(?<year>\\d{4})");
    private static final List<String> MONTHS =
            List.of("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec");
    private static final int FURTHEST_AHEAD = 50;
    private static final int CENTURY = 100;
    private static final int PREFERRED_LENGTH = "Sun, 06 Nov 1994 08:49:37 GMT".length();

    private HttpDate() {}

    /** The date that {@code text} says; null when it is absent or says none. */
    public static @Nullable Instant parse(@Nullable String text) {
        return parse(text, Instant.now());
    }

    /** As {@link #parse(String)}, at another time than now: a year of two digits is never more than 50 years ahead. */
    public static @Nullable Instant parse(@Nullable String text, Instant now) {
        String date = text == null ? "" : text.strip();
        if (date.isEmpty()) {
            return null;
        }
        Instant preferred = preferred(date);
        if (preferred != null) {
            return preferred;
        }
        Matcher dayFirst = DAY_FIRST.matcher(date);
        if (dayFirst.matches()) {
            return instant(dayFirst, now);
        }
        Matcher monthFirst = MONTH_FIRST.matcher(date);
        return monthFirst.matches() ? instant(monthFirst, now) : null;
    }

    /** The first form, which nearly all are in, read by its places; null if it is another. */
    private static @Nullable Instant preferred(String date) {
        if (date.length() != PREFERRED_LENGTH || !date.endsWith(" GMT") || !date.startsWith(", ", 3)) {
            return null;
        }
        int day = number(date, 5, 2);
        int month = date.charAt(7) == ' ' && date.charAt(11) == ' ' ? 1 + MONTHS.indexOf(lower(date, 8)) : 0;
        int year = number(date, 12, 4);
        int hour = date.charAt(16) == ' ' ? number(date, 17, 2) : -1;
        int minute = date.charAt(19) == ':' ? number(date, 20, 2) : -1;
        int second = date.charAt(22) == ':' ? number(date, 23, 2) : -1;
        if (month == 0 || year < 0 || Math.min(Math.min(day, hour), Math.min(minute, second)) < 0) {
            return null;
        }
        return instant(year, month, day, hour, minute, second);
    }

    private static String lower(String date, int start) {
        return date.substring(start, start + 3).toLowerCase(Locale.ROOT);
    }

    /** Of so many digits; negative if there is anything else. */
    private static int number(String date, int start, int digits) {
        int number = 0;
        for (int index = start; index < start + digits; index++) {
            int digit = date.charAt(index) - '0';
            if (digit < 0 || digit > 9) {
                return -1;
            }
            number = number * 10 + digit;
        }
        return number;
    }

    private static @Nullable Instant instant(Matcher parts, Instant now) {
        int month = 1 + MONTHS.indexOf(parts.group("month").toLowerCase(Locale.ROOT));
        return instant(
                year(parts.group("year"), now),
                month,
                Integer.parseInt(parts.group("day")),
                Integer.parseInt(parts.group("h")),
                Integer.parseInt(parts.group("m")),
                Integer.parseInt(parts.group("s")));
    }

    private static @Nullable Instant instant(int year, int month, int day, int hour, int minute, int second) {
        try {
            return LocalDateTime.of(year, month, day, hour, minute, second == 60 ? 59 : second) // a leap second
                    .toInstant(ZoneOffset.UTC);
        } catch (DateTimeException impossible) {
            return null;
        }
    }

    private static int year(String digits, Instant now) {
        int year = Integer.parseInt(digits);
        if (digits.length() == 4) {
            return year;
        }
        int latest = now.atOffset(ZoneOffset.UTC).getYear() + FURTHEST_AHEAD;
        return latest - Math.floorMod(latest - year, CENTURY);
    }
}
