package dev.sluice.gateway.outbound.database;

import java.text.Normalizer;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What both databases store alike. */
public final class Text {
    private static final char ESCAPE = '!';

    private Text() {}

    /** At most so many code points, and no NUL, which PostgreSQL does not store. */
    public static void check(String name, @Nullable String value, int longest) {
        if (value == null) {
            return;
        }
        if (value.indexOf('\0') >= 0) {
            throw new IllegalArgumentException(name + " (expected: no NUL)");
        }
        if (value.codePointCount(0, value.length()) > longest) {
            throw new IllegalArgumentException(name + ": " + value.codePointCount(0, value.length())
                    + " characters (expected: at most " + longest + ")");
        }
    }

    /** And not empty. */
    public static void checkPresent(String name, String value, int longest) {
        if (value.isBlank()) {
            throw new IllegalArgumentException(name + ": blank (expected: a text)");
        }
        check(name, value, longest);
    }

    /** For comparing without regard to case, in the same way whatever the database's locale. */
    public static @Nullable String fold(@Nullable String text) {
        return text == null
                ? null
                : Normalizer.normalize(text, Normalizer.Form.NFC).toLowerCase(Locale.ROOT);
    }

    /** A LIKE pattern, with {@code ESCAPE '!'}, for whatever contains the text. */
    public static String containing(String text) {
        StringBuilder pattern = new StringBuilder("%");
        for (char unit : Normalizer.normalize(text, Normalizer.Form.NFC)
                .toLowerCase(Locale.ROOT)
                .toCharArray()) {
            if (unit == ESCAPE || unit == '%' || unit == '_') {
                pattern.append(ESCAPE);
            }
            pattern.append(unit);
        }
        return pattern.append('%').toString();
    }
}
