package dev.sluice.gateway.feature.gallery;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.outbound.database.image.GenerationJobs;
import dev.sluice.gateway.outbound.database.image.ObjectReferences;
import dev.sluice.gateway.outbound.storage.ObjectStore;
import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.RunningGateway;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;

/** What a gateway holds: objects, the keys that rows name, and what is under way. */
record Holdings(List<String> objects, List<String> rows) {
    private static final Duration SOON = Duration.ofSeconds(30);

    static Holdings of(RunningGateway gateway) {
        // Of callers: what a store can do is tried beside them, and a test may take the store away meanwhile.
        List<String> objects = Objects.requireNonNull(gateway.bean(ObjectStore.class)
                .list("t/")
                .map(object -> object.key().value())
                .collectList()
                .block(SOON));
        List<String> rows = Objects.requireNonNull(gateway.bean(ObjectReferences.class)
                .inKeyOrder()
                .filter(row -> row.kind() != ObjectReferences.Reference.Kind.ANNOUNCED)
                .map(row -> row.key())
                .collectList()
                .block(SOON));
        return new Holdings(objects, rows);
    }

    /** As {@link #of}, once nothing is under way: smaller copies are stored after their image is told to be there. */
    static Holdings settled(RunningGateway gateway) {
        AtomicReference<Holdings> last = new AtomicReference<>(of(gateway));
        try {
            Await.until(SOON, "every object has its row", () -> {
                last.set(of(gateway));
                return last.get().objects.equals(last.get().rows);
            });
        } catch (AssertionError late) {
            last.get().match(); // says which has none
            throw late;
        }
        // Not looked at anew: the copies of another image may be half stored by then.
        return last.get();
    }

    /** Every object has its row, and every row its object. */
    Holdings match() {
        assertThat(objects).as("objects").containsExactlyElementsOf(rows);
        return this;
    }

    /** No job, no worker that is busy, no file in the work directory. */
    static void assertIdle(RunningGateway gateway, Path work) {
        awaitWorkers(gateway);
        assertThat(gateway.bean(GenerationJobs.class).count().block(SOON))
                .as("jobs")
                .isZero();
        Await.until(SOON, "no file is left in " + work, () -> isEmpty(work));
    }

    /** Until no generation is under way any more, its smaller copies included. */
    static void awaitWorkers(RunningGateway gateway) {
        Await.until(
                SOON,
                "no worker is busy",
                () -> gateway.bean(GenerationWorkers.class).busy() == 0);
    }

    private static boolean isEmpty(Path directory) {
        if (!Files.isDirectory(directory)) {
            return true;
        }
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(Files::isRegularFile).allMatch(file -> file.endsWith("lock"));
        } catch (NoSuchFileException deleted) {
            return false;
        } catch (UncheckedIOException failed) {
            if (failed.getCause() instanceof NoSuchFileException) {
                return false; // deleted as well
            }
            throw failed;
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }
}
