package dev.sluice.gateway.outbound.fetch;

import dev.sluice.gateway.contract.CidrBlock;
import dev.sluice.gateway.outbound.fetch.FetchRequest.Reach;
import io.netty.util.NetUtil;
import java.net.IDN;
import java.net.InetAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Judges a URL before anything is done with it, and spells it in one way only.
 *
 * <p>What different readers of a URL understand differently is refused instead of interpreted: user information,
 * backslashes, control characters, percent-encoded hosts, zones, and numbers as hosts other than four decimal ones. So
 * the host that was judged is the host that is connected to.
 *
 * <p>In path and query, characters that RFC 3986 does not admit there are percent-encoded as UTF-8, as browsers do.
 */
final class UrlGuard {
    /** Longest URL a caller may give, in characters. */
    static final int LONGEST_URL = 2048;

    /** Scheme, authority, path with query; a fragment is not part of a request. RFC 3986 appendix B, absolute only. */
    private static final Pattern ABSOLUTE = Pattern.compile("([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)([^#]*)(?:#.*)?");

    private static final Pattern LABEL = Pattern.compile("[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?");
    private static final Pattern NUMBER = Pattern.compile("[0-9]+|0x[0-9a-f]*");
    private static final Pattern DECIMAL_QUAD = Pattern.compile("(?:(?:0|[1-9][0-9]{0,2})\\.){3}(?:0|[1-9][0-9]{0,2})");
    private static final Set<Integer> USUAL_PORTS = Set.of(80, 443);
    private static final int LONGEST_HOST = 253;

    private final AddressRules rules;
    private final Set<Integer> allowedPorts;

    UrlGuard(AddressRules rules, Set<Integer> allowedPorts) {
        this.rules = rules;
        this.allowedPorts = Set.copyOf(allowedPorts);
    }

    /**
     * The target that {@code url} names.
     *
     * @param longest most characters that {@code url} may have
     * @throws FetchException {@link FetchFailure#INVALID_URL}, or {@link FetchFailure#BLOCKED_ADDRESS} when the host is
     *     an address that may not be reached
     */
    Target check(String url, Reach reach, int longest) {
        if (url.length() > longest) {
            throw Failures.invalidUrl("The URL is longer than " + longest + " characters");
        }
        if (url.chars().anyMatch(c -> Character.isISOControl(c) || c == '\\')) {
            throw Failures.invalidUrl("The URL has a control character or a backslash in it");
        }
        Matcher parts = ABSOLUTE.matcher(url);
        if (!parts.matches()) {
            throw Failures.invalidUrl("Not an absolute http or https URL");
        }
        String scheme = parts.group(1).toLowerCase(Locale.ROOT);
        if (!(scheme.equals("http") || scheme.equals("https"))
                || !reach.schemes().contains(scheme)) {
            throw Failures.invalidUrl("URLs of the scheme " + scheme + " are not allowed");
        }
        return target(scheme, parts.group(2), parts.group(3), reach);
    }

    private Target target(String scheme, String authority, String pathAndQuery, Reach reach) {
        if (authority.indexOf('@') >= 0 || authority.indexOf('%') >= 0) {
            throw Failures.invalidUrl("The URL has user information or percent-encoding where its host belongs");
        }
        int portAt = authority.indexOf(':', authority.lastIndexOf(']') + 1);
        String host = host(portAt < 0 ? authority : authority.substring(0, portAt));
        int usual = scheme.equals("https") ? 443 : 80;
        int port = portAt < 0 ? usual : port(authority.substring(portAt + 1), usual);
        InetAddress address = CidrBlock.literal(host);
        if (!USUAL_PORTS.contains(port)
                && !allowedPorts.contains(port)
                && (address == null || !rules.opensPort(address, port))) {
            throw Failures.invalidUrl("The port " + port + " is not allowed");
        }
        if (!reach.admits(host)) {
            throw Failures.invalidUrl("The host is not one of those that may be named here");
        }
        if (address != null && !rules.permits(address, port)) {
            throw Failures.blockedAddress(null);
        }
        String written = host.indexOf(':') < 0 ? host : "[" + host + "]";
        String path = pathAndQuery.startsWith("/") ? pathAndQuery : "/" + pathAndQuery;
        String uri = scheme + "://" + written + (port == usual ? "" : ":" + port) + encode(path);
        return new Target(URI.create(uri), host, port);
    }

    private static int port(String text, int usual) {
        if (text.isEmpty()) {
            return usual;
        }
        int port = text.length() <= 5 && text.chars().allMatch(c -> c >= '0' && c <= '9') ? Integer.parseInt(text) : 0;
        if (port < 1 || port > 65_535) {
            throw Failures.invalidUrl("The port is not a number from 1 to 65535");
        }
        return port;
    }

    /** A name in ASCII and lower case without its final dot, or an address literal without brackets. */
    private static String host(String text) {
        if (text.startsWith("[")) {
            InetAddress address = text.endsWith("]") ? CidrBlock.literal(text.substring(1, text.length() - 1)) : null;
            if (address == null || text.indexOf(':') < 0) {
                throw invalidHost();
            }
            return NetUtil.toAddressString(address);
        }
        String ascii = ascii(text);
        String host = ascii.endsWith(".") ? ascii.substring(0, ascii.length() - 1) : ascii;
        String lastLabel = host.substring(host.lastIndexOf('.') + 1);
        boolean sound = NUMBER.matcher(lastLabel).matches()
                ? DECIMAL_QUAD.matcher(host).matches() && NetUtil.isValidIpV4Address(host)
                : isName(host);
        if (!sound) {
            throw invalidHost();
        }
        return host;
    }

    private static String ascii(String host) {
        try {
            return IDN.toASCII(host, IDN.USE_STD3_ASCII_RULES).toLowerCase(Locale.ROOT);
        } catch (IllegalArgumentException e) {
            throw invalidHost();
        }
    }

    private static boolean isName(String host) {
        if (host.isEmpty() || host.length() > LONGEST_HOST) {
            return false;
        }
        for (String label : host.split("\\.", -1)) {
            if (!LABEL.matcher(label).matches()) {
                return false;
            }
        }
        return true;
    }

    /** Percent-encodes what {@link URI} would refuse in a path and query; a lone percent sign becomes %25. */
    static String encode(String pathAndQuery) {
        @Nullable StringBuilder encoded = null;
        int from = 0;
        for (int i = 0; i < pathAndQuery.length(); i++) {
            if (isAdmitted(pathAndQuery, i)) {
                continue;
            }
            encoded = encoded == null ? new StringBuilder(pathAndQuery.length() + 16) : encoded;
            int end = i + Character.charCount(pathAndQuery.codePointAt(i));
            encoded.append(pathAndQuery, from, i);
            for (byte b : pathAndQuery.substring(i, end).getBytes(StandardCharsets.UTF_8)) {
                encoded.append(String.format(Locale.ROOT, "%%%02X", b));
            }
            from = end;
            i = end - 1;
        }
        return encoded == null
                ? pathAndQuery
                : encoded.append(pathAndQuery, from, pathAndQuery.length()).toString();
    }

    private static boolean isAdmitted(String text, int at) {
        char c = text.charAt(at);
        if (c == '%') {
            return at + 2 < text.length()
                    && Character.digit(text.charAt(at + 1), 16) >= 0
                    && Character.digit(text.charAt(at + 2), 16) >= 0;
        }
        return (c >= 'a' && c <= 'z')
                || (c >= 'A' && c <= 'Z')
                || (c >= '0' && c <= '9')
                || "-._~!$&'()*+,;=:@/?".indexOf(c) >= 0;
    }

    private static FetchException invalidHost() {
        return Failures.invalidUrl("The URL has no host, or one that is neither a name nor an address as it is usual");
    }
}
