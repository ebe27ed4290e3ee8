package dev.sluice.zipstream;

import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * The names of one archive: makes each safe to unpack on any system, and unique. The same wishes in the same order give
 * the same names. Not thread-safe: one instance per archive, asked in the order of its entries.
 *
 * <p>A name is a single path part of at most {@value #MAX_BYTES} bytes of UTF-8, in Unicode form NFC, made of
 *
 * <pre>
 *   stem [" (" n ")"] ["." extension]          cat.jpg   cat (2).jpg   _CON.png   image.webp
 * </pre>
 *
 * <p>What is changed and why: {@link SafeName}.
 */
public final class EntryNames {

    /** Below the 255 bytes of common file systems, with room for what an unpacking tool may add. */
    static final int MAX_BYTES = 200;

    private final Set<String> taken = new HashSet<>();
    private final Map<String, Integer> nextNumber = new HashMap<>();

    /** Names for a new archive. */
    public EntryNames() {}

    /**
     * Takes a name for an entry.
     *
     * @param wanted what the entry might be called: a file name or a path, whose last part counts; percent-decoded.
     *     Anything goes, nothing of it is trusted; if nothing is left of it, the entry is called {@code image}
     * @param extension of the type that was detected, without a dot, such as {@code jpg}: letters and digits. The name
     *     will end with it or with an equal one ({@code jpg} and {@code jpeg}). Empty if there is none to insist on
     * @throws IllegalArgumentException if the extension is not one
     */
    public String claim(String wanted, String extension) {
        SafeName safe = SafeName.of(wanted, extension);
        String first = safe.numbered("", MAX_BYTES);
        String key = caseless(first);
        String name = first;
        // A counter per name, not a search from 2: many equal wishes would cost quadratic time.
        int number = nextNumber.getOrDefault(key, 2);
        while (!taken.add(caseless(name))) {
            name = safe.numbered(" (" + number + ")", MAX_BYTES);
            number++;
        }
        nextNumber.put(key, number);
        return name;
    }

    /** Equal for names that some file system holds to be one: upper before lower case also joins ß and SS, ı and I. */
    private static String caseless(String name) {
        String folded = name.toUpperCase(Locale.ROOT).toLowerCase(Locale.ROOT);
        return Normalizer.normalize(folded, Normalizer.Form.NFC);
    }

    static int utf8Length(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }
}
