package dev.sluice.gateway.outbound.fetch;

import dev.sluice.gateway.contract.http.CidrBlock;
import dev.sluice.gateway.outbound.fetch.policy.AddressRules;
import dev.sluice.gateway.outbound.fetch.policy.HostName;
import dev.sluice.gateway.outbound.fetch.policy.UrlPath;
import dev.sluice.gateway.outbound.fetch.policy.UrlPolicy;
import java.net.InetAddress;
import java.net.URI;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Judges a URL before anything is done with it, and spells it in one way only.
 *
 * <p>What different readers of a URL understand differently is refused instead of interpreted: user information,
 * backslashes, control characters, percent-encoded hosts, zones, and numbers as hosts other than four decimal ones. So
 * the host that was judged is the host that is connected to.
 *
 * <p>The rest is read as browsers read it: see {@link HostName} and {@link UrlPath}.
 */
public final class OriginUrls {
    /** Longest URL, in characters, as it is written and as it is spelled. Presigned ones have a few thousand. */
    public static final int LONGEST = 8192;

    /** Scheme, authority, path with query; a fragment is not part of a request. RFC 3986 appendix B, absolute only. */
    private static final Pattern ABSOLUTE = Pattern.compile(
            // Possessive: what fits no more is not read again in shorter parts.
            "([A-Za-z][A-Za-z0-9+.-]*+)://([^/?#]*+)([^#]*+)(?:#.*+)?", Pattern.DOTALL);

    private static final Set<Integer> USUAL_PORTS = Set.of(80, 443);

    private final AddressRules rules;
    private final Set<Integer> allowedPorts;

    OriginUrls(AddressRules rules, Set<Integer> allowedPorts) {
        this.rules = rules;
        this.allowedPorts = Set.copyOf(allowedPorts);
    }

    /**
     * The one spelling of all URLs that name the same resource in the same way: scheme and host in lower case, the host
     * in ASCII, no default port, no fragment, no dot segments; percent-encoded where it has to be. Fetches nothing.
     *
     * @throws FetchException {@link FetchFailure#INVALID_URL}, or {@link FetchFailure#BLOCKED_ADDRESS} when the host is
     *     written as an address that may not be reached; names are not resolved
     */
    public String canonical(String url, UrlPolicy urlPolicy) {
        return check(url, urlPolicy).uri().toString();
    }

    /**
     * The target that {@code written} names.
     *
     * @throws FetchException {@link FetchFailure#INVALID_URL}, or {@link FetchFailure#BLOCKED_ADDRESS} when the host is
     *     an address that may not be reached
     */
    Target check(String written, UrlPolicy urlPolicy) {
        String url = trimmed(written);
        if (url.length() > LONGEST) {
            throw tooLong();
        }
        if (url.chars().anyMatch(c -> Character.isISOControl(c) || c == '\\')) {
            throw FetchErrors.invalidUrl("The URL has a control character or a backslash in it");
        }
        Matcher parts = ABSOLUTE.matcher(url);
        if (!parts.matches()) {
            throw FetchErrors.invalidUrl("Not an absolute http or https URL");
        }
        String scheme = parts.group(1).toLowerCase(Locale.ROOT);
        if (!(scheme.equals("http") || scheme.equals("https"))
                || !urlPolicy.schemes().contains(scheme)) {
            throw FetchErrors.invalidUrl("URLs of the scheme " + scheme + " are not allowed");
        }
        return target(scheme, parts.group(2), parts.group(3), urlPolicy);
    }

    private Target target(String scheme, String authority, String pathAndQuery, UrlPolicy urlPolicy) {
        if (authority.indexOf('@') >= 0 || authority.indexOf('%') >= 0) {
            throw FetchErrors.invalidUrl("The URL has user information or percent-encoding where its host belongs");
        }
        int portAt = authority.indexOf(':', authority.lastIndexOf(']') + 1);
        String host = HostName.canonical(portAt < 0 ? authority : authority.substring(0, portAt));
        if (host == null) {
            throw FetchErrors.invalidUrl("The URL has no host, or one that is neither a valid name nor an IP address");
        }
        int usual = scheme.equals("https") ? 443 : 80;
        int port = portAt < 0 ? usual : port(authority.substring(portAt + 1), usual);
        InetAddress address = CidrBlock.literal(host);
        if (!USUAL_PORTS.contains(port)
                && !allowedPorts.contains(port)
                && (address == null || !rules.opensPort(address, port))) {
            throw FetchErrors.invalidUrl("The port " + port + " is not allowed");
        }
        if (!urlPolicy.admits(host)) {
            throw FetchErrors.invalidUrl("The host is not one of those that may be named here");
        }
        if (address != null && !rules.permits(address, port)) {
            throw FetchErrors.blockedAddress(null);
        }
        String written = host.indexOf(':') < 0 ? host : "[" + host + "]";
        String path = pathAndQuery.startsWith("/") ? pathAndQuery : "/" + pathAndQuery;
        String uri = scheme + "://" + written + (port == usual ? "" : ":" + port) + UrlPath.canonical(path);
        if (uri.length() > LONGEST) {
            throw tooLong();
        }
        return new Target(URI.create(uri), host, port);
    }

    private static int port(String text, int usual) {
        if (text.isEmpty()) {
            return usual;
        }
        int port = text.length() <= 5 && text.chars().allMatch(c -> c >= '0' && c <= '9') ? Integer.parseInt(text) : 0;
        if (port < 1 || port > 65_535) {
            throw FetchErrors.invalidUrl("The port is not a number from 1 to 65535");
        }
        return port;
    }

    /** Blanks around a URL are no part of it; where they come from is a line of a list, or a clipboard. */
    private static String trimmed(String url) {
        int start = 0;
        int end = url.length();
        while (start < end && url.charAt(start) == ' ') {
            start++;
        }
        while (start < end && url.charAt(end - 1) == ' ') {
            end--;
        }
        return url.substring(start, end);
    }

    private static FetchException tooLong() {
        return FetchErrors.invalidUrl("The URL is longer than " + LONGEST + " characters");
    }
}
