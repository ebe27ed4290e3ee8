package dev.sluice.gateway.outbound.picture;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * Files in which images wait while they are checked. Each is gone when its use has ended, however it ended; what a
 * killed process left is deleted at the next start. The directory is one gateway's own.
 */
public final class WorkFiles {
    private static final Logger LOG = LoggerFactory.getLogger(WorkFiles.class);
    private static final String ENDING = ".work";

    private final Path directory;
    private final Scheduler disk;

    /** @param disk where deleting may block */
    public WorkFiles(Path directory, Scheduler disk) {
        this.directory = directory;
        this.disk = disk;
    }

    /** Deletes what is left from before. Blocks; a directory that cannot be read is only logged. */
    public void sweep() {
        if (!Files.isDirectory(directory)) {
            return;
        }
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "*" + ENDING)) {
            for (Path file : files) {
                Files.deleteIfExists(file);
            }
        } catch (IOException failed) {
            LOG.warn("cannot sweep {}: {}", directory, failed.toString());
        }
    }

    /** Lets {@code use} have a file of its own, which does not exist yet. */
    <T> Mono<T> with(Function<Path, Mono<T>> use) {
        return Mono.usingWhen(
                Mono.fromCallable(this::name).subscribeOn(disk),
                use,
                this::delete,
                (file, failed) -> delete(file),
                this::delete);
    }

    private Path name() {
        try {
            Files.createDirectories(directory);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
        return directory.resolve(UUID.randomUUID() + ENDING);
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
