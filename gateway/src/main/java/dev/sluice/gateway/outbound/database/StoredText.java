package dev.sluice.gateway.outbound.database;

import java.text.Normalizer;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Rules for text columns that make H2 and PostgreSQL store and find the same. */
public final class StoredText {
    private static final char ESCAPE = '!';

    private StoredText() {}

    /** Checks that the text has at most {@code longest} code points and no NUL, which PostgreSQL does not store. */
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

    /** Checks as {@link #check} does, and that the text is not blank. */
    public static void checkNotBlank(String name, String value, int longest) {
        if (value.isBlank()) {
            throw new IllegalArgumentException(name + ": blank (expected: a text)");
        }
        check(name, value, longest);
    }

    /** The text in NFC and lower case: compares without regard to case, whatever the database's locale. */
    public static @Nullable String foldCase(@Nullable String text) {
        return text == null
                ? null
                : Normalizer.normalize(text, Normalizer.Form.NFC).toLowerCase(Locale.ROOT);
    }

    /** A LIKE pattern, with {@code ESCAPE '!'}, that matches whatever contains the text. */
    public static String likePattern(String text) {
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
