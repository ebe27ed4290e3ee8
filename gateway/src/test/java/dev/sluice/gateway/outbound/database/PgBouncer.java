package dev.sluice.gateway.outbound.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.sluice.gateway.testing.Await;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.springframework.util.FileSystemUtils;

/** The pooler of that name before a server, where it is installed; a test without it is skipped. */
final class PgBouncer implements AutoCloseable {
    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    private static final Path PROGRAM = Path.of("/usr/sbin/pgbouncer");
    private static final Pattern VERSION = Pattern.compile("PgBouncer 1\\.(\\d+)");
    /** It keeps prepared statements of different clients apart from then on. */
    private static final int FIRST_WITH_STATEMENTS = 21;

    private final Process process;
    private final Path directory;
    private final String url;

    private PgBouncer(Process process, Path directory, String url) {
        this.process = process;
        this.directory = directory;
        this.url = url;
    }

    /** With these settings, before the database of {@code url}. */
    static PgBouncer start(String url, Map<String, String> settings) {
        assumeTrue(Files.isExecutable(PROGRAM), "PgBouncer is not installed");
        URI server = URI.create(url);
        try {
            int port = freePort();
            Path directory = Files.createTempDirectory("pgbouncer");
            Map<String, String> all = new LinkedHashMap<>();
            all.put("listen_addr", "127.0.0.1");
            all.put("listen_port", Integer.toString(port));
            all.put("unix_socket_dir", "");
            all.put("auth_type", "any");
            all.putAll(settings);
            Path file = directory.resolve("pgbouncer.ini");
            Files.writeString(
                    file,
                    "[databases]\n" + server.getPath().substring(1) + " = host=" + server.getHost() + " port="
                            + server.getPort() + " user=postgres password=secret\n[pgbouncer]\n"
                            + all.entrySet().stream()
                                    .map(setting -> setting.getKey() + " = " + setting.getValue() + "\n")
                                    .collect(Collectors.joining()));
            List<String> command = new ArrayList<>(List.of(PROGRAM.toString()));
            if (System.getProperty("user.name").equals("root")) {
                command.addAll(List.of("-u", "nobody"));
            }
            command.add(file.toString());
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(directory.resolve("log").toFile())
                    .start();
            PgBouncer pooler = new PgBouncer(process, directory, url.replaceFirst(":\\d+/", ":" + port + "/"));
            Await.until(TIMEOUT, "PgBouncer listens", () -> pooler.listens(port));
            return pooler;
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return free.getLocalPort();
        }
    }

    private boolean listens(int port) {
        assertThat(process.isAlive()).as(this::log).isTrue();
        try {
            new Socket(InetAddress.getLoopbackAddress(), port).close();
            return true;
        } catch (IOException notYet) {
            return false;
        }
    }

    private String log() {
        try {
            return Files.readString(directory.resolve("log"));
        } catch (IOException failed) {
            return failed.toString();
        }
    }

    /** For {@code sluice.database.url}. */
    String url() {
        return url;
    }

    /** Whether two clients may have prepared statements of the same name on one connection to the server. */
    boolean keepsStatementsApart() {
        try {
            Process asked = new ProcessBuilder(PROGRAM.toString(), "--version").start();
            Matcher version =
                    VERSION.matcher(new String(asked.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
            return version.find() && Integer.parseInt(version.group(1)) >= FIRST_WITH_STATEMENTS;
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly().onExit().join();
        try {
            FileSystemUtils.deleteRecursively(directory);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }
}
