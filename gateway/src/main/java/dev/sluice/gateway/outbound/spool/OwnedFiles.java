package dev.sluice.gateway.outbound.spool;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Files, or directories, whose names tell which process made them, {@code 4711-1.spool}, so that what a killed one has
 * left can be told from what another uses. Processes that do not see each other, as in two containers, need two
 * directories.
 */
public final class OwnedFiles {
    private static final Logger LOG = LoggerFactory.getLogger(OwnedFiles.class);

    private final Path directory;
    private final String ending;
    private final Pattern name;
    private final AtomicLong next = new AtomicLong();

    /**
     * Nothing is made before the first name is wanted. Two of these in one process need two directories or endings.
     *
     * @param ending of the files' names, without the dot
     */
    public OwnedFiles(Path directory, String ending) {
        this.directory = directory;
        this.ending = ending;
        this.name = Pattern.compile("(\\d+)-\\d+\\." + Pattern.quote(ending));
    }

    /** The name of a file that does not exist, in a directory that does. Blocks. */
    public Path next() throws IOException {
        PrivateDirectory.make(directory);
        return directory.resolve(ProcessHandle.current().pid() + "-" + next.incrementAndGet() + "." + ending);
    }

    /**
     * Deletes what processes that are gone have left, before the first name is given out. Blocks; a directory that
     * cannot be read is only logged.
     */
    public void sweep() {
        if (!Files.isDirectory(directory)) {
            return;
        }
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "*." + ending)) {
            for (Path file : files) {
                if (isAbandoned(file)) {
                    WorkDirectory.delete(file);
                    LOG.info("deleted {}, left by an earlier process", file);
                }
            }
        } catch (IOException failed) {
            LOG.warn("cannot sweep {}: {}", directory, failed.toString());
        }
    }

    private boolean isAbandoned(Path file) {
        Matcher owned = name.matcher(String.valueOf(file.getFileName()));
        if (!owned.matches()) {
            return false;
        }
        long owner = Long.parseLong(owned.group(1));
        // This process has made no file yet: one with its number is from a namesake.
        return owner == ProcessHandle.current().pid() || ProcessHandle.of(owner).isEmpty();
    }
}
