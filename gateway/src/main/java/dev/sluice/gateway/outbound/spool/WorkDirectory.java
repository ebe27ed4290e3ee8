package dev.sluice.gateway.outbound.spool;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A directory of one picture's own, which no other user of the machine can look into where there are permissions. */
public final class WorkDirectory {
    private static final Logger LOG = LoggerFactory.getLogger(WorkDirectory.class);

    private WorkDirectory() {}

    /** Makes it. Blocks. */
    public static Path create(Path directory) throws IOException {
        return PrivateDirectory.makeForOwner(directory);
    }

    /** As {@link #remove}; what cannot be deleted is only logged. */
    public static void delete(Path directory) {
        try {
            remove(directory);
        } catch (IOException failed) {
            LOG.warn("cannot delete {}: {}", directory, failed.toString());
        }
    }

    /** Deletes it, or a file, with all in it, if it is there. Links are deleted, not followed. Blocks. */
    public static void remove(Path directory) throws IOException {
        if (Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
            try (DirectoryStream<Path> children = Files.newDirectoryStream(directory)) {
                for (Path child : children) {
                    remove(child);
                }
            } catch (NoSuchFileException gone) {
                return;
            } catch (DirectoryIteratorException failed) {
                throw failed.getCause();
            }
        }
        Files.deleteIfExists(directory);
    }
}
