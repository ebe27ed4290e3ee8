package dev.sluice.gateway.outbound.picture;

import dev.sluice.gateway.outbound.picture.decode.DecoderException;
import dev.sluice.gateway.outbound.spool.ProcessDirectory;
import dev.sluice.gateway.outbound.spool.WorkDirectory;
import dev.sluice.gateway.outbound.storage.LocalFailures;
import dev.sluice.gateway.outbound.storage.StorageException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * Directories in which images wait while they are checked, one for each image: a decoder that a file talks into reading
 * its neighbours finds none. Each is gone when its use has ended, however it ended; what a killed process left is
 * deleted at the next start.
 */
final class WorkFiles implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(WorkFiles.class);

    private final ProcessDirectory directories;
    private final Scheduler disk;

    /** @param disk where making and deleting may block */
    WorkFiles(Path directory, Scheduler disk) {
        this.directories = new ProcessDirectory(directory);
        this.disk = disk;
    }

    /** Deletes what processes that are gone have left. Blocks; a directory that cannot be read is only logged. */
    void sweep() {
        directories.sweep();
    }

    /** Blocks. */
    @Override
    public void close() throws IOException {
        directories.close();
    }

    /** Lets {@code use} have an empty directory of its own. */
    <T> Mono<T> with(Function<Path, Mono<T>> use) {
        return Mono.usingWhen(
                Mono.fromSupplier(Room::new),
                room -> Mono.fromCallable(room::make)
                        .onErrorMap(IOException.class, WorkFiles::failure)
                        .subscribeOn(disk)
                        .flatMap(use),
                Room::end,
                (room, failed) -> room.end(),
                Room::end);
    }

    /** A directory that is made on another thread than the one on which its use may end meanwhile. */
    private final class Room {
        private @Nullable Path made;
        private boolean isOver;

        /** Blocks. */
        Path make() throws IOException {
            Path directory = WorkDirectory.create(directories.next());
            if (!isTaken(directory)) {
                WorkDirectory.delete(directory);
            }
            return directory;
        }

        private synchronized boolean isTaken(Path directory) {
            made = isOver ? null : directory;
            return !isOver;
        }

        private synchronized @Nullable Path leave() {
            isOver = true;
            return made;
        }

        Mono<Void> end() {
            return Mono.defer(() -> {
                Path left = leave();
                return left == null
                        ? Mono.empty()
                        : Mono.<Void>fromRunnable(() -> WorkDirectory.delete(left))
                                .subscribeOn(disk);
            });
        }
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
