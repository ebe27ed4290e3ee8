package dev.sluice.gateway.outbound.storage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Await;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.scheduler.Schedulers;

/** What can only be seen from outside a process. */
class StoreProcessTest {
    private static final Duration SOON = Duration.ofSeconds(60);

    @TempDir
    private Path directory;

    @Test
    void noThreadBlocksThatMustNot() throws Exception {
        Path log = directory.resolve("log");
        Process process =
                StoreProcess.start(log, "watch", directory.resolve("store").toString());
        try {
            assertThat(process.waitFor(SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
        } finally {
            process.destroyForcibly();
        }

        String printed = Files.readString(log);
        assertThat(printed).contains("DONE");
        assertThat(Arrays.stream(printed.split(StoreProcess.BLOCKED, -1)).skip(1))
                .isNotEmpty()
                .allSatisfy(report -> assertThat(report).contains(StoreProcess.ON_PURPOSE));
    }

    @RepeatedTest(3)
    void storeWhoseProcessIsKilledHasWholeObjectsOnly() throws Exception {
        Path root = directory.resolve("store");
        Path objects = root.resolve("objects/churn");
        Process process = StoreProcess.start(directory.resolve("log"), "churn", root.toString());
        try {
            Await.until(SOON, "objects are there", () -> count(objects) >= 20);
        } finally {
            process.destroyForcibly();
        }
        assertThat(process.waitFor(SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();

        try (LocalLayout opened = LocalLayout.open(root)) {
            LocalStore store = new LocalStore(opened, Schedulers.boundedElastic(), Bodies.BUFFERS);
            List<ObjectStore.Summary> listed = store.list("").collectList().block(SOON);
            // Some of those that were counted were deleted before the kill came.
            assertThat(listed).isNotNull().hasSizeGreaterThanOrEqualTo(10);
            byte[] expected = Bodies.random(StoreProcess.LENGTH);
            for (ObjectStore.Summary object : listed) {
                assertThat(store.open(object.key())
                                .flatMap(content -> Bodies.join(content.bytes()))
                                .block(SOON))
                        .isEqualTo(expected);
            }
            try (var left = Files.list(root.resolve("work"))) {
                assertThat(left).hasSize(1);
            }
        }
    }

    private static int count(Path objects) {
        try (var found = Files.walk(objects)) {
            return (int) found.filter(path -> path.endsWith("content")).count();
        } catch (IOException | UncheckedIOException changing) {
            return 0;
        }
    }
}
