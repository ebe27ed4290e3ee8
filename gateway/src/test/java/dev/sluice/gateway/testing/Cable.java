package dev.sluice.gateway.testing;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

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
    private volatile @Nullable Plan plan;
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

    /** A cut that is to come, once. */
    private static final class Plan {
        private final Cut cut;
        private final String first;
        private final String word;
        private final Set<Socket> hadFirst = new HashSet<>();
        private boolean isOver;

        Plan(Cut cut, String first, String word) {
            this.cut = cut;
            this.first = first;
            this.word = word;
        }

        /** Whether the connection is to be cut at what its client sends now. */
        synchronized boolean isAt(Socket client, String sent) {
            int from = hadFirst.contains(client) ? 0 : sent.indexOf(first);
            if (from < 0) {
                return false;
            }
            hadFirst.add(client);
            boolean isNow = !isOver && sent.indexOf(word, from) >= 0;
            isOver |= isNow;
            return isNow;
        }
    }

    /** Cuts the next connection over which a client sends the word, once. */
    public void cut(Cut when, String atWord) {
        cut(when, "", atWord);
    }

    /** The same at the first such word after another one on one connection: what others send meanwhile is not it. */
    public void cut(Cut when, String after, String atWord) {
        plan = new Plan(when, after, atWord);
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
            AtomicBoolean isMute = new AtomicBoolean();
            Thread.ofVirtual().start(() -> pass(client, target, true, isMute));
            Thread.ofVirtual().start(() -> pass(target, client, false, isMute));
        } catch (IOException notThere) {
            quietly(client);
            quietly(target);
        }
    }

    private void pass(Socket from, Socket to, boolean watched, AtomicBoolean isMute) {
        byte[] buffer = new byte[8192];
        try {
            for (int read = from.getInputStream().read(buffer);
                    read >= 0;
                    read = from.getInputStream().read(buffer)) {
                flow.await();
                Cut cut = watched ? cutAt(from, new String(buffer, 0, read, StandardCharsets.ISO_8859_1)) : null;
                if (cut == Cut.BEFORE) {
                    break;
                }
                if (cut == Cut.AFTER) {
                    isMute.set(true);
                }
                if (watched || !isMute.get()) {
                    to.getOutputStream().write(buffer, 0, read);
                }
                if (cut == Cut.AFTER) {
                    // What the server still says is read, and goes nowhere. When it ends the connection it is done with
                    // the word, and only then does the client see that: it may look for what became of the word.
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

    private @Nullable Cut cutAt(Socket client, String sent) {
        Plan known = plan;
        return known != null && known.isAt(client, sent) ? known.cut : null;
    }

    private static void quietly(Closeable closeable) {
        try {
            closeable.close();
        } catch (IOException ignored) {
            // It is closed as far as anyone can tell.
        }
    }
}
