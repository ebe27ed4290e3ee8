package dev.sluice.gateway.outbound.fetch.policy;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Spells the path and the query of a URL in one way, which every reader of RFC 3986 understands. */
public final class UrlPath {
    private static final HexFormat HEX = HexFormat.of().withUpperCase();
    private static final byte[] REPLACEMENT = "\uFFFD".getBytes(StandardCharsets.UTF_8);
    private static final Pattern DOT = Pattern.compile("(?:\\.|%2[eE]){1,2}");
    private static final Pattern MAYBE_DOTS = Pattern.compile("/(?:\\.|%2[eE])");

    private UrlPath() {}

    /**
     * The path, without its dot segments (RFC 3986 section 5.2.4), and the query if there is one.
     *
     * @param pathAndQuery begins with a slash
     */
    public static String canonical(String pathAndQuery) {
        String encoded = encode(pathAndQuery);
        int query = encoded.indexOf('?');
        String path = query < 0 ? encoded : encoded.substring(0, query);
        return MAYBE_DOTS.matcher(path).find() ? withoutDots(path) + encoded.substring(path.length()) : encoded;
    }

    /** Browsers take an encoded dot for a dot, and so do most origins. */
    private static String withoutDots(String path) {
        List<String> kept = new ArrayList<>();
        String[] segments = path.substring(1).split("/", -1);
        for (int i = 0; i < segments.length; i++) {
            boolean dots = DOT.matcher(segments[i]).matches();
            if (!dots) {
                kept.add(segments[i]);
                continue;
            }
            if (segments[i].toLowerCase(Locale.ROOT).replace("%2e", ".").length() == 2 && !kept.isEmpty()) {
                kept.removeLast();
            }
            if (i == segments.length - 1) {
                kept.add("");
            }
        }
        return "/" + String.join("/", kept);
    }

    /**
     * Percent-encodes, as UTF-8, what RFC 3986 does not admit in a path and query; a lone percent sign becomes
     * {@code %25}, half a surrogate pair the replacement character.
     */
    private static String encode(String pathAndQuery) {
        @Nullable StringBuilder encoded = null;
        int from = 0;
        for (int i = 0; i < pathAndQuery.length(); i++) {
            if (isAdmitted(pathAndQuery, i)) {
                continue;
            }
            encoded = encoded == null ? new StringBuilder(pathAndQuery.length() + 16) : encoded;
            encoded.append(pathAndQuery, from, i);
            int character = pathAndQuery.codePointAt(i);
            append(encoded, bytes(character));
            i += Character.charCount(character) - 1;
            from = i + 1;
        }
        return encoded == null
                ? pathAndQuery
                : encoded.append(pathAndQuery, from, pathAndQuery.length()).toString();
    }

    private static byte[] bytes(int character) {
        return Character.getType(character) == Character.SURROGATE
                ? REPLACEMENT
                : Character.toString(character).getBytes(StandardCharsets.UTF_8);
    }

    /** Percent-encodes each of {@code bytes}, whatever it is. */
    public static void append(StringBuilder text, byte... bytes) {
        for (byte b : bytes) {
            text.append('%').append(HEX.toHighHexDigit(b)).append(HEX.toLowHexDigit(b));
        }
    }

    private static boolean isAdmitted(String text, int at) {
        char c = text.charAt(at);
        if (c == '%') {
            return at + 2 < text.length()
                    && HexFormat.isHexDigit(text.charAt(at + 1))
                    && HexFormat.isHexDigit(text.charAt(at + 2));
        }
        return (c >= 'a' && c <= 'z')
                || (c >= 'A' && c <= 'Z')
                || (c >= '0' && c <= '9')
                || "-._~!$&'()*+,;=:@/?".indexOf(c) >= 0;
    }
}
