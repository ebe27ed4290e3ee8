package dev.sluice.gateway.outbound.spool;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.util.Set;

/**
 * A directory for this process's files alone. Its name may be known to all users of the machine, and it may lie where
 * all of them may write, as below the system's temporary directory: then one of them could have made it before, and put
 * files into it that this process would take for its own.
 */
public final class PrivateDirectory {
    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rwx------");
    private static final FileAttribute<Set<PosixFilePermission>> FOR_OWNER =
            PosixFilePermissions.asFileAttribute(OWNER_ONLY);

    private PrivateDirectory() {}

    /**
     * Makes it, for this process's user alone, and the directories above it where they are missing. One that is there
     * already is left as it is, unless everybody may write beside it: then it must be a directory of this user's, and
     * others lose what they may do in it. On a file system without POSIX permissions, as Windows has, a new directory
     * inherits what the one above it permits, and one that is there is left as it is. Blocks.
     *
     * @throws IOException naming the directory, if it is another user's, no directory, or one that this user may not
     *     make or write to
     */
    public static Path make(Path directory) throws IOException {
        try {
            makeOrClose(directory);
        } catch (AccessDeniedException denied) {
            throw new IOException(
                    directory + " cannot be made: the user " + user() + " may not write to " + denied.getFile(),
                    denied);
        }
        if (!Files.isDirectory(directory)) {
            throw new IOException(directory + " is no directory (expected: one, or nothing there yet)");
        }
        if (!Files.isWritable(directory)) {
            throw new IOException(directory + " cannot be written to by the user " + user());
        }
        return directory;
    }

    private static String user() {
        return System.getProperty("user.name");
    }

    private static void makeOrClose(Path directory) throws IOException {
        Path parent = directory.toAbsolutePath().getParent();
        if (!Files.exists(directory, LinkOption.NOFOLLOW_LINKS)) {
            if (parent != null) {
                Files.createDirectories(parent);
            }
            try {
                makeForOwner(directory);
                return;
            } catch (FileAlreadyExistsException justNow) {
                // Looked at as any that was there before.
            }
        }
        if (parent != null
                && hasPermissions(directory)
                && Files.getPosixFilePermissions(parent).contains(PosixFilePermission.OTHERS_WRITE)) {
            close(directory);
        }
    }

    /** Makes one directory, which others may not look into where the file system has POSIX permissions. */
    static Path makeForOwner(Path directory) throws IOException {
        return hasPermissions(directory)
                ? Files.createDirectory(directory, FOR_OWNER)
                : Files.createDirectory(directory);
    }

    private static boolean hasPermissions(Path directory) {
        return directory.getFileSystem().supportedFileAttributeViews().contains("posix");
    }

    private static void close(Path directory) throws IOException {
        PosixFileAttributes found =
                Files.readAttributes(directory, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        if (!found.isDirectory()) {
            throw new IOException(directory + " is no directory (expected: one, or nothing there yet)");
        }
        if (!found.owner().equals(Owner.OF_THIS_PROCESS)) {
            throw new IOException(
                    directory + " belongs to the user " + found.owner().getName() + " (expected: "
                            + Owner.OF_THIS_PROCESS.getName() + ", where everybody may make directories)");
        }
        if (!OWNER_ONLY.containsAll(found.permissions())) {
            Files.setPosixFilePermissions(directory, OWNER_ONLY);
        }
    }

    /** Whoever owns what this process makes. */
    private static final class Owner {
        static final UserPrincipal OF_THIS_PROCESS = find();

        private static UserPrincipal find() {
            try {
                Path file = Files.createTempFile("sluice", ".owner");
                try {
                    return Files.getOwner(file);
                } finally {
                    Files.delete(file);
                }
            } catch (IOException failed) {
                throw new IllegalStateException("temporary directory: no file can be made in it", failed);
            }
        }
    }
}
