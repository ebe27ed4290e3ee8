package dev.sluice.gateway.outbound.imagecache;

import dev.sluice.gateway.contract.http.HttpDate;
import dev.sluice.gateway.outbound.imagecache.disk.CachedMeta;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;

/**
 * What an origin's answer says about storing it and showing it again. {@code Cache-Control} counts, and
 * {@code CDN-Cache-Control} (RFC 9213) beside it; of two that differ the stricter one. And whether a 304 is about what
 * is stored.
 */
final class OriginFreshness {
    private static final String CDN_CACHE_CONTROL = "CDN-Cache-Control";
    /** A directive, and its value if it has one; a list of fields is skipped with its commas. RFC 9111 section 5.2. */
    private static final Pattern DIRECTIVE = Pattern.compile("([^\\s,=\"]+)(?:\\s*=\\s*(\"[^\"]*+\"|[^\\s,\"]*+))?");

    private static final String WEAK = "W/";
    private static final Pattern SECONDS = Pattern.compile("[0-9]{1,9}");

    private OriginFreshness() {}

    /** Whether a cache that many share may store the answer, RFC 9111 sections 5.2.2.5 and 5.2.2.7. */
    static boolean mayBeStored(HttpHeaders headers) {
        Map<String, List<String>> said = directives(headers);
        return !isSaid("no-store", said) && !isSaid("private", said);
    }

    /** Whether the answer says anything on how long it may be shown. */
    static boolean isTold(HttpHeaders headers) {
        return Stream.of(HttpHeaders.CACHE_CONTROL, CDN_CACHE_CONTROL, HttpHeaders.EXPIRES, HttpHeaders.VARY)
                .anyMatch(headers::containsHeader);
    }

    /**
     * How long the answer may be shown without asking, where showing it longer is forbidden; null where it is not, and
     * a cache may go by a time of its own. Zero for {@code no-cache} and {@code Vary: *} (RFC 9111 sections 5.2.2.4 and
     * 4.1), and for what may not be stored; with {@code must-revalidate} or {@code proxy-revalidate} (sections 5.2.2.2
     * and 5.2.2.8) the time that the origin gives it, less its age, and none if it gives none.
     */
    static @Nullable Duration freshFor(HttpHeaders headers, Instant received) {
        Map<String, List<String>> said = directives(headers);
        boolean isAsked = isSaid("no-cache", said)
                || headers.getOrEmpty(HttpHeaders.VARY).stream()
                        .flatMap(line -> Stream.of(line.split(",", -1)))
                        .anyMatch(name -> name.strip().equals("*"));
        if (isAsked || !mayBeStored(headers)) {
            return Duration.ZERO;
        }
        if (!said.containsKey("must-revalidate") && !said.containsKey("proxy-revalidate")) {
            return null;
        }
        Duration left = lifetime(said, headers, received).minus(ageOf(headers, received));
        return left.isNegative() ? Duration.ZERO : left;
    }

    /** RFC 9111 section 4.2.1. */
    private static Duration lifetime(Map<String, List<String>> said, HttpHeaders headers, Instant received) {
        for (String name : List.of("s-maxage", "max-age")) {
            List<String> values = said.get(name);
            if (values != null) {
                return values.stream()
                        .map(OriginFreshness::seconds)
                        .min(Duration::compareTo)
                        .orElse(Duration.ZERO);
            }
        }
        Instant expires = HttpDate.parse(headers.getFirst(HttpHeaders.EXPIRES), received);
        Instant date = HttpDate.parse(headers.getFirst(HttpHeaders.DATE), received);
        return expires == null ? Duration.ZERO : Duration.between(Objects.requireNonNullElse(date, received), expires);
    }

    private static Duration seconds(String text) {
        return SECONDS.matcher(text).matches() ? Duration.ofSeconds(Long.parseLong(text)) : Duration.ZERO;
    }

    /** With a list of fields, a directive is about these alone, and none of them is passed on. */
    private static boolean isSaid(String name, Map<String, List<String>> said) {
        return said.getOrDefault(name, List.of()).contains("");
    }

    private static Map<String, List<String>> directives(HttpHeaders headers) {
        Map<String, List<String>> all = new HashMap<>();
        Stream.of(HttpHeaders.CACHE_CONTROL, CDN_CACHE_CONTROL)
                .flatMap(name -> headers.getOrEmpty(name).stream())
                .forEach(line -> {
                    Matcher found = DIRECTIVE.matcher(line);
                    while (found.find()) {
                        String value = found.group(2);
                        all.computeIfAbsent(found.group(1).toLowerCase(Locale.ROOT), name -> new ArrayList<>())
                                .add(value == null ? "" : value.replace("\"", ""));
                    }
                });
        return all;
    }

    /**
     * How old an answer was when it arrived, RFC 9111 section 4.2.3: what the caches before it say, or what its date
     * says, whichever is more. What cannot be read counts as new.
     */
    static Duration ageOf(HttpHeaders headers, Instant received) {
        String said = headers.getFirst(HttpHeaders.AGE);
        Duration age = said == null ? Duration.ZERO : seconds(said);
        Instant date = HttpDate.parse(headers.getFirst(HttpHeaders.DATE), received);
        Duration apparent = date == null ? Duration.ZERO : Duration.between(date, received);
        return apparent.compareTo(age) > 0 ? apparent : age;
    }

    /**
     * Whether a 304 is about the stored image: one that names another length, another ETag or, where it is not by their
     * ETags that the two are known to be the same, another date is not believed, and the image is fetched. RFC 9111
     * section 4.3.4. Which URL gave it needs no comparison: no other was asked with conditions.
     */
    static boolean isAbout(CachedMeta old, HttpHeaders headers) {
        long length = headers.getContentLength();
        if (length > 0 && length != old.length()) {
            return false;
        }
        String etag = headers.getFirst(HttpHeaders.ETAG);
        String stored = old.originEtag();
        return (etag == null || stored == null)
                ? isOfTheTime(old.originLastModified(), headers.getFirst(HttpHeaders.LAST_MODIFIED))
                : etag.equals(stored) || (etag.startsWith(WEAK) && opaque(etag).equals(opaque(stored)));
    }

    private static String opaque(String etag) {
        return etag.startsWith(WEAK) ? etag.substring(WEAK.length()) : etag;
    }

    private static boolean isOfTheTime(@Nullable String stored, @Nullable String named) {
        if (stored == null || named == null || named.equals(stored)) {
            return true;
        }
        Instant time = HttpDate.parse(named);
        return time != null && time.equals(HttpDate.parse(stored));
    }
}
