package dev.sluice.gateway.outbound.storage;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** Something that listens where S3 should, and answers a request as a test wants it, byte by byte. */
public final class S3Stub implements AutoCloseable {
    private final ServerSocket server;
    private final Behaviour behaviour;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private final AtomicInteger requests = new AtomicInteger();

    /** What to do with a request; the connection is closed when it returns. */
    @FunctionalInterface
    public interface Behaviour {
        /** Answers one request. */
        void answer(String head, InputStream in, OutputStream out) throws IOException;
    }

    private S3Stub(ServerSocket server, Behaviour behaviour) {
        this.server = server;
        this.behaviour = behaviour;
    }

    /** Starts one. */
    public static S3Stub start(Behaviour behaviour) {
        try {
            S3Stub stub = new S3Stub(new ServerSocket(0, 50, InetAddress.getLoopbackAddress()), behaviour);
            Thread.ofVirtual().start(stub::accept);
            return stub;
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** An answer without a body. */
    public static void status(OutputStream out, String line, String... headers) throws IOException {
        StringBuilder head = new StringBuilder("HTTP/1.1 ").append(line).append("\r\n");
        for (String header : headers) {
            head.append(header).append("\r\n");
        }
        out.write(head.append("\r\n").toString().getBytes(StandardCharsets.US_ASCII));
        out.flush();
    }

    /** Waits until the other side has gone. */
    public static void hang(InputStream in) throws IOException {
        in.transferTo(OutputStream.nullOutputStream());
    }

    /** To another server, and back. That ends the connection, so no other request comes over it. */
    public static void pass(URI server, String head, InputStream in, OutputStream out) throws IOException {
        try (Socket socket = new Socket(server.getHost(), server.getPort())) {
            String closing = head.replaceFirst("\r\n", "\r\nConnection: close\r\n");
            socket.getOutputStream().write(closing.getBytes(StandardCharsets.ISO_8859_1));
            Thread there = Thread.ofVirtual().start(() -> {
                try {
                    in.transferTo(socket.getOutputStream());
                    socket.shutdownOutput();
                } catch (IOException ended) {
                    // The other side has, and that is all that there is to know.
                }
            });
            socket.getInputStream().transferTo(out);
            there.interrupt();
        }
    }

    /** The setting that leads here. */
    public String endpoint() {
        return "http://127.0.0.1:" + server.getLocalPort();
    }

    /** How many there were so far. */
    public int requests() {
        return requests.get();
    }

    int connections() {
        return open.size();
    }

    private void accept() {
        try {
            while (true) {
                Socket socket = server.accept();
                Thread.ofVirtual().start(() -> serve(socket));
            }
        } catch (IOException closed) {
            // The test is over.
        }
    }

    private void serve(Socket socket) {
        open.add(socket);
        try (socket) {
            String head = head(socket.getInputStream());
            if (!head.isEmpty()) {
                requests.incrementAndGet();
                behaviour.answer(head, socket.getInputStream(), socket.getOutputStream());
            }
        } catch (IOException gone) {
            // The other side is.
        } finally {
            open.remove(socket);
        }
    }

    private static String head(InputStream in) throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            int next = in.read();
            if (next < 0) {
                return "";
            }
            head.append((char) next);
        }
        return head.toString();
    }

    @Override
    public void close() {
        try {
            server.close();
            for (Socket socket : open) {
                socket.close();
            }
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }
}
