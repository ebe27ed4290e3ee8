package dev.sluice.gateway.outbound.fetch.policy;

import dev.sluice.gateway.contract.http.CidrBlock;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Addresses that may be reached although they are not public: a range with every port, or one address with one port.
 *
 * <p>Every bean of this type counts, beside {@code sluice.fetch.allow-networks}. One {@code address:port} also lets a
 * URL name that port, with that address written out; a range opens no port.
 */
public final class AllowedNetwork {
    private static final int EVERY_PORT = 0;

    private final CidrBlock block;
    private final int port;

    private AllowedNetwork(CidrBlock block, int port) {
        this.block = block;
        this.port = port;
    }

    /**
     * Reads {@code 10.0.0.0/8}, {@code fd00::/8}, {@code 127.0.0.2:9000} or {@code [::1]:9000}.
     *
     * @throws IllegalArgumentException for anything else; its message is the text and what was expected
     */
    public static AllowedNetwork parse(String text) {
        CidrBlock block = CidrBlock.parse(text);
        AllowedNetwork opening = block == null ? endpoint(text) : new AllowedNetwork(block, EVERY_PORT);
        if (opening == null) {
            throw new IllegalArgumentException(
                    text + " (expected: a network such as 10.0.0.0/8 or fd00::/8, or an address and port such as"
                            + " 127.0.0.2:9000 or [::1]:9000)");
        }
        return opening;
    }

    private static @Nullable AllowedNetwork endpoint(String text) {
        int colon = text.lastIndexOf(':');
        if (colon < 0 || !text.substring(colon + 1).matches("\\d{1,5}")) {
            return null;
        }
        String host = text.substring(0, colon);
        boolean bracketed = host.startsWith("[") && host.endsWith("]");
        InetAddress address = CidrBlock.literal(bracketed ? host.substring(1, host.length() - 1) : host);
        int port = Integer.parseInt(text.substring(colon + 1));
        if (address == null || bracketed == host.indexOf(':') < 0 || port < 1 || port > 65_535) {
            return null;
        }
        return new AllowedNetwork(new CidrBlock(address, address.getAddress().length * 8), port);
    }

    /** Whether this opens {@code address} for connections to {@code port}. */
    public boolean matches(InetAddress address, int port) {
        return (this.port == EVERY_PORT || this.port == port) && block.contains(address);
    }

    /** Whether this is one address with this one port, so that a URL may name the port. */
    boolean opensPort(InetAddress address, int port) {
        return this.port == port && block.contains(address);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof AllowedNetwork that && port == that.port && block.equals(that.block);
    }

    @Override
    public int hashCode() {
        return Objects.hash(block, port);
    }

    /** As {@link #parse} reads it. */
    @Override
    public String toString() {
        return port == EVERY_PORT
                ? block.toString()
                : NetUtil.toSocketAddressString(NetUtil.toAddressString(block.network()), port);
    }
}
