package dev.sluice.gateway.outbound.fetch;

import dev.sluice.gateway.contract.CidrBlock;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.Set;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Every address of the machine itself: a public one leads to it as well as a loopback one does.
 *
 * <p>The list is a snapshot; {@link #refresh()} takes a new one and asks the operating system, so it runs off the event
 * loops.
 */
final class OwnAddresses {
    private static final Logger log = LoggerFactory.getLogger(OwnAddresses.class);

    private volatile Set<InetAddress> addresses = Set.of();

    /** With the addresses the machine has now. */
    OwnAddresses() {
        refresh();
    }

    boolean contains(InetAddress address) {
        return addresses.contains(address);
    }

    /** Takes a new snapshot; keeps the last one when the system does not answer. */
    void refresh() {
        try {
            addresses = NetworkInterface.networkInterfaces()
                    .flatMap(NetworkInterface::inetAddresses)
                    .map(CidrBlock::unscoped)
                    .collect(Collectors.toUnmodifiableSet());
        } catch (SocketException e) {
            log.warn("The machine's own addresses could not be read; the last list stays", e);
        }
    }
}
