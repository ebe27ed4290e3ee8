package dev.sluice.gateway.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The order of steps that a class comment says: each item of its list begins with a link to the step's class. */
public final class WrittenOrder {
    private static final Path SOURCES = Path.of("src/main/java");
    private static final Pattern STEP = Pattern.compile("<li>\\{@link (\\w+)}");

    private WrittenOrder() {}

    /** The simple names of the steps that the comment of {@code chain} lists. */
    public static List<String> of(Class<?> chain) throws IOException {
        Path source = SOURCES.resolve(chain.getName().replace('.', '/') + ".java");
        Matcher steps = STEP.matcher(Files.readString(source));
        return steps.results().map(step -> step.group(1)).toList();
    }
}
