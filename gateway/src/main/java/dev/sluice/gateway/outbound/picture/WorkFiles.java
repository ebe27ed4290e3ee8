package dev.sluice.gateway.outbound.picture;

import dev.sluice.gateway.outbound.picture.decode.DecoderException;
import dev.sluice.gateway.outbound.spool.OwnedFiles;
import dev.sluice.gateway.outbound.spool.WorkDirectory;
import dev.sluice.gateway.outbound.storage.LocalFailures;
import dev.sluice.gateway.outbound.storage.StorageException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * Directories in which images wait while they are checked, one for each image: a decoder that a file talks into reading
 * its neighbours finds none. Each is gone when its use has ended, however it ended; what a killed process left is
 * deleted at the next start.
 */
final class WorkFiles {
    private static final Logger LOG = LoggerFactory.getLogger(WorkFiles.class);

    private final OwnedFiles directories;
    private final Scheduler disk;

    /** @param disk where making and deleting may block */
    WorkFiles(Path directory, Scheduler disk) {
        this.directories = new OwnedFiles(directory, "work");
        this.disk = disk;
    }

    /** Deletes what processes that are gone have left. Blocks; a directory that cannot be read is only logged. */
    void sweep() {
        directories.sweep();
    }

    /** Lets {@code use} have an empty directory of its own. */
    <T> Mono<T> with(Function<Path, Mono<T>> use) {
        return Mono.usingWhen(
                Mono.fromCallable(() -> WorkDirectory.create(directories.next()))
                        .onErrorMap(IOException.class, WorkFiles::failure)
                        .subscribeOn(disk),
                use,
                this::delete,
                (directory, failed) -> delete(directory),
                this::delete);
    }

    private Mono<Void> delete(Path directory) {
        return Mono.<Void>fromRunnable(() -> WorkDirectory.delete(directory)).subscribeOn(disk);
    }

    /** A full disk may have room again soon; any other failure of it is for an operator to look at. */
    static Throwable failure(IOException failed) {
        if (LocalFailures.of("work file", failed) instanceof StorageException full
                && full.kind() == StorageException.Kind.FULL) {
            LOG.warn("The disk for pictures on their way is full: {}", failed.toString());
            return new DecoderException(
                    DecoderException.Kind.BUSY, "The gateway's disk for pictures on their way is full", full);
        }
        return new UncheckedIOException(failed);
    }
}
