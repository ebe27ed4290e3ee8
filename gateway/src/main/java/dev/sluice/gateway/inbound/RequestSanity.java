package dev.sluice.gateway.inbound;

import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import java.net.URI;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.springframework.web.server.ServerWebExchange;

/**
 * Refuses requests that another server on the way, or code behind this, may read otherwise than they were meant: paths
 * that are not normal (RFC 3986 section 6.2.2) or that hide a separator or a control character, and control characters
 * in names of parameters. The transport has checked framing and header fields.
 */
final class RequestSanity {
    /** In what a path is on the wire, in lower case. */
    private static final List<String> HIDDEN =
            List.of(";", "%3b", "%2f", "//", "\\", "%5c", "%25", "%2e", "%00", "%0a", "%0d", "%e2%80%a8", "%e2%80%a9");

    private static final int ESCAPE = 3; // characters of %0A
    private static final int NONE = -1;
    private static final int DEL = 0x7f;
    private static final int C1_LEAD = 0xc2;
    private static final int C1_FIRST = 0x80;
    private static final int C1_LAST = 0x9f;

    private RequestSanity() {}

    /** @throws GatewayException {@code malformed_request} */
    static void check(ServerWebExchange exchange) {
        URI uri = exchange.getRequest().getURI();
        if (!isNormal(uri.getRawPath()) || hasOddParameter(uri.getRawQuery())) {
            throw new GatewayException(
                    ProblemCode.MALFORMED_REQUEST, "The URL has a character or a segment that is not allowed.");
        }
    }

    private static boolean isNormal(String path) {
        boolean plain = true; // nothing that needs a closer look
        for (int index = 0; index < path.length(); index++) {
            char next = path.charAt(index);
            if (next <= ' ' || next > '~') {
                return false;
            }
            boolean afterSlash = index > 0 && path.charAt(index - 1) == '/';
            plain &= next != '%' && next != ';' && next != '\\' && !(afterSlash && (next == '/' || next == '.'));
        }
        return plain || (!hidesAnything(path) && hasNoDotSegment(path));
    }

    private static boolean hidesAnything(String path) {
        String lower = path.toLowerCase(Locale.ROOT);
        return HIDDEN.stream().anyMatch(lower::contains);
    }

    private static boolean hasNoDotSegment(String path) {
        for (String segment : path.split("/", -1)) {
            if (segment.equals(".") || segment.equals("..")) {
                return false;
            }
        }
        return true;
    }

    /** Whether a name of a parameter holds a control character, which is always escaped there. */
    private static boolean hasOddParameter(@Nullable String query) {
        boolean named = true; // within a name
        for (int index = 0; query != null && index < query.length(); index++) {
            char next = query.charAt(index);
            named = next == '&' || (named && next != '=');
            if (named && next == '%' && isControl(query, index)) {
                return true;
            }
        }
        return false;
    }

    /** C0 and DEL are one escaped byte, C1 are two in UTF-8. */
    private static boolean isControl(String query, int index) {
        int first = escaped(query, index);
        int second = first == C1_LEAD ? escaped(query, index + ESCAPE) : NONE;
        return (first >= 0 && first < ' ') || first == DEL || (second >= C1_FIRST && second <= C1_LAST);
    }

    private static int escaped(String query, int index) {
        return index + ESCAPE <= query.length()
                        && query.charAt(index) == '%'
                        && HexFormat.isHexDigit(query.charAt(index + 1))
                        && HexFormat.isHexDigit(query.charAt(index + 2))
                ? HexFormat.fromHexDigits(query, index + 1, index + ESCAPE)
                : NONE;
    }
}
