package dev.sluice.gateway.testing;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;

/** A way to a server that can be cut at a given word, or fall silent with its connections open. */
public final class Cable implements Closeable {
    /** What happens to a connection over which a word passes. */
    public enum Cut {
        /** The word does not arrive. */
        BEFORE,
        /** The word arrives, and no answer comes back. */
        AFTER
    }

    private static final int CONNECT_MILLIS = 5000;

    private final ServerSocket entry;
    private final InetSocketAddress server;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private volatile String word = "";
    private volatile Cut cut = Cut.BEFORE;
    private volatile CountDownLatch flow = new CountDownLatch(0);

    private Cable(ServerSocket entry, InetSocketAddress server) {
        this.entry = entry;
        this.server = server;
        Thread.ofVirtual().start(this::accept);
    }

    /** Leads from a free port of loopback to the server. */
    public static Cable to(InetSocketAddress server) {
        try {
            return new Cable(new ServerSocket(0, 50, InetAddress.getLoopbackAddress()), server);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** The end that clients connect to. */
    public int port() {
        return entry.getLocalPort();
    }

    /** Cuts the next connection over which a client sends the word, once. */
    public void cut(Cut when, String atWord) {
        cut = when;
        word = atWord;
    }

    /** Nothing passes any more, and nothing is closed. */
    public void stall() {
        flow = new CountDownLatch(1);
    }

    /** Ends a {@link #stall()}. */
    public void resume() {
        flow.countDown();
    }

    @Override
    public void close() {
        resume();
        quietly(entry);
        open.forEach(Cable::quietly);
    }

    private void accept() {
        try {
            while (!entry.isClosed()) {
                lead(entry.accept());
            }
        } catch (IOException closed) {
            quietly(entry);
        }
    }

    private void lead(Socket client) {
        Socket target = new Socket();
        open.add(client);
        open.add(target);
        try {
            target.connect(server, CONNECT_MILLIS);
            Thread.ofVirtual().start(() -> pass(client, target, true));
            Thread.ofVirtual().start(() -> pass(target, client, false));
        } catch (IOException notThere) {
            quietly(client);
            quietly(target);
        }
    }

    private void pass(Socket from, Socket to, boolean watched) {
        byte[] buffer = new byte[8192];
        try {
            for (int read = from.getInputStream().read(buffer);
                    read >= 0;
                    read = from.getInputStream().read(buffer)) {
                flow.await();
                boolean found = watched && found(new String(buffer, 0, read, StandardCharsets.ISO_8859_1));
                if (found && cut == Cut.BEFORE) {
                    break;
                }
                if (found) {
                    quietly(from);
                }
                to.getOutputStream().write(buffer, 0, read);
                if (found) {
                    // What the server still says is read, and goes nowhere; then it is done with the word.
                    to.shutdownOutput();
                    return;
                }
            }
        } catch (IOException ended) {
            // As if the other side had closed.
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
        quietly(from);
        quietly(to);
    }

    private synchronized boolean found(String sent) {
        boolean found = !word.isEmpty() && sent.contains(word);
        if (found) {
            word = "";
        }
        return found;
    }

    private static void quietly(Closeable closeable) {
        try {
            closeable.close();
        } catch (IOException ignored) {
            // It is closed as far as anyone can tell.
        }
    }
}
