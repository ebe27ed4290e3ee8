package dev.sluice.gateway.testing;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A connection written and read byte by byte: nothing corrects a request, nothing makes an answer look better. */
public final class RawConnection implements AutoCloseable {
    private static final int TIMEOUT_MILLIS = 20_000;
    // Else Linux lets it grow to tens of megabytes, and a client that reads nothing takes a whole archive all the same.
    private static final int RECEIVE_BUFFER = 64 * 1024;

    private final Socket socket;
    private final AtomicLong received = new AtomicLong();

    private RawConnection(Socket socket) {
        this.socket = socket;
    }

    /** How an answer ended. */
    public enum End {
        /** Where its framing says that it ends. */
        WHOLE,
        /** With the connection, in an orderly way (FIN), before its framing was complete. */
        CLOSED,
        /** With the connection, reset (RST). */
        RESET
    }

    /** An answer. */
    public static final class Answer {
        private final String head;
        private final byte[] body;
        private final byte[] framed;
        private final End end;

        Answer(String head, byte[] body, byte[] framed, End end) {
            this.head = head;
            this.body = body;
            this.framed = framed;
            this.end = end;
        }

        /** Its status line and fields. */
        public String head() {
            return head;
        }

        /** Its body without framing, as far as it came. */
        public byte[] body() {
            return body;
        }

        /** Its body as it came. */
        public byte[] framed() {
            return framed;
        }

        /** Whether a chunk of its body has begun and not all of its bytes came. */
        public boolean isWithinAChunk() {
            String text = new String(framed, StandardCharsets.ISO_8859_1);
            int at = 0;
            while (at < text.length()) {
                int line = text.indexOf("\r\n", at);
                int size = line < 0 ? 0 : Integer.parseInt(text.substring(at, line), 16);
                at = line < 0 ? text.length() : line + 2 + size;
                if (at > text.length()) {
                    return true;
                }
                at += 2;
            }
            return false;
        }

        /** How it ended; one that ends with its connection is {@link End#WHOLE} after a FIN. */
        public End end() {
            return end;
        }

        /** The status code. */
        public int status() {
            return Integer.parseInt(head.split(" ", 3)[1]);
        }

        /** All values of a field, each without its name. */
        public List<String> fields(String name) {
            return head.lines()
                    .skip(1)
                    .filter(line -> line.toLowerCase(Locale.ROOT).startsWith(name.toLowerCase(Locale.ROOT) + ":"))
                    .map(line -> line.substring(name.length() + 1).strip())
                    .toList();
        }

        /** The body as JSON. */
        public JsonNode json() {
            return JsonMapper.shared().readTree(body);
        }
    }

    /** Connects. What is not read stays with the server, but for a little. */
    public static RawConnection open(InetSocketAddress address) throws IOException {
        Socket socket = new Socket();
        socket.setReceiveBufferSize(RECEIVE_BUFFER);
        socket.connect(new InetSocketAddress(address.getAddress(), address.getPort()), TIMEOUT_MILLIS);
        socket.setSoTimeout(TIMEOUT_MILLIS);
        socket.setTcpNoDelay(true);
        return new RawConnection(socket);
    }

    /** The first answer to {@code request} on a connection of its own. */
    public static Answer ask(InetSocketAddress address, String request) throws IOException {
        try (RawConnection connection = open(address)) {
            connection.send(request);
            return connection.answer();
        }
    }

    /** Sends text as it is, a byte a character. */
    public void send(String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    /** Reads one answer to a request with any method but HEAD. */
    public Answer answer() throws IOException {
        return answer(true);
    }

    /** Reads an answer that has no body, whatever its fields say. */
    public Answer answerToHead() throws IOException {
        return answer(false);
    }

    /** Whether the server has ended the connection, in an orderly way, and sent nothing more. */
    public boolean isEnded() throws IOException {
        return socket.getInputStream().read() < 0;
    }

    /** As {@link #answer}, for another thread. */
    public Answer answerOrFail() {
        try {
            return answer();
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** Bytes of bodies that were read so far. */
    public long received() {
        return received.get();
    }

    private Answer answer(boolean withBody) throws IOException {
        String head = head();
        Reading body = new Reading();
        Answer described = new Answer(head, new byte[0], new byte[0], End.WHOLE);
        int status = described.status();
        if (!withBody || status == 204 || status == 304) {
            return described;
        }
        End end;
        try {
            if (described.fields("Transfer-Encoding").contains("chunked")) {
                end = chunks(body) ? End.WHOLE : End.CLOSED;
            } else if (described.fields("Content-Length").isEmpty()) {
                body.take(Long.MAX_VALUE); // to the end of the connection
                end = End.WHOLE;
            } else {
                long length = Long.parseLong(described.fields("Content-Length").getFirst());
                end = body.take(length) ? End.WHOLE : End.CLOSED;
            }
        } catch (SocketException reset) {
            end = End.RESET;
        }
        return new Answer(head, body.content.toByteArray(), body.framed.toByteArray(), end);
    }

    /** How the connection ends, whatever comes before that. */
    public End rest() throws IOException {
        try {
            byte[] ignored = new byte[RECEIVE_BUFFER];
            while (socket.getInputStream().read(ignored) >= 0) {
                // Not of interest.
            }
            return End.CLOSED;
        } catch (SocketException reset) {
            return End.RESET;
        }
    }

    /** Reads the status line and the fields of an answer, and leaves its body. */
    public String head() throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            int next = socket.getInputStream().read();
            if (next < 0) {
                throw new IOException("the connection ended without an answer: " + head);
            }
            head.append((char) next);
        }
        return head.toString();
    }

    private boolean chunks(Reading body) throws IOException {
        while (true) {
            String line = body.line();
            if (line == null) {
                return false;
            }
            int size = Integer.parseInt(line, 16);
            if (!body.take(size) || body.line() == null) {
                return false;
            }
            if (size == 0) {
                return true;
            }
        }
    }

    /** A body as it is read. */
    private final class Reading {
        private final ByteArrayOutputStream content = new ByteArrayOutputStream();
        private final ByteArrayOutputStream framed = new ByteArrayOutputStream();

        private boolean take(long count) throws IOException {
            InputStream in = socket.getInputStream();
            byte[] buffer = new byte[64 * 1024];
            long left = count;
            while (left > 0) {
                int read = in.read(buffer, 0, (int) Math.min(left, buffer.length));
                if (read < 0) {
                    return false;
                }
                content.write(buffer, 0, read);
                framed.write(buffer, 0, read);
                received.addAndGet(read);
                left -= read;
            }
            return true;
        }

        private @Nullable String line() throws IOException {
            StringBuilder line = new StringBuilder();
            while (line.indexOf("\r\n") < 0) {
                int next = socket.getInputStream().read();
                if (next < 0) {
                    return null;
                }
                framed.write(next);
                line.append((char) next);
            }
            return line.substring(0, line.length() - 2);
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
