package dev.sluice.gateway.outbound.storage;

import dev.sluice.gateway.outbound.spool.PrivateDirectory;
import dev.sluice.gateway.outbound.spool.ProcessDirectory;
import dev.sluice.gateway.outbound.spool.WorkDirectory;
import dev.sluice.gateway.outbound.storage.StorageException.Kind;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;

/**
 * The directories of a local store, and the steps by which objects appear and vanish. All methods block.
 *
 * <pre>
 * objects/images/2026/11/21/6f1c….png@/    an object: appears and vanishes whole, by one rename of its directory
 *                                 content     exactly its bytes
 *                                 about       content type and metadata, see {@link LocalMetadata}
 * work/&lt;process&gt;/lock                      locked while the process lives; see {@link ProcessDirectory}
 * work/&lt;process&gt;/7                         an object that is being written, or was just deleted
 *
 *   put:     write work/p/7/content and about → force both → rename to objects/…@ → force its parent
 *   delete:  rename objects/…@ to work/p/8 → force its former parent → remove what is in it
 * </pre>
 *
 * A rename to a directory that is there and not empty fails, so nothing is replaced and one of two puts wins. A process
 * killed between any two steps leaves something below {@code work}, which the next start removes, or nothing. The
 * {@code @}, which no key has, distinguishes the object {@code a} from the prefix of {@code a/b}.
 */
final class LocalLayout implements AutoCloseable {
    static final String MARK = "@";
    private static final String CONTENT = "content";
    private static final String ABOUT = "about";

    private final Path objects;
    private final ProcessDirectory staging;

    private LocalLayout(Path objects, ProcessDirectory staging) {
        this.objects = objects;
        this.staging = staging;
    }

    /** Creates missing directories, and removes what ended processes left. */
    static LocalLayout open(Path root) throws IOException {
        Path objects = PrivateDirectory.make(root).resolve("objects");
        Files.createDirectories(objects);
        Path real = objects.toRealPath();
        ProcessDirectory staging = new ProcessDirectory(real.resolveSibling("work"));
        staging.sweep();
        staging.next(); // nothing is in the way of what is to be written
        return new LocalLayout(real, staging);
    }

    Path objects() {
        return objects;
    }

    ProcessDirectory staging() {
        return staging;
    }

    static Path content(Path object) {
        return object.resolve(CONTENT);
    }

    /** What is known of an object, or null if there is none. */
    @Nullable StoredObject find(ObjectKey key) throws IOException {
        Path object = locate(key);
        if (object == null) {
            return null;
        }
        try {
            LocalMetadata metadata = LocalMetadata.read(object.resolve(ABOUT));
            BasicFileAttributes attributes =
                    Files.readAttributes(content(object), BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
            return new StoredObject(
                    key,
                    attributes.size(),
                    metadata.contentType(),
                    metadata.metadata(),
                    attributes.lastModifiedTime().toInstant());
        } catch (NoSuchFileException | NotDirectoryException missing) {
            if (Files.exists(object, LinkOption.NOFOLLOW_LINKS)) {
                throw new StorageException(Kind.BROKEN, key + ": a part of it is missing", missing);
            }
            checkIsThere();
            return null;
        }
    }

    /**
     * Fails if there is no place for objects (any more): a volume that is not mounted is not a store without objects.
     */
    void checkIsThere() {
        if (!Files.isDirectory(objects, LinkOption.NOFOLLOW_LINKS)) {
            throw missing(objects);
        }
    }

    static StorageException missing(Path objects) {
        return new StorageException(Kind.MISSING, "directory " + objects + ": it is not there");
    }

    /** The object's directory, or null if there is none. Links are not followed out of the store. */
    @Nullable Path locate(ObjectKey key) throws IOException {
        Path object = path(key);
        Path real;
        try {
            real = object.toRealPath();
        } catch (NoSuchFileException | NotDirectoryException missing) {
            checkIsThere();
            return null;
        }
        if (!real.startsWith(objects)) {
            throw new StorageException(Kind.REFUSED, key + ": a link leads out of the store");
        }
        return object;
    }

    /** Makes the object in {@code written}, a directory below {@code work}, visible under {@code key}. */
    void publish(Path written, LocalMetadata metadata, ObjectKey key) throws IOException {
        metadata.write(written.resolve(ABOUT));
        Path object = path(key);
        Path parent = parent(object);
        makeDirectories(parent, key);
        try {
            Files.move(written, object, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException failed) {
            if (Files.exists(object, LinkOption.NOFOLLOW_LINKS)) {
                throw exists(key, failed);
            }
            throw failed;
        }
    }

    /** So that a new name, or its absence, outlives a power failure. */
    void forceNames(ObjectKey key) throws IOException {
        force(parent(path(key)));
    }

    /** Does nothing if there is no such object. */
    void remove(ObjectKey key) throws IOException {
        Path object = locate(key);
        if (object == null) {
            return;
        }
        Path removed = staging.next();
        try {
            Files.move(object, removed, StandardCopyOption.ATOMIC_MOVE);
        } catch (NoSuchFileException gone) {
            return;
        }
        forceNames(key);
        WorkDirectory.remove(removed);
    }

    static StorageException exists(ObjectKey key, @Nullable Throwable cause) {
        return new StorageException(Kind.EXISTS, key + ": there is an object already", cause);
    }

    /** Releases the staging directory. */
    @Override
    public void close() throws IOException {
        staging.close();
    }

    private Path path(ObjectKey key) {
        return objects.resolve(key.value() + MARK);
    }

    private static Path parent(Path object) {
        Path parent = object.getParent();
        if (parent == null) {
            throw new IllegalStateException(object + " has no parent");
        }
        return parent;
    }

    private void makeDirectories(Path directory, ObjectKey key) throws IOException {
        if (directory.equals(objects)) {
            return;
        }
        makeDirectories(parent(directory), key);
        if (Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        try {
            Files.createDirectory(directory);
        } catch (FileAlreadyExistsException raced) {
            if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
                throw new StorageException(Kind.REFUSED, key + ": a link leads out of the store", raced);
            }
        }
        force(parent(directory));
    }

    private static void force(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
