package dev.sluice.gateway.inbound.identity;

import dev.sluice.gateway.contract.CidrBlock;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;

/**
 * Finds the client's address: the peer's, or what trusted proxies say of it. Each proxy appends the address of its own
 * peer, so the list is read from the right, and the first hop that is no trusted proxy is the client; what stands left
 * of it anyone may have written. Names are never resolved.
 */
final class TrustedProxies {
    private static final String X_FORWARDED_FOR = "X-Forwarded-For";
    private static final String FORWARDED = "Forwarded";
    /** The {@code for} parameter of a forwarded-element, RFC 7239 section 4. */
    private static final Pattern FOR =
            Pattern.compile("(?:^|;)\\s*for\\s*=\\s*(\"[^\"]*\"|[^;\"\\s]+)", Pattern.CASE_INSENSITIVE);

    private static final Pattern WITH_PORT = Pattern.compile("([0-9.]+):\\d{1,5}|\\[([0-9A-Fa-f:.]+)](?::\\d{1,5})?");
    private static final int SITE_BITS = 64;

    private final List<CidrBlock> trusted = new ArrayList<>();
    private final IdentityProperties.ForwardedField field;

    TrustedProxies(List<String> blocks, IdentityProperties.ForwardedField field) {
        blocks.forEach(block -> trusted.add(parse(block)));
        this.field = field;
    }

    /** Fails, naming the value, when {@code text} is neither a CIDR block nor an address. */
    static void check(String text) {
        parse(text);
    }

    /** The client's address as it is counted: IPv4 in dotted form, or {@code <network>/64} for IPv6. */
    String client(@Nullable InetSocketAddress peer, HttpHeaders headers) {
        InetAddress client = peer == null || peer.isUnresolved() ? null : CidrBlock.unscoped(peer.getAddress());
        if (client == null) {
            return "unknown";
        }
        List<String> hops = hops(headers);
        for (int i = hops.size() - 1; i >= 0 && isTrusted(client); i--) {
            InetAddress hop = address(hops.get(i));
            if (hop == null) {
                break;
            }
            client = hop;
        }
        return counted(client);
    }

    private boolean isTrusted(InetAddress address) {
        return trusted.stream().anyMatch(block -> block.contains(address));
    }

    private List<String> hops(HttpHeaders headers) {
        if (trusted.isEmpty()) {
            return List.of();
        }
        return field == IdentityProperties.ForwardedField.FORWARDED
                ? elements(headers, FORWARDED).stream()
                        .map(TrustedProxies::forParameter)
                        .toList()
                : elements(headers, X_FORWARDED_FOR);
    }

    private static List<String> elements(HttpHeaders headers, String name) {
        return headers.getOrEmpty(name).stream()
                .flatMap(line -> Arrays.stream(line.split(",", -1)))
                .map(String::strip)
                .toList();
    }

    private static String forParameter(String element) {
        Matcher found = FOR.matcher(element);
        return found.find() ? found.group(1).replace("\"", "") : "";
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
