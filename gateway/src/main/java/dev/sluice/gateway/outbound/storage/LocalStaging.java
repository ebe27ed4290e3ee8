package dev.sluice.gateway.outbound.storage;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The staging directory of this process in a local store, where it writes objects before they are visible and removes
 * deleted ones. A file lock shows that the process lives; the system releases it however the process ends, and a reused
 * process number cannot be mistaken for it. All methods block.
 */
final class LocalStaging implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LocalStaging.class);
    private static final String LOCK = "lock";
    private static final int TRIES = 10;
    /** Longer than any process takes from its directory to its lock. */
    private static final Duration START = Duration.ofMinutes(1);

    private final Path directory;
    private final FileChannel lock;
    private final AtomicLong number = new AtomicLong();

    private LocalStaging(Path directory, FileChannel lock) {
        this.directory = directory;
        this.lock = lock;
    }

    /** A new directory below {@code all}, after those of ended processes are removed. */
    static LocalStaging open(Path all) throws IOException {
        Files.createDirectories(all);
        try (DirectoryStream<Path> others = Files.newDirectoryStream(all)) {
            for (Path other : others) {
                removeIfAbandoned(other);
            }
        }
        for (int i = 0; i < TRIES; i++) {
            Path own = Files.createDirectory(all.resolve(UUID.randomUUID().toString()));
            FileChannel lock = lock(own);
            if (lock != null) {
                return new LocalStaging(own, lock);
            }
        }
        throw new IOException(all + ": others that start remove what this process makes");
    }

    /** Null if another process that starts just now took the directory for an abandoned one. */
    private static @Nullable FileChannel lock(Path own) throws IOException {
        Path file = own.resolve(LOCK);
        FileChannel lock = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        try {
            if (lock.tryLock() != null && Files.exists(file)) {
                return lock;
            }
        } catch (OverlappingFileLockException takenInThisProcess) {
            LOG.debug("{} was taken for an abandoned one", own);
        }
        lock.close();
        return null;
    }

    /** A name that nothing has yet, on the same file system as the objects. */
    Path next() {
        return directory.resolve(Long.toString(number.incrementAndGet()));
    }

    /** Removes a directory and all in it; does nothing if it is not there. Links are removed, not followed. */
    static void removeTree(Path path) throws IOException {
        if (Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
            try (DirectoryStream<Path> children = Files.newDirectoryStream(path)) {
                for (Path child : children) {
                    removeTree(child);
                }
            } catch (NoSuchFileException gone) {
                return;
            }
        }
        Files.deleteIfExists(path);
    }

    /** Holds the lock meanwhile, so that an owner, if there is one, notices. */
    private static void removeIfAbandoned(Path other) throws IOException {
        try (FileChannel channel = FileChannel.open(other.resolve(LOCK), StandardOpenOption.WRITE);
                FileLock held = channel.tryLock()) {
            if (held != null) {
                removeTree(other);
                LOG.info("removed {}, left by an earlier process", other);
            }
        } catch (OverlappingFileLockException ownedByThisProcess) {
            LOG.debug("{} is in use", other);
        } catch (NoSuchFileException | NotDirectoryException unfinished) {
            // Killed before it had a lock, or about to have one. Nothing can be in it yet.
            if (isOld(other)) {
                removeTree(other);
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
    public void close() throws IOException {
        lock.close();
        removeTree(directory);
    }
}
