package dev.sluice.gateway.testing;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Assumptions;

/**
 * An https origin that is not Java's, for what Java's own servers would refuse: it takes any server name (RFC 6066
 * section 3), and answers every request with one file. Skips its test where there is no {@code python3}.
 */
public final class PythonTlsOrigin implements AutoCloseable {
    private static final String SCRIPT = """
            import socket, ssl, sys
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(sys.argv[1])
            context.sni_callback = lambda connection, name, context: print('name', name, flush=True)
            body = open(sys.argv[2], 'rb').read()
            listener = socket.create_server(('127.0.0.2', 0))
            print('port', listener.getsockname()[1], flush=True)
            while True:
                plain, peer = listener.accept()
                plain.settimeout(5)
                try:
                    with context.wrap_socket(plain, server_side=True) as connection:
                        while b'\\r\\n\\r\\n' not in connection.recv(65536):
                            pass
                        head = 'HTTP/1.1 200 OK\\r\\nContent-Type: image/png\\r\\nConnection: close\\r\\n'
                        connection.sendall((head + 'Content-Length: %d\\r\\n\\r\\n' % len(body)).encode() + body)
                except OSError:
                    pass
            """;

    private final Process process;
    private final Queue<String> names = new ConcurrentLinkedQueue<>();
    private final int port;

    private PythonTlsOrigin(Process process) throws IOException {
        this.process = process;
        BufferedReader output = process.inputReader(StandardCharsets.UTF_8);
        String first = output.readLine();
        Assumptions.assumeTrue(first != null && first.startsWith("port "), "python3 with ssl");
        this.port = Integer.parseInt(Objects.requireNonNull(first).substring("port ".length()));
        Thread.ofVirtual()
                .name("python-tls")
                .start(() -> output.lines()
                        .filter(line -> line.startsWith("name "))
                        .forEach(line -> names.add(line.substring("name ".length()))));
    }

    /** Starts one on 127.0.0.2 and a free port, whose files are put into {@code directory}. */
    public static PythonTlsOrigin start(Path directory, Certificate certificate, byte[] body) {
        try {
            Path pem = Files.writeString(directory.resolve("origin.pem"), certificate.pem());
            Path file = Files.write(directory.resolve("body"), body);
            return new PythonTlsOrigin(new ProcessBuilder("python3", "-c", SCRIPT, pem.toString(), file.toString())
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start());
        } catch (IOException absent) {
            Assumptions.abort("python3: " + absent.getMessage());
            throw new UncheckedIOException(absent);
        }
    }

    /** The port it listens on. */
    public int port() {
        return port;
    }

    /** The names by which it was asked so far. */
    public Queue<String> names() {
        return names;
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
