package dev.sluice.gateway.inbound.identity;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Objects;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The signing secret of a gateway that was given none: made at the first start, and the same after each further one, so
 * that nobody is signed out by a restart. Only its owner can read the file (mode 0600, where the file system has
 * modes).
 */
final class SecretFile {
    private static final Logger LOG = LoggerFactory.getLogger(SecretFile.class);
    private static final int BYTES = 32;
    private static final FileAttribute<Set<PosixFilePermission>> PRIVATE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

    private SecretFile() {}

    /**
     * The secret in the file; a new one in it if there is no file. Where none can be written, a secret for this process
     * alone, with a line in the log. For the start: blocks.
     *
     * @throws IllegalArgumentException if the file holds no secret: it names the setting, the file and what was
     *     expected
     */
    static byte[] read(Path file) {
        try {
            return existing(file);
        } catch (IOException unreadable) {
            if (Files.notExists(file)) {
                return made(file);
            }
            throw new IllegalArgumentException(
                    "sluice.signing-secret-file: " + file + ", which cannot be read: " + unreadable
                            + " (expected: a file in a directory that this process may read and write)",
                    unreadable);
        }
    }

    private static byte[] existing(Path file) throws IOException {
        byte[] secret = Files.readAllBytes(file);
        if (secret.length != BYTES) {
            throw new IllegalArgumentException("sluice.signing-secret-file: " + file + " holds " + secret.length
                    + " bytes (expected: " + BYTES + "; a deleted file is made anew)");
        }
        return secret;
    }

    private static byte[] made(Path file) {
        byte[] secret = new byte[BYTES];
        new SecureRandom().nextBytes(secret);
        try {
            return written(file, secret);
        } catch (IOException failed) {
            LOG.warn(
                    "The signing secret cannot be kept in {}: {}. It is made anew at each start, which signs everybody out",
                    file,
                    failed.toString());
            return secret;
        }
    }

    /** The whole file appears at once. Of two processes that make it at the same time both use the first one's. */
    private static byte[] written(Path file, byte[] secret) throws IOException {
        Path directory = Files.createDirectories(
                Objects.requireNonNull(file.toAbsolutePath().getParent()));
        boolean hasModes =
                directory.getFileSystem().supportedFileAttributeViews().contains("posix");
        Path unfinished = hasModes
                ? Files.createTempFile(directory, "signing-secret", null, PRIVATE)
                : Files.createTempFile(directory, "signing-secret", null);
        try {
            Files.write(unfinished, secret);
            Files.createLink(file, unfinished);
            return secret;
        } catch (FileAlreadyExistsException late) {
            return existing(file);
        } catch (UnsupportedOperationException noLinks) {
            Files.move(unfinished, file);
            return secret;
        } finally {
            Files.deleteIfExists(unfinished);
        }
    }
}
