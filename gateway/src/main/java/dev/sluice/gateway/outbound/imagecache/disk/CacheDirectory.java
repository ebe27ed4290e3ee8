package dev.sluice.gateway.outbound.imagecache.disk;

import dev.sluice.gateway.outbound.spool.DirectoryLock;
import dev.sluice.gateway.outbound.spool.PrivateDirectory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where the files are. All but {@link #path} blocks.
 *
 * <pre>
 *   directory/
 *     .lock                      empty; locked by the process whose cache this is
 *     .purges                    the number of the last purge of all gateways that took place here
 *     3f/                        the first two digits of the names in it
 *       3f9c…-1a2               SHA-256 of the canonical URL, version: an entry
 *       3f07…-1a3.tmp           an entry that is being written
 * </pre>
 */
final class CacheDirectory {
    private static final String LOCK = ".lock";
    private static final String PURGES = ".purges";
    private static final String NEW_PURGES = PURGES + ".tmp";
    private static final Set<String> OUR_OWN = Set.of(LOCK, PURGES, NEW_PURGES);
    private static final Pattern NUMBER = Pattern.compile("[0-9]{1,18}");
    private static final Pattern SHARD = Pattern.compile("[0-9a-f]{2}");

    private final Path root;
    private final FileCalls calls;
    private volatile @Nullable DirectoryLock claim;

    /** Sees a file: its shard, and null as its name when it is none of the cache's. */
    @FunctionalInterface
    interface Visitor {
        void visit(Path file, CacheEntry.@Nullable Name name) throws IOException;
    }

    CacheDirectory(Path root, FileCalls calls) {
        this.root = root.toAbsolutePath();
        this.calls = calls;
    }

    Path root() {
        return root;
    }

    /** Where an entry's file is or would be. Does not block. */
    Path path(CacheEntry.Name name) {
        return root.resolve(name.shard()).resolve(name.file());
    }

    private Path temporaryPath(CacheEntry.Name name) {
        return root.resolve(name.shard()).resolve(name.temporaryFile());
    }

    /** Whether this process holds the lock, and the lock's file is still the one in the directory. */
    boolean isOurs() throws IOException {
        DirectoryLock held = claim;
        return held != null && held.isInPlace();
    }

    /** Makes the directory and locks it. Not for two threads at once. Fails when another process or cache holds it. */
    void claim() throws IOException {
        release();
        PrivateDirectory.make(root);
        claim = DirectoryLock.tryLock(root, LOCK, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        if (claim == null) {
            throw new IOException(root + " is in use by another process");
        }
    }

    /** Lets another process have it. */
    void release() throws IOException {
        DirectoryLock held = claim;
        claim = null;
        if (held != null) {
            held.close();
        }
    }

    /** A new temporary file. */
    WritableByteChannel create(CacheEntry.Name name) throws IOException {
        Path file = temporaryPath(name);
        try {
            return calls.create(file);
        } catch (NoSuchFileException noShard) {
            Files.createDirectories(root.resolve(name.shard()));
            return calls.create(file);
        }
    }

    /** Gives the temporary file the entry's name. */
    void publish(CacheEntry.Name name) throws IOException {
        calls.rename(temporaryPath(name), path(name));
    }

    /** When an entry's file was changed last. */
    FileTime modified(CacheEntry.Name name) throws IOException {
        return calls.modified(path(name));
    }

    /** When the temporary file was changed last; {@link #publish} does not change that. */
    FileTime temporaryModified(CacheEntry.Name name) throws IOException {
        return calls.modified(temporaryPath(name));
    }

    /** An entry's file, to be read. */
    FileChannel open(CacheEntry.Name name) throws IOException {
        return calls.open(path(name));
    }

    /** Makes a validation count. The file must not be renewed by two threads at once. */
    void renew(CacheEntry.Name name, EntryFile.Validation validation) throws IOException {
        try (FileChannel file = FileChannel.open(path(name), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            EntryFile.Renewal renewal = EntryFile.renewal(file, validation);
            calls.overwrite(file, renewal.position(), renewal.bytes());
        }
    }

    void delete(CacheEntry.Name name) throws IOException {
        calls.delete(path(name));
    }

    void deleteTemporary(CacheEntry.Name name) throws IOException {
        calls.delete(temporaryPath(name));
    }

    /** The number of the last purge that took place here; 0 when none stands here. */
    long lastPurge() throws IOException {
        try {
            String number = Files.readString(root.resolve(PURGES)).strip();
            return NUMBER.matcher(number).matches() ? Long.parseLong(number) : 0;
        } catch (NoSuchFileException none) {
            return 0;
        }
    }

    /** Keeps that number, if the directory is ours; whether it is. */
    boolean saveLastPurge(long number) throws IOException {
        if (!isOurs()) {
            return false;
        }
        Path written = Files.writeString(root.resolve(NEW_PURGES), Long.toString(number));
        Files.move(written, root.resolve(PURGES), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        return true;
    }

    /**
     * Shows every file in the directory and its shards, but those described above it; other folders are not looked
     * into.
     */
    void walk(Visitor visitor) throws IOException {
        try (DirectoryStream<Path> children = Files.newDirectoryStream(root)) {
            for (Path child : children) {
                String name = String.valueOf(child.getFileName());
                if (SHARD.matcher(name).matches() && Files.isDirectory(child, LinkOption.NOFOLLOW_LINKS)) {
                    walkShard(child, visitor);
                } else if (!OUR_OWN.contains(name) && Files.isRegularFile(child, LinkOption.NOFOLLOW_LINKS)) {
                    visitor.visit(child, null);
                }
            }
        } catch (DirectoryIteratorException failed) {
            throw failed.getCause();
        }
    }

    private static void walkShard(Path shard, Visitor visitor) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(shard)) {
            for (Path file : files) {
                if (Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
                    visitor.visit(file, CacheEntry.Name.parse(shard, file));
                }
            }
        } catch (NoSuchFileException deletedMeanwhile) {
            return;
        }
    }

    /**
     * All by which the cache changes an entry's file, asks for its time, or opens it to send it. Each call blocks, and
     * may fail.
     */
    interface FileCalls {
        /** The file system's. */
        FileCalls SYSTEM = new FileCalls() {};

        /** A new file; fails when there is one. */
        default WritableByteChannel create(Path file) throws IOException {
            return FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        }

        /** A file to be read. */
        default FileChannel open(Path file) throws IOException {
            return FileChannel.open(file, StandardOpenOption.READ);
        }

        /** When a file was changed last. */
        default FileTime modified(Path file) throws IOException {
            return Files.getLastModifiedTime(file);
        }

        /** Gives a file another name, in one step. */
        default void rename(Path from, Path to) throws IOException {
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
        }

        /** Writes into a file in one call. */
        default void overwrite(FileChannel file, long position, ByteBuffer bytes) throws IOException {
            file.write(bytes, position);
        }

        /** Deletes a file; it is no error that it is gone already. */
        default void delete(Path file) throws IOException {
            Files.deleteIfExists(file);
        }
    }
}
