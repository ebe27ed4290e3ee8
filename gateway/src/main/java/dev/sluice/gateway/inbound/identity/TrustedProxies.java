package dev.sluice.gateway.inbound.identity;

import dev.sluice.gateway.contract.http.CidrBlock;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;

/**
 * Finds what trusted proxies say of a request's way: the client's address, and the scheme and host that it used. Each
 * proxy appends the address of its own peer, so the list is read from the right, and the first hop that is no trusted
 * proxy is the client; what stands left of it anyone may have written. Names are never resolved.
 *
 * <pre>
 *   client ──► proxy A ──► proxy B ──► gateway        peer: B     X-Forwarded-For: client, A
 *                  both trusted: 2 proxies, the client is "client", and A's word on scheme and host counts
 *                  B alone:      1 proxy,   the client is A, and B's word counts
 * </pre>
 */
public final class TrustedProxies {
    private static final String X_FORWARDED_PROTO = "X-Forwarded-Proto";
    private static final String X_FORWARDED_HOST = "X-Forwarded-Host";
    private static final String X_FORWARDED_PORT = "X-Forwarded-Port";
    private static final String X_FORWARDED_FOR = "X-Forwarded-For";
    private static final String FORWARDED = "Forwarded";
    /** A parameter of a forwarded-element, RFC 7239 section 4. */
    private static final Pattern PARAMETER =
            Pattern.compile("(?:^|;)\\s*(for|host|proto)\\s*=\\s*(\"[^\"]*\"|[^;\"\\s]+)", Pattern.CASE_INSENSITIVE);

    private static final Pattern WITH_PORT = Pattern.compile("([0-9.]+):\\d{1,5}|\\[([0-9A-Fa-f:.]+)](?::\\d{1,5})?");
    private static final int SITE_BITS = 64;

    /** The values of all lines of a field, by its name. */
    @FunctionalInterface
    public interface Fields {

        /** None if there is no such field. */
        List<String> of(String name);
    }

    /**
     * What a trusted proxy says of the request that it received itself; null where it says nothing.
     *
     * @param scheme as it wrote it
     * @param host as it wrote it, with a port if it wrote one
     * @param port if it wrote that apart
     */
    public record Forwarded(
            @Nullable String scheme,
            @Nullable String host,
            @Nullable String port) {
        private static final Forwarded NOTHING = new Forwarded(null, null, null);
    }

    private record Way(InetAddress client, int proxies) {}

    private final List<CidrBlock> trusted = new ArrayList<>();
    /** Which field of a request a trusted proxy writes; the other one is the client's own word and is not read. */
    public enum ForwardedField {
        /** {@code X-Forwarded-For}. */
        X_FORWARDED_FOR,
        /** {@code Forwarded}, RFC 7239. */
        FORWARDED
    }

    private final ForwardedField field;

    TrustedProxies(List<String> blocks, ForwardedField field) {
        blocks.forEach(block -> trusted.add(parse(block)));
        this.field = field;
    }

    /** Fails, naming the value, when {@code text} is neither a CIDR block nor an address. */
    static void check(String text) {
        parse(text);
    }

    /** The client's address as it is counted: IPv4 in dotted form, or {@code <network>/64} for IPv6. */
    String client(@Nullable InetSocketAddress peer, HttpHeaders headers) {
        Way way = way(peer, headers::getOrEmpty);
        return way == null ? "unknown" : counted(way.client());
    }

    /** Whether there are any. */
    public boolean any() {
        return !trusted.isEmpty();
    }

    /** Whether the peer of a connection is one. */
    public boolean trust(@Nullable InetSocketAddress peer) {
        InetAddress address = peer == null || peer.isUnresolved() ? null : CidrBlock.unscoped(peer.getAddress());
        return address != null && isTrusted(address);
    }

    /** What the outermost of the trusted proxies in a row was asked, as far as it says so. */
    public Forwarded forwarded(@Nullable InetSocketAddress peer, Fields fields) {
        Way way = way(peer, fields);
        if (way == null || way.proxies() == 0) {
            return Forwarded.NOTHING;
        }
        int proxies = way.proxies();
        if (field == ForwardedField.FORWARDED) {
            String element = outermost(elements(fields, FORWARDED), proxies);
            return element == null
                    ? Forwarded.NOTHING
                    : new Forwarded(parameter(element, "proto"), parameter(element, "host"), null);
        }
        return new Forwarded(
                outermost(elements(fields, X_FORWARDED_PROTO), proxies),
                outermost(elements(fields, X_FORWARDED_HOST), proxies),
                outermost(elements(fields, X_FORWARDED_PORT), proxies));
    }

    /**
     * What the proxy so many hops away wrote; the first, if those between replace the field and do not append to it.
     */
    private static @Nullable String outermost(List<String> elements, int proxies) {
        return elements.isEmpty() ? null : elements.get(Math.max(0, elements.size() - proxies));
    }

    private @Nullable Way way(@Nullable InetSocketAddress peer, Fields fields) {
        InetAddress client = peer == null || peer.isUnresolved() ? null : CidrBlock.unscoped(peer.getAddress());
        if (client == null) {
            return null;
        }
        List<String> hops = hops(fields);
        int proxies = 0;
        while (isTrusted(client)) {
            proxies++;
            InetAddress hop = proxies > hops.size() ? null : address(hops.get(hops.size() - proxies));
            if (hop == null) {
                break;
            }
            client = hop;
        }
        return new Way(client, proxies);
    }

    private boolean isTrusted(InetAddress address) {
        return trusted.stream().anyMatch(block -> block.contains(address));
    }

    private List<String> hops(Fields fields) {
        if (trusted.isEmpty()) {
            return List.of();
        }
        return field == ForwardedField.FORWARDED
                ? elements(fields, FORWARDED).stream()
                        .map(element -> Objects.requireNonNullElse(parameter(element, "for"), ""))
                        .toList()
                : elements(fields, X_FORWARDED_FOR);
    }

    private static List<String> elements(Fields fields, String name) {
        return fields.of(name).stream()
                .flatMap(line -> Arrays.stream(line.split(",", -1)))
                .map(String::strip)
                .toList();
    }

    /** Null if it is not there, or there twice, which RFC 7239 section 4 forbids. */
    private static @Nullable String parameter(String element, String name) {
        Matcher found = PARAMETER.matcher(element);
        String value = null;
        while (found.find()) {
            if (found.group(1).equalsIgnoreCase(name)) {
                if (value != null) {
                    return null;
                }
                value = found.group(2).replace("\"", "");
            }
        }
        return value;
    }

    private static @Nullable InetAddress address(String hop) {
        Matcher ported = WITH_PORT.matcher(hop);
        String literal = hop;
        if (ported.matches()) {
            literal = ported.group(1) != null ? ported.group(1) : ported.group(2);
        }
        return CidrBlock.literal(literal);
    }

    private static String counted(InetAddress address) {
        return address instanceof Inet4Address
                ? address.getHostAddress()
                : CidrBlock.around(address, SITE_BITS).toString();
    }

    private static CidrBlock parse(String text) {
        InetAddress single = CidrBlock.literal(text);
        CidrBlock block =
                single == null ? CidrBlock.parse(text) : new CidrBlock(single, single.getAddress().length * Byte.SIZE);
        if (block == null) {
            throw new IllegalArgumentException("sluice.trusted-proxies: " + text
                    + " (expected: addresses or CIDR blocks, for example 10.0.0.0/8)");
        }
        return block;
    }
}
