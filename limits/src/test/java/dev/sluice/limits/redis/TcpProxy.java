package dev.sluice.limits.redis;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** Stands between a client and Redis: knows the commands, and can keep answers for a while or swallow them. */
final class TcpProxy implements AutoCloseable {
    /** Names of all commands that came from clients. */
    final List<String> commands = new CopyOnWriteArrayList<>();

    private final ServerSocket server;
    private volatile int target;
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();
    private final AtomicInteger cuts = new AtomicInteger();
    private final AtomicInteger joined = new AtomicInteger();
    private volatile Duration delay = Duration.ZERO;
    private volatile boolean isCutOff;

    TcpProxy(int target) {
        this.target = target;
        try {
            server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Thread.ofVirtual().start(this::accept);
    }

    int port() {
        return server.getLocalPort();
    }

    /** How many were made by now. */
    int connections() {
        return joined.get();
    }

    /** Where connections lead that are made from now on; those that are open stay. */
    void leadTo(int port) {
        target = port;
    }

    /** Every answer comes so much later. */
    void delayAnswers(Duration by) {
        delay = by;
    }

    /** The answers to the next command are swallowed, and the connection is cut. */
    void cutNextAnswer() {
        cuts.incrementAndGet();
    }

    boolean isCut() {
        return cuts.get() == 0;
    }

    /** Ends all connections, and every new one at once, until {@link #letIn}. */
    void cutOff() {
        isCutOff = true;
        closeSockets();
    }

    void letIn() {
        isCutOff = false;
    }

    private void accept() {
        while (!server.isClosed()) {
            try {
                join(server.accept());
            } catch (IOException e) {
                // The end of the test.
            }
        }
    }

    private void join(Socket client) throws IOException {
        joined.incrementAndGet();
        if (isCutOff) {
            client.close();
            return;
        }
        try {
            Socket redis = new Socket(InetAddress.getLoopbackAddress(), target);
            client.setTcpNoDelay(true);
            redis.setTcpNoDelay(true);
            sockets.add(client);
            sockets.add(redis);
            Thread.ofVirtual().start(() -> pump(client, redis, true));
            Thread.ofVirtual().start(() -> pump(redis, client, false));
        } catch (IOException e) {
            // A target that refuses: so does the proxy.
            client.close();
        }
    }

    private void pump(Socket from, Socket to, boolean areCommands) {
        try (from;
                to) {
            OutputStream out = to.getOutputStream();
            if (areCommands) {
                DataInputStream in = new DataInputStream(new BufferedInputStream(from.getInputStream()));
                while (passCommand(in, out)) {}
            } else {
                passAnswers(from.getInputStream(), out);
            }
        } catch (IOException e) {
            // Closed by the other side.
        }
    }

    private boolean passCommand(DataInputStream in, OutputStream out) throws IOException {
        String head = line(in);
        if (head == null) {
            return false;
        }
        StringBuilder raw = new StringBuilder(head).append("\r\n");
        for (int i = 0; i < Integer.parseInt(head.substring(1)); i++) {
            String length = Objects.requireNonNull(line(in));
            byte[] argument = in.readNBytes(Integer.parseInt(length.substring(1)));
            in.readNBytes(2);
            String text = new String(argument, StandardCharsets.ISO_8859_1);
            if (i == 0) {
                commands.add(text.toUpperCase(Locale.ROOT));
            }
            raw.append(length).append("\r\n").append(text).append("\r\n");
        }
        out.write(raw.toString().getBytes(StandardCharsets.ISO_8859_1));
        out.flush();
        return true;
    }

    private static @Nullable String line(DataInputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        int c;
        while ((c = in.read()) != '\n') {
            if (c < 0) {
                return null;
            }
            if (c != '\r') {
                line.append((char) c);
            }
        }
        return line.toString();
    }

    private void passAnswers(InputStream in, OutputStream out) throws IOException {
        byte[] buffer = new byte[65_536];
        int n;
        while ((n = in.read(buffer)) > 0) {
            if (cuts.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
                return;
            }
            if (!delay.isZero()) {
                LockSupport.parkNanos(delay.toNanos());
            }
            out.write(buffer, 0, n);
            out.flush();
        }
    }

    @Override
    public void close() {
        try {
            server.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        closeSockets();
    }

    private void closeSockets() {
        try {
            for (Socket socket : sockets) {
                socket.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
