package dev.sluice.gateway.testing;

import dev.sluice.gateway.GatewayApplication;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The gateway in a JVM of its own, with flags of its own, on a free port. */
public final class GatewayProcess implements AutoCloseable {
    private static final Duration START = Duration.ofMinutes(2);
    private static final int ANSWER_MILLIS = 30_000;
    private static final Pattern STARTED = Pattern.compile("Netty started on port (\\d+)");

    private final Process process;
    private final Path log;
    private int port;

    private GatewayProcess(Process process, Path log) {
        this.process = process;
        this.log = log;
    }

    /**
     * Starts it and waits until it listens.
     *
     * @param mainClass on the class path of the tests
     * @param log gets all that it prints
     */
    public static GatewayProcess start(
            Class<?> mainClass, List<String> jvmFlags, Map<String, String> settings, Path log) {
        return start(mainClass, jvmFlags, Map.of(), settings, log);
    }

    /** As above, with variables of the environment beside those that the tests have. */
    public static GatewayProcess start(
            Class<?> mainClass,
            List<String> jvmFlags,
            Map<String, String> environment,
            Map<String, String> settings,
            Path log) {
        StartCache cache = StartCache.of(classPath(entry -> !isOfTests(entry)), GatewayProcess::train);
        List<String> classPath = new ArrayList<>(cache.classPath());
        if (isOfTests(
                mainClass.getProtectionDomain().getCodeSource().getLocation().getPath())) {
            classPath.addAll(classPath(GatewayProcess::isOfTests));
        }
        List<String> flags = new ArrayList<>(cache.flags());
        flags.addAll(jvmFlags);
        return launched(classPath, mainClass, flags, environment, settings, log);
    }

    /** Starts one and ends it; its JVM makes an AOT cache as it ends. Whether there is one. */
    private static boolean train(List<String> classPath, Path cache) {
        List<String> flags =
                List.of("-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:AOTCacheOutput=" + cache);
        Path log = cache.resolveSibling("training.log");
        try (GatewayProcess gateway = launched(classPath, GatewayApplication.class, flags, Map.of(), Map.of(), log)) {
            gateway.process.destroy();
            Await.until(START, "the AOT cache is made", () -> !gateway.process.isAlive());
            return Files.exists(cache);
        } catch (AssertionError late) {
            System.err.println("Gateways start without a cache: " + late.getMessage());
            return false;
        }
    }

    private static GatewayProcess launched(
            List<String> classPath,
            Class<?> mainClass,
            List<String> flags,
            Map<String, String> environment,
            Map<String, String> settings,
            Path log) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("-XX:MetaspaceSize=128m"); // what a start needs: it collects no garbage to load its classes
        // As docker/java-options has it: a cache holds no class that the JDK makes for a call by reflection.
        command.add("-Djdk.reflect.useNativeAccessorOnly=true");
        command.addAll(flags);
        command.addAll(List.of("-cp", String.join(File.pathSeparator, classPath), mainClass.getName()));
        Path data = log.resolveSibling(log.getFileName() + ".data"); // goes with the log
        // Each once: what a command line says twice has both values.
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("server.port", "0");
        all.put("sluice.samples.enabled", "false");
        all.put("sluice.database.directory", data.resolve("db"));
        all.put("sluice.storage.directory", data.resolve("store"));
        all.put("sluice.pictures.work-directory", data.resolve("work"));
        all.put("sluice.image-proxy.cache.directory", data.resolve("images")); // one store has one gateway
        all.put("logging.level.org.springframework.boot.reactor.netty", "info"); // tells the port
        all.putAll(settings);
        all.forEach((key, value) -> command.add("--" + key + "=" + value));
        try {
            // A watched gateway is watched while it migrates, too; one that starts again has what it has.
            boolean isItsOwn = settings.containsKey("sluice.database.directory")
                    || settings.containsKey("sluice.database.url")
                    || mainClass == WatchedGateway.class;
            if (!isItsOwn && Files.notExists(data.resolve("db"))) {
                Files.createDirectories(data);
                MigratedDatabase.copyTo(data.resolve("db"));
            }
            ProcessBuilder builder =
                    new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
            builder.environment().putAll(environment);
            Process process = builder.start();
            var gateway = new GatewayProcess(process, log);
            gateway.awaitStart();
            return gateway;
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    private static List<String> classPath(Predicate<String> entries) {
        return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator, -1))
                .filter(entry -> !entry.isEmpty()) // which would be the working directory
                .filter(entries)
                .toList();
    }

    /** The tests' own classes and resources, which only a main class of theirs gets. */
    private static boolean isOfTests(String entry) {
        return entry.contains("test-classes");
    }

    private void awaitStart() {
        try {
            Await.until(START, "the gateway listens", () -> {
                Matcher started = STARTED.matcher(log());
                if (started.find()) {
                    port = Integer.parseInt(started.group(1));
                }
                return port != 0 || !process.isAlive();
            });
        } catch (AssertionError late) {
            close();
            throw new AssertionError(late.getMessage() + "\n" + log(), late);
        }
        if (port == 0) {
            throw new AssertionError("the gateway ended with " + process.exitValue() + "\n" + log());
        }
    }

    /** The absolute URI of a path. */
    public URI uri(String path) {
        return URI.create("http://127.0.0.1:" + port + path);
    }

    /** All it has printed. */
    public String log() {
        try {
            return Files.readString(log);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** Its number in the system. */
    public long pid() {
        return process.pid();
    }

    /** Whether it still runs. */
    public boolean isAlive() {
        return process.isAlive();
    }

    /** The most memory it had resident so far, in bytes; empty where the system does not tell. */
    public OptionalLong peakResidentBytes() {
        Path status = Path.of("/proc", Long.toString(process.pid()), "status");
        if (!Files.isReadable(status)) {
            return OptionalLong.empty();
        }
        try {
            return Files.readAllLines(status).stream()
                    .filter(line -> line.startsWith("VmHWM:"))
                    .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("\\D", "")))
                    .findFirst();
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** The value of one line of {@code /actuator/prometheus}, such as {@code name{tag="value"}}. */
    public double metric(String line) {
        try {
            var connection =
                    (HttpURLConnection) uri("/actuator/prometheus").toURL().openConnection();
            connection.setConnectTimeout(ANSWER_MILLIS);
            connection.setReadTimeout(ANSWER_MILLIS);
            try (InputStream body = connection.getInputStream()) {
                return new String(body.readAllBytes(), StandardCharsets.UTF_8)
                        .lines()
                        .filter(each -> each.startsWith(line + " "))
                        .mapToDouble(each -> Double.parseDouble(each.substring(line.length() + 1)))
                        .findFirst()
                        .orElseThrow(() -> new AssertionError("no metric " + line));
            }
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
        boolean isInterrupted = false;
        // Not onExit(), which wakes the common pool on a thread of which this does not know where it comes from.
        while (process.isAlive()) {
            try {
                process.waitFor();
            } catch (InterruptedException now) {
                isInterrupted = true;
            }
        }
        if (isInterrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
