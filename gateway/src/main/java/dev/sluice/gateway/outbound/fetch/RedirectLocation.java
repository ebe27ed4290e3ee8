package dev.sluice.gateway.outbound.fetch;

import dev.sluice.gateway.outbound.fetch.Exchange.Answer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Pattern;
import org.springframework.http.HttpHeaders;

/**
 * Where a redirect leads: its {@code Location} (RFC 9110 section 10.2.2), resolved against the URL that it came from
 * (RFC 3986 section 5.2).
 *
 * <p>Origins write what browsers understand, so it is read as they do: a backslash before the query is a slash; tabs
 * are dropped; bytes beyond ASCII are percent-encoded as they came, whatever they meant, but for those of a host, which
 * are UTF-8. Nothing is judged here; {@link UrlGuard} judges the result, dot segments and all.
 */
final class RedirectLocation {
    private static final Pattern SCHEME = Pattern.compile("(?s)[A-Za-z][A-Za-z0-9+.-]*:.*");

    private RedirectLocation() {}

    /**
     * The absolute URL, not yet judged.
     *
     * @throws FetchException when there is none, more than one that differ, or one that is too long
     */
    static String of(Target from, Answer answer) {
        List<String> values = answer.headers().getOrEmpty(HttpHeaders.LOCATION).stream()
                .distinct()
                .toList();
        if (values.size() != 1 || values.getFirst().isBlank()) {
            throw Failures.badAnswer(answer.status(), "The origin redirects without saying where to");
        }
        String location = values.getFirst().strip();
        if (location.length() > OriginUrls.LONGEST) {
            throw Failures.badAnswer(answer.status(), "The origin redirects to a URL that is too long");
        }
        return resolve(from, slashed(location.replace("\t", "")));
    }

    private static String resolve(Target from, String location) {
        String base = from.uri().getScheme() + ":";
        String authority = "//" + from.uri().getRawAuthority();
        String path = from.uri().getRawPath();
        if (SCHEME.matcher(location).matches()) {
            return decoded(location);
        }
        if (location.startsWith("//")) {
            return decoded(base + location);
        }
        String reference = encoded(location, 0);
        if (reference.startsWith("/")) {
            return base + authority + reference;
        }
        if (reference.startsWith("?")) {
            return base + authority + path + reference;
        }
        return reference.isEmpty()
                ? from.uri().toString()
                : base + authority + path.substring(0, path.lastIndexOf('/') + 1) + reference;
    }

    /** Without its fragment, which is no part of a request, and with slashes for backslashes up to the query. */
    private static String slashed(String location) {
        int fragment = location.indexOf('#');
        String whole = fragment < 0 ? location : location.substring(0, fragment);
        int query = whole.indexOf('?');
        int end = query < 0 ? whole.length() : query;
        return whole.substring(0, end).replace('\\', '/') + whole.substring(end).replace("\\", "%5C");
    }

    /** An absolute URL: its host's bytes are UTF-8, all others stay what they are. */
    private static String decoded(String location) {
        int authority = location.indexOf("//") + 2;
        int end = authority < 2 ? 0 : authority;
        while (end < location.length() && location.charAt(end) != '/' && location.charAt(end) != '?') {
            end++;
        }
        byte[] start = location.substring(0, end).getBytes(StandardCharsets.ISO_8859_1);
        return new String(start, StandardCharsets.UTF_8) + encoded(location, end);
    }

    /** Header bytes arrive one a character. */
    private static String encoded(String location, int from) {
        StringBuilder ascii = new StringBuilder(location.length());
        for (int i = from; i < location.length(); i++) {
            char c = location.charAt(i);
            if (c < 0x80) {
                ascii.append(c);
            } else {
                UrlPath.append(ascii, (byte) c);
            }
        }
        return ascii.toString();
    }
}
