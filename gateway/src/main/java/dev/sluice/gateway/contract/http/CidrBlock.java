package dev.sluice.gateway.contract.http;

import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A range of addresses of one family, RFC 4632 and RFC 4291 section 2.3.
 *
 * <p>It compares bytes. {@link InetAddress#isSiteLocalAddress()} and its siblings know fewer ranges and are wrong for
 * addresses that carry another one inside.
 *
 * @param network the first address of the range
 * @param prefixLength how many leading bits all its addresses share
 */
public record CidrBlock(InetAddress network, int prefixLength) {

    /**
     * Reads {@code 10.0.0.0/8} or {@code fd00::/8}; null when {@code text} is no block or has bits set after its
     * prefix.
     */
    public static @Nullable CidrBlock parse(String text) {
        int slash = text.indexOf('/');
        InetAddress network = slash < 0 ? null : literal(text.substring(0, slash));
        String prefix = text.substring(slash + 1);
        if (network == null || !prefix.matches("\\d{1,3}")) {
            return null;
        }
        int bits = Integer.parseInt(prefix);
        boolean whole = bits <= network.getAddress().length * 8
                && Arrays.equals(masked(network.getAddress(), bits), network.getAddress());
        return whole ? new CidrBlock(network, bits) : null;
    }

    /** As {@link #parse}, for a constant. */
    public static CidrBlock of(String text) {
        CidrBlock block = parse(text);
        if (block == null) {
            throw new IllegalArgumentException(text + " (expected: a CIDR block)");
        }
        return block;
    }

    /**
     * The address a literal without brackets, zone or port stands for; null when it is none. Never asks a name server.
     */
    public static @Nullable InetAddress literal(String text) {
        if (text.indexOf('%') >= 0 || !(NetUtil.isValidIpV4Address(text) || NetUtil.isValidIpV6Address(text))) {
            return null;
        }
        byte[] bytes = NetUtil.createByteArrayFromIpAddressString(text);
        return bytes == null ? null : ofBytes(bytes);
    }

    /** The same address without a zone; an IPv4-mapped one (RFC 4291 section 2.5.5.2) as the IPv4 address it maps. */
    public static InetAddress unscoped(InetAddress address) {
        return ofBytes(address.getAddress());
    }

    private static InetAddress ofBytes(byte[] bytes) {
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new IllegalStateException("an address of neither 4 nor 16 bytes", e);
        }
    }

    /** Whether {@code address} is of this family and in this range. */
    public boolean contains(InetAddress address) {
        byte[] bytes = address.getAddress();
        return bytes.length == network.getAddress().length
                && Arrays.equals(masked(bytes, prefixLength), network.getAddress());
    }

    /** The block of {@code bits} leading bits in which {@code address} lies. */
    public static CidrBlock around(InetAddress address, int bits) {
        return new CidrBlock(ofBytes(masked(address.getAddress(), bits)), bits);
    }

    private static byte[] masked(byte[] bytes, int bits) {
        byte[] masked = new byte[bytes.length];
        System.arraycopy(bytes, 0, masked, 0, bits / 8);
        if (bits % 8 != 0) {
            masked[bits / 8] = (byte) (bytes[bits / 8] & (0xff << (8 - bits % 8)));
        }
        return masked;
    }

    @Override
    public String toString() {
        return NetUtil.toAddressString(network) + "/" + prefixLength;
    }
}
