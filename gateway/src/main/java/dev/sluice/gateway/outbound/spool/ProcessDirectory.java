package dev.sluice.gateway.outbound.spool;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A directory of this process's own below one that processes may share, so that what a killed one has left can be told
 * from what another uses:
 *
 * <pre>
 *   all/
 *     0f9e…-…/       a process's: a UUID
 *       lock         locked while it lives
 *       1, 2, …      what it makes
 * </pre>
 *
 * All methods block. Safe for any number of threads.
 */
public final class ProcessDirectory implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ProcessDirectory.class);
    private static final String LOCK = "lock";
    private static final Pattern NAME = Pattern.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}");
    private static final int TRIES = 10;

    /** Longer than any process takes from its directory to its lock. */
    private static final Duration START = Duration.ofMinutes(1);

    private final Path all;
    private @Nullable Own own;
    private long made;

    private record Own(Path directory, DirectoryLock lock) {}

    /** Nothing is made before the first path is wanted. */
    public ProcessDirectory(Path all) {
        this.all = all;
    }

    /** The path of nothing yet, in a directory that is there; made again if somebody has deleted it. */
    public synchronized Path next() throws IOException {
        Own current = own;
        if (current == null || !current.lock().isInPlace()) {
            closeLock();
            current = make();
            own = current;
        }
        return current.directory().resolve(Long.toString(++made));
    }

    private Own make() throws IOException {
        PrivateDirectory.make(all);
        for (int i = 0; i < TRIES; i++) {
            Path directory = WorkDirectory.create(all.resolve(UUID.randomUUID().toString()));
            DirectoryLock lock =
                    DirectoryLock.tryLock(directory, LOCK, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            if (lock != null) {
                return new Own(directory, lock);
            }
            LOG.debug("{} was taken for an abandoned one", directory);
        }
        throw new IOException(all + ": others that start remove what this process makes");
    }

    /** Removes the directories of ended processes. One that cannot be read or removed is only logged. */
    public void sweep() {
        if (!Files.isDirectory(all)) {
            return;
        }
        try (DirectoryStream<Path> others = Files.newDirectoryStream(all)) {
            for (Path other : others) {
                if (NAME.matcher(String.valueOf(other.getFileName())).matches()) {
                    removeIfAbandoned(other);
                }
            }
        } catch (IOException | DirectoryIteratorException failed) {
            LOG.warn("cannot sweep {}: {}", all, failed.toString());
        }
    }

    /** Holds the lock meanwhile, so that an owner, if there is one, notices. */
    private static void removeIfAbandoned(Path other) throws IOException {
        try (DirectoryLock lock = DirectoryLock.tryLock(other, LOCK, StandardOpenOption.WRITE)) {
            if (lock != null) {
                WorkDirectory.remove(other);
                LOG.info("removed {}, left by an earlier process", other);
            }
        } catch (NoSuchFileException | NotDirectoryException unfinished) {
            // Killed before it had a lock, or about to have one. Nothing can be in it yet.
            if (isOld(other)) {
                WorkDirectory.remove(other);
            }
        }
    }

    private static boolean isOld(Path other) throws IOException {
        try {
            long age = System.currentTimeMillis()
                    - Files.getLastModifiedTime(other).toMillis();
            return age > START.toMillis();
        } catch (NoSuchFileException gone) {
            return false;
        }
    }

    /** Removes the directory with all in it. */
    @Override
    public synchronized void close() throws IOException {
        Own left = own;
        closeLock();
        if (left != null) {
            WorkDirectory.remove(left.directory());
        }
    }

    private void closeLock() throws IOException {
        Own left = own;
        own = null;
        if (left != null) {
            left.lock().close();
        }
    }
}
