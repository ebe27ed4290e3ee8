package dev.sluice.gateway.outbound.spool;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Says that a directory is this process's, by a lock on a file in it. The system releases it however the process ends,
 * and it is seen across containers, where process numbers are not. All methods block.
 */
public final class DirectoryLock implements AutoCloseable {
    /**
     * The files that this process has locked. POSIX drops a process's lock on a file when it closes <em>any</em> of its
     * handles on it, so a second part of this process must not even open the file.
     */
    private static final Set<Path> LOCKED = ConcurrentHashMap.newKeySet();

    private final Path file;
    private final FileChannel channel;
    private final Object key;

    private DirectoryLock(Path file, FileChannel channel, Object key) {
        this.file = file;
        this.channel = channel;
        this.key = key;
    }

    /**
     * Locks {@code directory}; null if another process, or another part of this one, has it.
     *
     * @param name of the file that is locked
     * @param options how that is opened, for writing
     * @throws NoSuchFileException if it, or the directory, is not there and is not to be made
     */
    public static @Nullable DirectoryLock tryLock(Path directory, String name, OpenOption... options)
            throws IOException {
        Path file = directory.toRealPath().resolve(name);
        if (!LOCKED.add(file)) {
            return null;
        }
        DirectoryLock made = null;
        try {
            made = lock(file, options);
        } finally {
            if (made == null) {
                LOCKED.remove(file);
            }
        }
        return made;
    }

    private static @Nullable DirectoryLock lock(Path file, OpenOption... options) throws IOException {
        FileChannel channel = FileChannel.open(file, options);
        DirectoryLock made = null;
        try {
            Object key = channel.tryLock() == null ? null : key(file);
            made = key == null ? null : new DirectoryLock(file, channel, key);
        } finally {
            if (made == null) {
                channel.close();
            }
        }
        return made;
    }

    private static @Nullable Object key(Path file) throws IOException {
        try {
            // Where files have no such key, all that can be known is that there is one.
            return Objects.requireNonNullElse(
                    Files.readAttributes(file, BasicFileAttributes.class).fileKey(), file);
        } catch (NoSuchFileException gone) {
            return null;
        }
    }

    /** Whether the file that is locked is still the one in the directory. */
    public boolean isInPlace() throws IOException {
        return key.equals(key(file));
    }

    @Override
    public void close() throws IOException {
        try {
            channel.close();
        } finally {
            LOCKED.remove(file);
        }
    }
}
