package dev.sluice.gateway.testing;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.util.concurrent.atomic.AtomicLong;

/** One accepted connection of a {@link HostileOrigin}. */
public final class OriginConnection implements AutoCloseable {
    private final Socket plain;
    private final Socket socket;
    private final AtomicLong written = new AtomicLong();
    private volatile boolean closed;

    /** @param socket {@code plain} itself, or TLS over it */
    OriginConnection(Socket plain, Socket socket) {
        this.plain = plain;
        this.socket = socket;
    }

    /** Bytes that were handed to the kernel so far, heads included. */
    public long bytesWritten() {
        return written.get();
    }

    /** Whether the origin knows that this connection is over. */
    public boolean isClosed() {
        return closed;
    }

    InputStream input() throws IOException {
        return socket.getInputStream();
    }

    void write(byte[] bytes) throws IOException {
        try {
            OutputStream out = socket.getOutputStream();
            out.write(bytes);
            out.flush();
            written.addAndGet(bytes.length);
        } catch (IOException e) {
            closed = true;
            throw e;
        }
    }

    /** Closes with a RST instead of a FIN. */
    void reset() throws IOException {
        plain.setSoLinger(true, 0);
        truncate();
    }

    /** Ends the TCP connection; TLS over it does not say that it ends. */
    void truncate() throws IOException {
        closed = true;
        plain.close();
    }

    @Override
    public void close() {
        closed = true;
        try {
            socket.close();
        } catch (IOException e) {
            // Closing a broken socket: it is closed all the same.
        }
    }
}
