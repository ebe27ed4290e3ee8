package dev.sluice.gateway.outbound.spool;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A directory where bytes wait on disk. A file loses its name as soon as it is open, so the disk gets its space back
 * when the process ends, however it ends. Where the system refuses that, the file goes when it is closed, and what a
 * killed process left is swept at the next start.
 */
public final class Spool implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Spool.class);

    private final ProcessDirectory files;

    /** Nothing is made before the first file. */
    public Spool(Path directory) {
        this.files = new ProcessDirectory(directory);
    }

    /** A new empty file without a name. Blocks. */
    public FileChannel open() throws IOException {
        Path path = files.next();
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
        files.sweep();
    }

    /** No more files. Those that are open stay so. Blocks. */
    @Override
    public void close() throws IOException {
        files.close();
    }
}
