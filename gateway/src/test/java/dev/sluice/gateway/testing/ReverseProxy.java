package dev.sluice.gateway.testing;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/**
 * A real proxy before the gateway, run with the configuration that {@code docker/proxies} shows, or with one that says
 * nothing beyond where the gateway is. Answers {@code https://localhost} on a free port.
 */
public final class ReverseProxy implements AutoCloseable {
    private static final Path SHOWN = Path.of("..", "docker", "proxies");
    private static final Duration START = Duration.ofSeconds(20);
    private static final int CONNECT_MILLIS = 1_000;

    /** nginx as it comes, HTTP/1.0 towards the gateway among it; compresses events too. */
    private static final String NGINX_DEFAULTS = """
            error_log stderr;
            pid /run/nginx.pid;
            events {}
            http {
                access_log off;
                gzip on;
                gzip_proxied any;
                gzip_types text/event-stream application/json;
                server {
                    listen 443 ssl;
                    ssl_certificate /etc/ssl/zip.example.pem;
                    ssl_certificate_key /etc/ssl/zip.example.key;
                    location / { proxy_pass http://gateway:8080; }
                }
            }
            """;

    /** Which one, and how it is set up. */
    public enum Kind {
        /** As shown. */
        NGINX("nginx", "nginx.conf", "-g daemon:off; -c FILE"),
        /** As it comes. */
        NGINX_AS_IT_COMES("nginx", "", "-g daemon:off; -c FILE"),
        /** As shown. */
        HAPROXY("haproxy", "haproxy.cfg", "-W -db -f FILE"),
        /** As shown. */
        APACHE("apache2", "apache.conf", "-D FOREGROUND -f FILE"),
        /** As shown. */
        CADDY("caddy", "Caddyfile", "run --adapter caddyfile --config FILE");

        private final String program;
        private final String file;
        private final String arguments; // with a colon for a space within one

        Kind(String program, String file, String arguments) {
            this.program = program;
            this.file = file;
            this.arguments = arguments;
        }

        private Optional<Path> installed() {
            String path = System.getenv().getOrDefault("PATH", "") + File.pathSeparator + "/usr/sbin";
            return Arrays.stream(path.split(File.pathSeparator, -1))
                    .filter(folder -> !folder.isEmpty())
                    .map(folder -> Path.of(folder, program))
                    .filter(Files::isExecutable)
                    .findFirst();
        }

        private String configuration() throws IOException {
            return this == NGINX_AS_IT_COMES ? NGINX_DEFAULTS : Files.readString(SHOWN.resolve(file));
        }
    }

    private final Process process;
    private final int port;
    private final String version;

    private ReverseProxy(Process process, int port, String version) {
        this.process = process;
        this.port = port;
        this.version = version;
    }

    /**
     * Starts one and waits until it listens. Skips its test where there is no such program.
     *
     * @param directory gets its files
     */
    public static ReverseProxy start(Kind kind, RunningGateway gateway, Certificate certificate, Path directory) {
        Optional<Path> program = kind.installed();
        Assumptions.assumeTrue(program.isPresent(), kind.program + " is installed");
        try {
            Path own = Files.createDirectories(directory.resolve(kind.name()));
            int port = freePort();
            String gatewayAt = "127.0.0.1:" + gateway.address().getPort();
            Path file = Files.writeString(
                    own.resolve("configuration"),
                    here(kind.configuration(), port, gatewayAt, own, pem(certificate, own)));
            ProcessBuilder command = new ProcessBuilder(Stream.concat(
                            program.stream().map(Path::toString),
                            Stream.of(kind.arguments.split(" ", -1))
                                    .map(argument -> argument.equals("FILE") ? "" + file : argument.replace(':', ' ')))
                    .toList());
            // Caddy keeps what it likes there.
            command.environment().putAll(Map.of("HOME", own.toString(), "XDG_CONFIG_HOME", own.toString()));
            Path log = own.resolve("log");
            Process process = command.redirectErrorStream(true)
                    .redirectOutput(log.toFile())
                    .start();
            ReverseProxy proxy = new ReverseProxy(process, port, kind == Kind.CADDY ? caddyVersion(program.get()) : "");
            proxy.awaitStart(kind, log);
            return proxy;
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    private static String caddyVersion(Path program) throws IOException {
        Process asked = new ProcessBuilder(program.toString(), "version").start();
        try (BufferedReader told = asked.inputReader()) {
            return String.valueOf(told.readLine());
        }
    }

    private static Path pem(Certificate certificate, Path own) throws IOException {
        return Files.writeString(own.resolve("both.pem"), certificate.pem());
    }

    /** The shown configuration with the addresses and files of this machine. */
    private static String here(String shown, int port, String gateway, Path own, Path pem) {
        String loopback = "127.0.0.1:" + port;
        return shown.replace("gateway:8080", gateway)
                .replaceAll("/etc/ssl/[a-z.]+", pem.toString())
                .replaceAll("/run/[a-z0-9]+\\.pid", own.resolve("pid").toString())
                .replace("listen 443", "listen " + loopback)
                .replace("Listen 443", "Listen " + loopback)
                .replace("bind *:443", "bind " + loopback)
                .replace("<VirtualHost *:443>", "<VirtualHost " + loopback + ">")
                .replace("https://zip.example {", "https://localhost:" + port + " {\n\tbind 127.0.0.1")
                .replace("admin off", "admin off\n\tauto_https off")
                // Nobody looks whether a port of UDP is free, too.
                .replace("servers {", "servers {\n\t\tprotocols h1 h2")
                .replace("http {", "http {\n" + temporaryFolders(own))
                .replace("zip.example", "localhost");
    }

    /** For who is not root. */
    private static String temporaryFolders(Path own) {
        return Stream.of("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
                .map(kind -> kind + "_temp_path " + own.resolve(kind) + ";\n")
                .reduce("", String::concat);
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private void awaitStart(Kind kind, Path log) throws IOException {
        try {
            Await.until(START, kind + " listens", () -> isListening() || !process.isAlive());
        } catch (AssertionError late) {
            close();
            throw new AssertionError(late.getMessage() + "\n" + Files.readString(log), late);
        }
        if (!process.isAlive()) {
            throw new AssertionError(kind + " ended with " + process.exitValue() + "\n" + Files.readString(log));
        }
    }

    private boolean isListening() {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), CONNECT_MILLIS);
            return true;
        } catch (IOException notYet) {
            return false;
        }
    }

    /**
     * Whether it tells its clients that an answer broke off. Caddy does since 2.7: before, it ends what it has not got
     * the rest of as if that were all.
     */
    public boolean tellsCuts() {
        return !version.startsWith("2.6.");
    }

    /** What a browser calls it. */
    public String url() {
        return "https://localhost:" + port;
    }

    /** Ends it and its workers at once, without any word to its clients or the gateway. */
    public void kill() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
        process.onExit().join();
    }

    @Override
    public void close() {
        process.destroy();
        process.onExit().join();
    }
}
