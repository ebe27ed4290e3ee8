package dev.sluice.gateway.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiPredicate;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;
import java.util.zip.CRC32;

/**
 * What spares a gateway in a JVM of its own half of a start: its classes, parsed and linked by an earlier one (an AOT
 * cache, JEP 514). It is made once for each state of the class path, in {@code target}, by the first JVM of tests that
 * asks; one that asks meanwhile waits for it, since a start without it takes twice the processor time.
 *
 * @param classPath of jars alone, because the JVM keeps no classes of directories; more may follow it
 * @param flags of the JVM
 */
record StartCache(List<String> classPath, List<String> flags) {
    private static final Path ALL = Path.of("target", "start-cache");

    /**
     * The one of a class path.
     *
     * @param training starts and ends a gateway with a class path and makes the cache's file of it, or says that it has
     *     not: it is no test, and a slow machine does without
     */
    static StartCache of(List<String> classPath, BiPredicate<List<String>, Path> training) {
        try {
            Files.createDirectories(ALL);
            try (FileChannel channel =
                    FileChannel.open(ALL.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
                channel.lock(); // until it is closed
                return made(classPath, training);
            }
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    private static StartCache made(List<String> classPath, BiPredicate<List<String>, Path> training)
            throws IOException {
        Path directory = ALL.resolve(stateOf(classPath)).toAbsolutePath();
        Path cache = directory.resolve("gateway.aot");
        Path failed = directory.resolve("failed");
        if (Files.exists(failed)) {
            return new StartCache(classPath, List.of());
        }
        boolean isThere = Files.exists(cache);
        if (!isThere) {
            removeAll();
            Files.createDirectory(directory);
        }
        List<String> jars = new ArrayList<>();
        for (String entry : classPath) {
            if (!Files.isDirectory(Path.of(entry))) {
                jars.add(entry);
                continue;
            }
            Path jar = directory.resolve(jars.size() + ".jar");
            if (!isThere) {
                pack(entry, jar);
            }
            jars.add(jar.toString());
        }
        if (!isThere) {
            Path unfinished = directory.resolve("unfinished.aot");
            if (!training.test(jars, unfinished)) {
                Files.createFile(failed); // the next start does not try again
                return new StartCache(classPath, List.of());
            }
            Files.move(unfinished, cache, StandardCopyOption.ATOMIC_MOVE); // a killed build leaves no half of one
        }
        return new StartCache(jars, List.of("-XX:AOTCache=" + cache));
    }

    private static void removeAll() throws IOException {
        try (Stream<Path> earlier = Files.list(ALL)) {
            earlier.filter(Files::isDirectory).forEach(RunningGateway::delete);
        }
    }

    private static void pack(String directory, Path jar) {
        int code = ToolProvider.findFirst("jar")
                .orElseThrow()
                .run(
                        System.out,
                        System.err,
                        "--create",
                        "--no-compress",
                        "--file",
                        jar.toString(),
                        "-C",
                        directory,
                        ".");
        if (code != 0) {
            throw new AssertionError("jar of " + directory + ": " + code);
        }
    }

    /** Another one after each compilation. */
    private static String stateOf(List<String> classPath) throws IOException {
        var state = new CRC32();
        for (String entry : classPath) {
            try (Stream<Path> files = Files.walk(Path.of(entry))) {
                for (Path file : files.sorted().toList()) {
                    String line = file + " " + Files.size(file) + " " + Files.getLastModifiedTime(file) + "\n";
                    state.update(line.getBytes(StandardCharsets.UTF_8));
                }
            }
        }
        return Long.toHexString(state.getValue());
    }
}
