package dev.sluice.gateway.outbound.picture;

import dev.sluice.gateway.outbound.spool.OwnedFiles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * Files in which images wait while they are checked. Each is gone when its use has ended, however it ended; what a
 * killed process left is deleted at the next start.
 */
public final class WorkFiles {
    private static final Logger LOG = LoggerFactory.getLogger(WorkFiles.class);

    private final OwnedFiles files;
    private final Scheduler disk;

    /** @param disk where deleting may block */
    public WorkFiles(Path directory, Scheduler disk) {
        this.files = new OwnedFiles(directory, "work");
        this.disk = disk;
    }

    /** Deletes what processes that are gone have left. Blocks; a directory that cannot be read is only logged. */
    public void sweep() {
        files.sweep();
    }

    /** Lets {@code use} have a file of its own, which does not exist yet. */
    <T> Mono<T> with(Function<Path, Mono<T>> use) {
        return Mono.usingWhen(
                Mono.fromCallable(files::next)
                        .onErrorMap(IOException.class, UncheckedIOException::new)
                        .subscribeOn(disk),
                use,
                this::delete,
                (file, failed) -> delete(file),
                this::delete);
    }

    private Mono<Void> delete(Path file) {
        return Mono.<Void>fromRunnable(() -> {
                    try {
                        Files.deleteIfExists(file);
                    } catch (IOException failed) {
                        LOG.warn("cannot delete {}: {}", file, failed.toString());
                    }
                })
                .subscribeOn(disk);
    }
}
