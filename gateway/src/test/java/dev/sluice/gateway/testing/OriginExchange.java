package dev.sluice.gateway.testing;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One request read by a {@link HostileOrigin}, and the pen to answer it with. */
public final class OriginExchange {
    private final OriginConnection connection;
    private final CountDownLatch stopped;
    private final List<String> head;

    private OriginExchange(OriginConnection connection, CountDownLatch stopped, List<String> head) {
        this.connection = connection;
        this.stopped = stopped;
        this.head = head;
    }

    static @Nullable OriginExchange read(OriginConnection connection, CountDownLatch stopped) throws IOException {
        var text = new StringBuilder();
        InputStream in = connection.input();
        while (!text.toString().endsWith("\r\n\r\n")) {
            int next = in.read();
            if (next < 0) {
                return null;
            }
            text.append((char) next);
        }
        return new OriginExchange(connection, stopped, text.toString().lines().toList());
    }

    /** The connection it came by. */
    public OriginConnection connection() {
        return connection;
    }

    /** Path and query as sent. */
    public String path() {
        return head.getFirst().split(" ", -1)[1];
    }

    /** Every value of the request header {@code name}. */
    public List<String> header(String name) {
        String prefix = name.toLowerCase(Locale.ROOT) + ":";
        return head.stream()
                .skip(1)
                .filter(line -> line.toLowerCase(Locale.ROOT).startsWith(prefix))
                .map(line -> line.substring(prefix.length()).strip())
                .toList();
    }

    /** Writes a status line, the given header lines and the empty line. */
    public void head(int status, String... lines) throws IOException {
        var text = new StringBuilder("HTTP/1.1 ").append(status).append(" Whatever\r\n");
        for (String line : lines) {
            text.append(line).append("\r\n");
        }
        write(text.append("\r\n").toString());
    }

    /** Writes Latin-1 text as it is. */
    public void write(String text) throws IOException {
        connection.write(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    /** Writes bytes as they are. */
    public void write(byte[] bytes) throws IOException {
        connection.write(bytes);
    }

    /** Writes one chunk of a chunked body. */
    public void chunk(byte[] bytes) throws IOException {
        write(Integer.toHexString(bytes.length) + "\r\n");
        write(bytes);
        write("\r\n");
    }

    /** Lets {@code gap} pass, or ends the answer when the origin stops. */
    public void pause(Duration gap) throws IOException, InterruptedException {
        if (stopped.await(gap.toNanos(), TimeUnit.NANOSECONDS)) {
            throw new EOFException("the origin stops");
        }
    }

    /** Says nothing more until the other side closes. */
    public void hang() throws IOException {
        InputStream in = connection.input();
        byte[] some = new byte[64 << 10];
        while (in.read(some) >= 0) {
            // Whatever is sent meanwhile is not answered.
        }
        throw new EOFException("the other side closed");
    }

    /** Ends the connection in order. */
    public void close() {
        connection.close();
    }

    /** Ends the TCP connection in order, and TLS over it without its close_notify. */
    public void truncate() throws IOException {
        connection.truncate();
    }

    /** Breaks the connection with a RST. */
    public void reset() throws IOException {
        connection.reset();
    }
}
