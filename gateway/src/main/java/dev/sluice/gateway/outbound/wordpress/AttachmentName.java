package dev.sluice.gateway.outbound.wordpress;

import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A file's name for {@code Content-Disposition}, RFC 6266. WordPress reads {@code filename} alone, cuts the field at
 * each semicolon and undoes no escapes, so that form holds none of these; {@code filename*} has the name as it was for
 * who reads that.
 */
final class AttachmentName {
    private static final int LONGEST = 120;
    private static final Pattern EXTENSION = Pattern.compile("\\.[A-Za-z0-9]{1,5}$");
    private static final String ATTR_CHARS = "!#$&+-.^_`|~";

    private final String name;

    AttachmentName(String name) {
        String oneLine = Normalizer.normalize(name, Normalizer.Form.NFC)
                .replaceAll("[\\p{Cntrl}\\p{Cf}\\p{Cs}\\u2028\\u2029]+", " ")
                .strip();
        this.name = oneLine.length() <= LONGEST ? oneLine : shortened(oneLine);
    }

    /** The field's value. */
    String disposition() {
        return "attachment; filename=\"" + plain() + "\"; filename*=UTF-8''" + encoded();
    }

    /** One dot at most, so that nothing within the name passes for its extension. */
    private String plain() {
        String extension = extension(name);
        String stem = ascii(name.substring(0, name.length() - extension.length()));
        return (stem.isEmpty() ? "image" : stem) + extension;
    }

    /** Letters, digits, dashes and underscores: marks are taken off, all else becomes a dash. */
    private static String ascii(String text) {
        return Normalizer.normalize(text, Normalizer.Form.NFD)
                .replaceAll("\\p{M}+", "")
                .replaceAll("[^A-Za-z0-9_]+", "-")
                .replaceAll("^-|-$", "");
    }

    /** RFC 8187 section 3.2.1. */
    private String encoded() {
        StringBuilder text = new StringBuilder();
        for (byte b : name.getBytes(StandardCharsets.UTF_8)) {
            char c = (char) (b & 0xff);
            boolean plain = c < 0x80 && (Character.isLetterOrDigit(c) || ATTR_CHARS.indexOf(c) >= 0);
            text.append(plain ? String.valueOf(c) : String.format("%%%02X", (int) c));
        }
        return text.toString();
    }

    /** The middle goes: the beginning tells what it is, the end which format. */
    private static String shortened(String name) {
        String extension = extension(name);
        return name.substring(0, LONGEST - extension.length()) + extension;
    }

    /** Its dot included; empty when there is none. */
    private static String extension(String name) {
        Matcher extension = EXTENSION.matcher(name);
        return extension.find() ? extension.group() : "";
    }
}
