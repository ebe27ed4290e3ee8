package dev.sluice.gateway.testing;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.util.concurrent.atomic.AtomicLong;

/** One accepted connection of a {@link HostileOrigin}. */
public final class OriginConnection implements AutoCloseable {
    private final Socket socket;
    private final AtomicLong written = new AtomicLong();
    private volatile boolean closed;

    OriginConnection(Socket socket) {
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
        socket.setSoLinger(true, 0);
        close();
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
