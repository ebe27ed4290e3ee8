package dev.sluice.gateway.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A server that must not be reached: it listens on one port of every local address, IPv4 and IPv6, or of 127.0.0.1
 * alone, and counts.
 *
 * <p>{@link #connections()} first connects to itself and waits to see that connection: whoever connected before is
 * counted by then, so no test needs to wait for what must not happen.
 */
public final class Canary implements AutoCloseable {
    private final ServerSocket server;
    private final AtomicInteger strangers = new AtomicInteger();
    private final Set<Integer> ownPorts = ConcurrentHashMap.newKeySet();
    private final Set<Integer> seenOwnPorts = ConcurrentHashMap.newKeySet();

    private Canary(ServerSocket server) {
        this.server = server;
        Thread.ofVirtual().name("canary").start(this::accept);
    }

    /** Starts on a free port of the wildcard address. */
    public static Canary start() {
        return start("::", 0);
    }

    /** Starts on 127.0.0.1 alone, with the port that an origin has on another address. */
    public static Canary beside(HostileOrigin origin) {
        return start("127.0.0.1", origin.port());
    }

    private static Canary start(String address, int port) {
        try {
            var server = new ServerSocket();
            server.bind(new InetSocketAddress(InetAddress.getByName(address), port), 1024);
            return new Canary(server);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The port that must not be reached. */
    public int port() {
        return server.getLocalPort();
    }

    /** How many connections came that were not its own. */
    public int connections() {
        try (var probe = new Socket()) {
            probe.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            ownPorts.add(probe.getLocalPort());
            probe.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port()));
            Await.until(
                    Duration.ofSeconds(5),
                    "the canary sees its own probe",
                    () -> seenOwnPorts.contains(probe.getLocalPort()));
            ownPorts.remove(probe.getLocalPort());
            seenOwnPorts.remove(probe.getLocalPort());
            return strangers.get();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void accept() {
        while (!server.isClosed()) {
            try (Socket socket = server.accept()) {
                if (ownPorts.contains(socket.getPort())) {
                    seenOwnPorts.add(socket.getPort());
                } else {
                    strangers.incrementAndGet();
                }
            } catch (IOException e) {
                return;
            }
        }
    }

    @Override
    public void close() {
        try {
            server.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
