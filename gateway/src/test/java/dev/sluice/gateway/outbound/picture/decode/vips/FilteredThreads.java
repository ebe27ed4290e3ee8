package dev.sluice.gateway.outbound.picture.decode.vips;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Threads of this process that have a seccomp filter more than its first one. */
final class FilteredThreads {
    private static final Path SELF = Path.of("/proc/self");

    private FilteredThreads() {}

    /** Their names, of which Linux keeps 15 characters. */
    static Set<String> names() throws IOException {
        int usual = filters(status(SELF).orElseThrow());
        Set<String> names = new TreeSet<>();
        try (Stream<Path> threads = Files.list(SELF.resolve("task"))) {
            for (Path thread : threads.toList()) {
                status(thread)
                        .filter(status -> filters(status) > usual)
                        .ifPresent(status -> names.add(status.get("Name")));
            }
        }
        return names;
    }

    private static int filters(Map<String, String> status) {
        return Integer.parseInt(status.getOrDefault("Seccomp_filters", "0"));
    }

    /** Empty for a thread that has just ended. */
    private static Optional<Map<String, String>> status(Path of) {
        try {
            List<String> lines = Files.readAllLines(of.resolve("status"));
            Function<String, String> name = line -> line.substring(0, line.indexOf(':'));
            return Optional.of(lines.stream()
                    .collect(Collectors.toMap(
                            name, line -> line.substring(line.indexOf(':') + 1).strip())));
        } catch (IOException ended) {
            return Optional.empty();
        }
    }
}
