package dev.sluice.gateway.outbound.fetch.policy;

import dev.sluice.gateway.contract.http.CidrBlock;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which addresses may be connected to: the public internet and what was opened on purpose.
 *
 * <p>IPv4 is closed by list: every block of the IANA IPv4 Special-Purpose Address Registry (RFC 6890) that is not
 * globally reachable or leads to other people's infrastructure, multicast, the reserved end, and the one public address
 * that is a cloud's own control plane (168.63.129.16). IPv6 fails closed: only 2000::/3 is global unicast today, less
 * the blocks in it that are special (RFC 6890) or carry an IPv4 address that would have to be judged in its place
 * (Teredo, 6to4, ISATAP). NAT64, IPv4-compatible, unique local, link local and multicast addresses are outside of
 * 2000::/3. An IPv4-mapped address is the IPv4 address that it maps.
 */
public final class AddressRules {
    private static final List<CidrBlock> CLOSED_IPV4 = blocks(
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "168.63.129.16/32",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.31.196.0/24",
            "192.52.193.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "192.175.48.0/24",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4");
    private static final CidrBlock GLOBAL_IPV6 = CidrBlock.of("2000::/3");
    private static final List<CidrBlock> CLOSED_IPV6 =
            blocks("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20");

    private final List<AllowedNetwork> opened;
    private final OwnAddresses own;

    /**
     * Rules for one machine.
     *
     * @param opened may be connected to though it is not public
     * @param own may not be connected to though it is public
     */
    public AddressRules(List<AllowedNetwork> opened, OwnAddresses own) {
        this.opened = List.copyOf(opened);
        this.own = own;
    }

    /** Whether a connection to {@code port} of {@code address} may be made. */
    public boolean permits(InetAddress address, int port) {
        InetAddress judged = CidrBlock.unscoped(address);
        return opened.stream().anyMatch(network -> network.matches(judged, port))
                || (isPublic(judged) && !own.contains(judged));
    }

    /** Whether a URL that writes {@code address} out may name {@code port}. */
    public boolean opensPort(InetAddress address, int port) {
        return opened.stream().anyMatch(network -> network.opensPort(address, port));
    }

    private static boolean isPublic(InetAddress address) {
        if (address instanceof Inet4Address) {
            return CLOSED_IPV4.stream().noneMatch(block -> block.contains(address));
        }
        return GLOBAL_IPV6.contains(address)
                && CLOSED_IPV6.stream().noneMatch(block -> block.contains(address))
                && !isIsatap(address.getAddress());
    }

    /** Interface identifier 0000:5efe or 0200:5efe and an IPv4 address, RFC 5214 section 6.1. */
    private static boolean isIsatap(byte[] bytes) {
        return (bytes[8] & 0xfd) == 0 && bytes[9] == 0 && bytes[10] == 0x5e && bytes[11] == (byte) 0xfe;
    }

    private static List<CidrBlock> blocks(String... texts) {
        return Stream.of(texts).map(CidrBlock::of).toList();
    }

    /**
     * Every address of the machine itself: a public one leads to it as well as a loopback one does.
     *
     * <p>The list is a snapshot; {@link #refresh()} takes a new one and asks the operating system, so it runs off the
     * event loops.
     */
    public static final class OwnAddresses {
        private static final Logger log = LoggerFactory.getLogger(OwnAddresses.class);

        private volatile Set<InetAddress> addresses = Set.of();

        /** With the addresses the machine has now. */
        public OwnAddresses() {
            refresh();
        }

        boolean contains(InetAddress address) {
            return addresses.contains(address);
        }

        /** Takes a new snapshot; keeps the last one when the system does not answer. */
        public void refresh() {
            try {
                addresses = NetworkInterface.networkInterfaces()
                        .flatMap(NetworkInterface::inetAddresses)
                        .map(CidrBlock::unscoped)
                        .collect(Collectors.toUnmodifiableSet());
            } catch (SocketException e) {
                log.warn("The machine's own addresses could not be read; the last list stays: {}", e.toString());
            }
        }
    }
}
