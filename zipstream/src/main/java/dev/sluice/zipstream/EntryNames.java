package dev.sluice.zipstream;

import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The names of one archive: makes each safe to unpack on any system, and unique. The same requests in the same order
 * give the same names. Not thread-safe: one instance per archive, asked in the order of its entries.
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
        // A counter per name, not a search from 2: many equal requests would cost quadratic time.
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

    /**
     * A requested file name, made safe. What is done, in this order:
     *
     * <ol>
     *   <li>Only what follows the last {@code /} or {@code \} counts (APPNOTE 4.4.17.1 has no other protection against
     *       "zip slip"), and no drive letter.
     *   <li>Control characters go; so do format characters, as those for writing direction make {@code gpj.exe} look
     *       like {@code exe.jpg}, zero-width ones make different names look equal, and lone surrogates are no text at
     *       all.
     *   <li>Characters that Windows forbids become {@code _}, odd white space a plain space.
     *   <li>Unicode form NFC, as the same letters would else be two names on one system and one on the next.
     *   <li>The extension becomes that of the detected type: replaced if it names another image type, else appended.
     *   <li>No dots or spaces around the stem: Windows drops them at the end, and a leading dot hides the file.
     *   <li>Windows opens a device for {@code NUL}, {@code con.tar.gz} and their like: such names get a {@code _} in
     *       front.
     * </ol>
     *
     * @param stem never empty
     * @param suffix the extension with its dot, or empty
     */
    private record SafeName(String stem, String suffix) {

        private static final String FALLBACK = "image";
        private static final int LONGEST_READ = 1024;
        private static final int END_READ = 128; // room for an extension, and for what is trimmed behind it
        private static final Pattern EXTENSION = Pattern.compile("[A-Za-z0-9]{0,10}");
        private static final Pattern DRIVE = Pattern.compile("^\\s*[A-Za-z]:");
        private static final String FORBIDDEN_ON_WINDOWS = "<>:\"|?*";
        private static final Pattern RESERVED_ON_WINDOWS = Pattern.compile(
                "(?:CON|PRN|AUX|NUL|CLOCK\\$|CONIN\\$|CONOUT\\$|(?:COM|LPT)[0-9\u00B9\u00B2\u00B3]) *(?:\\..*)?",
                Pattern.CASE_INSENSITIVE);
        private static final Set<String> IMAGE_EXTENSIONS = Set.of(
                "apng", "avif", "bmp", "gif", "heic", "heif", "ico", "jfif", "jpe", "jpeg", "jpg", "jxl", "png", "svg",
                "tif", "tiff", "webp");

        static SafeName of(String wanted, String extension) {
            if (!EXTENSION.matcher(extension).matches()) {
                throw new IllegalArgumentException(
                        "extension: '" + extension + "' (expected: up to 10 letters and digits)");
            }
            String name = Normalizer.normalize(withoutOddCharacters(lastPart(wanted)), Normalizer.Form.NFC);
            name = name.substring(0, endOfText(name));
            String suffix = extension.isEmpty() ? "" : "." + extension.toLowerCase(Locale.ROOT);
            int dot = name.lastIndexOf('.');
            if (dot >= 0 && !extension.isEmpty()) {
                String present = name.substring(dot + 1);
                if (agree(present, extension)) {
                    suffix = "." + present;
                    name = name.substring(0, dot);
                } else if (IMAGE_EXTENSIONS.contains(present.toLowerCase(Locale.ROOT))) {
                    name = name.substring(0, dot);
                }
            }
            String stem = trimmed(name).isEmpty() ? FALLBACK : trimmed(name);
            return new SafeName(RESERVED_ON_WINDOWS.matcher(stem + suffix).matches() ? "_" + stem : stem, suffix);
        }

        /**
         * The whole name with {@code number} after its stem, the stem cut at a code point so that {@code maxBytes}
         * suffice.
         */
        String numbered(String number, int maxBytes) {
            String end = number + suffix;
            int room = maxBytes - utf8Length(end);
            int cut = 0;
            while (cut < stem.length() && room > 0) {
                int next = stem.offsetByCodePoints(cut, 1);
                room -= utf8Length(stem.substring(cut, next));
                cut = room < 0 ? cut : next;
            }
            return trimmed(stem.substring(0, cut)) + end;
        }

        private static String lastPart(String path) {
            int end = path.length();
            while (end > 0 && isSlash(path.charAt(end - 1))) {
                end--;
            }
            int start = end;
            while (start > 0 && !isSlash(path.charAt(start - 1))) {
                start--;
            }
            return DRIVE.matcher(bounded(path.substring(start, end))).replaceFirst("");
        }

        /**
         * Its beginning and its end, where they are far more than a name keeps: bringing it into form NFC takes time.
         */
        private static String bounded(String part) {
            return part.length() <= LONGEST_READ
                    ? part
                    : part.substring(0, LONGEST_READ - END_READ) + part.substring(part.length() - END_READ);
        }

        private static boolean isSlash(char c) {
            return c == '/' || c == '\\';
        }

        private static String withoutOddCharacters(String text) {
            StringBuilder safe = new StringBuilder(text.length());
            text.codePoints().forEach(c -> {
                int type = Character.getType(c);
                boolean gone = type == Character.CONTROL
                        || type == Character.FORMAT
                        || type == Character.SURROGATE
                        || type == Character.LINE_SEPARATOR
                        || type == Character.PARAGRAPH_SEPARATOR
                        || (c & 0xFFFE) == 0xFFFE;
                if (type == Character.SPACE_SEPARATOR) {
                    safe.append(' ');
                } else if (FORBIDDEN_ON_WINDOWS.indexOf(c) >= 0) {
                    safe.append('_');
                } else if (!gone) {
                    safe.appendCodePoint(c);
                }
            });
            return safe.toString();
        }

        private static boolean agree(String present, String extension) {
            return canonical(present).equals(canonical(extension));
        }

        private static String canonical(String extension) {
            return switch (extension.toLowerCase(Locale.ROOT)) {
                case "jpeg" -> "jpg";
                case "tiff" -> "tif";
                case String other -> other;
            };
        }

        private static String trimmed(String text) {
            int start = 0;
            int end = endOfText(text);
            while (start < end && isDotOrSpace(text.charAt(start))) {
                start++;
            }
            return text.substring(start, end);
        }

        private static int endOfText(String text) {
            int end = text.length();
            while (end > 0 && isDotOrSpace(text.charAt(end - 1))) {
                end--;
            }
            return end;
        }

        private static boolean isDotOrSpace(char c) {
            return c == '.' || c == ' ';
        }
    }
}
