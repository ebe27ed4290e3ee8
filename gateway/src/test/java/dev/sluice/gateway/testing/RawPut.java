package dev.sluice.gateway.testing;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** A request written byte by byte: no client corrects what is wrong with it. */
public final class RawPut {
    private static final int TIMEOUT_MILLIS = 20_000;

    private RawPut() {}

    /** Its beginning, for a body that follows or does not. */
    public static Socket open(String method, URI url, Map<String, String> headers) throws IOException {
        StringBuilder head = new StringBuilder(method)
                .append(' ')
                .append(url.getRawPath())
                .append(url.getRawQuery() == null ? "" : "?" + url.getRawQuery())
                .append(" HTTP/1.1\r\nHost: ")
                .append(url.getRawAuthority())
                .append("\r\nConnection: close\r\n");
        headers.forEach(
                (name, value) -> head.append(name).append(": ").append(value).append("\r\n"));
        Socket socket = new Socket(url.getHost(), url.getPort());
        socket.setSoTimeout(TIMEOUT_MILLIS);
        socket.getOutputStream().write(head.append("\r\n").toString().getBytes(StandardCharsets.US_ASCII));
        return socket;
    }

    /** The status of the answer; 0 if the connection was closed without one. */
    public static int status(Socket socket) throws IOException {
        try {
            String line = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII))
                    .readLine();
            return line == null ? 0 : Integer.parseInt(line.split(" ", 3)[1]);
        } catch (SocketException closed) {
            return 0;
        }
    }

    /**
     * Sends it with a body; the status as {@link #status} gives it. Where the head announces more than there is, the
     * connection ends with the body; else it stays open for the answer, as clients keep it.
     */
    public static int send(String method, URI url, Map<String, String> headers, byte[] body) {
        try (Socket socket = open(method, url, headers)) {
            try {
                OutputStream out = socket.getOutputStream();
                out.write(body);
                out.flush();
                if (body.length < Long.parseLong(headers.getOrDefault("content-length", "0"))) {
                    socket.shutdownOutput();
                }
            } catch (SocketException refusedBeforeTheBody) {
                // The answer may be there all the same.
            }
            return status(socket);
        } catch (SocketException closed) {
            return 0;
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }
}
