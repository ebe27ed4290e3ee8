package dev.sluice.gateway.outbound.spool;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A directory where bytes wait on disk. A file loses its name as soon as it is open, so the disk gets its space back
 * when the process ends, however it ends. Where the system refuses that, the file goes when it is closed, and what a
 * killed process left is swept at the next start.
 */
public final class Spool {
    private static final Logger LOG = LoggerFactory.getLogger(Spool.class);
    private static final Pattern NAME = Pattern.compile("(\\d+)-(\\d+)\\.spool");

    private final Path directory;
    private final AtomicLong next = new AtomicLong();

    /** Nothing is made before the first file. Two spools of one process need two directories. */
    public Spool(Path directory) {
        this.directory = directory;
    }

    /** A new empty file without a name. Blocks. */
    public FileChannel open() throws IOException {
        Files.createDirectories(directory);
        Path path = directory.resolve(ProcessHandle.current().pid() + "-" + next.incrementAndGet() + ".spool");
        FileChannel channel = FileChannel.open(
                path,
                StandardOpenOption.CREATE_NEW,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE,
                StandardOpenOption.DELETE_ON_CLOSE);
        try {
            Files.deleteIfExists(path);
        } catch (IOException inUse) {
            LOG.debug("{} keeps its name until it is closed", path);
        }
        return channel;
    }

    /** Deletes what processes that are gone have left. Blocks; a directory that cannot be read is only logged. */
    public void sweep() {
        if (!Files.isDirectory(directory)) {
            return;
        }
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "*.spool")) {
            for (Path file : files) {
                if (isAbandoned(file)) {
                    Files.deleteIfExists(file);
                    LOG.info("deleted {}, left by an earlier process", file);
                }
            }
        } catch (IOException failed) {
            LOG.warn("cannot sweep {}: {}", directory, failed.toString());
        }
    }

    private static boolean isAbandoned(Path file) {
        Matcher name = NAME.matcher(String.valueOf(file.getFileName()));
        if (!name.matches()) {
            return false;
        }
        long owner = Long.parseLong(name.group(1));
        // At the start this process has made no file yet: one with its number is from a namesake.
        Optional<ProcessHandle> process = ProcessHandle.of(owner);
        return owner == ProcessHandle.current().pid() || process.isEmpty();
    }
}
