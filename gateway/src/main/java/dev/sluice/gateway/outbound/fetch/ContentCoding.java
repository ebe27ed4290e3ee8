package dev.sluice.gateway.outbound.fetch;

import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.springframework.http.HttpHeaders;

/**
 * What an origin says it did to a body, RFC 9110 section 8.4, though it was asked to do nothing.
 *
 * <p>Only real codings count. Stores keep whatever was uploaded as {@code Content-Encoding} and answer it over plain
 * bytes: {@code aws-chunked}, {@code none}, {@code binary}, a charset; so every other word is as good as none.
 */
enum ContentCoding {
    /** None, or nothing that means anything. */
    NONE,
    /** RFC 1952. */
    GZIP,
    /** RFC 1950, or RFC 1951 where origins get that wrong. */
    DEFLATE,
    /** One that is not decoded here, or several. */
    OTHER;

    private static final Set<String> GZIP_NAMES = Set.of("gzip", "x-gzip");

    /** Those registered with IANA that change a body; that list has had one addition in ten years. */
    private static final Set<String> REAL = Set.of(
            "gzip",
            "x-gzip",
            "deflate",
            "br",
            "zstd",
            "dcb",
            "dcz",
            "compress",
            "x-compress",
            "exi",
            "pack200-gzip",
            "aes128gcm");

    /** The coding that {@code headers} name. */
    static ContentCoding of(HttpHeaders headers) {
        List<String> named = headers.getOrEmpty(HttpHeaders.CONTENT_ENCODING);
        return named.isEmpty() ? NONE : of(named);
    }

    private static ContentCoding of(List<String> lines) {
        List<String> real = lines.stream()
                .flatMap(line -> List.of(line.split(",", -1)).stream())
                .map(name -> name.strip().toLowerCase(Locale.ROOT))
                .filter(REAL::contains)
                .toList();
        if (real.size() != 1) {
            return real.isEmpty() ? NONE : OTHER;
        }
        String name = real.getFirst();
        return GZIP_NAMES.contains(name) ? GZIP : name.equals("deflate") ? DEFLATE : OTHER;
    }
}
