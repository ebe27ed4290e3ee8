package dev.sluice.gateway.testing;

import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** A disk with little room, where a test may make one: root on Linux. Elsewhere the test is skipped. */
public final class SmallDisk implements AutoCloseable {
    private static final int MOST_SECONDS = 10;

    private final Path directory;

    private SmallDisk(Path directory) {
        this.directory = directory;
    }

    /**
     * Makes it.
     *
     * @param directory that is made for it
     * @param size as {@code tmpfs} takes it, for example {@code 256k}
     */
    public static SmallDisk mount(Path directory, String size) throws IOException {
        Files.createDirectory(directory);
        assumeThat(run("mount", "-t", "tmpfs", "-o", "size=" + size, "tmpfs", directory.toString()))
                .as("a small disk can be mounted")
                .isTrue();
        return new SmallDisk(directory);
    }

    /** Where it is. */
    public Path directory() {
        return directory;
    }

    /** Takes what is left of it, with a file that can be deleted. */
    public void fill(Path file) {
        try (OutputStream to = Files.newOutputStream(file)) {
            while (true) {
                to.write(new byte[4096]);
            }
        } catch (IOException full) {
            // As it should be.
        }
    }

    @Override
    public void close() {
        run("umount", "--lazy", directory.toString());
    }

    private static boolean run(String... command) {
        try {
            Process process = new ProcessBuilder(command).inheritIO().start();
            return process.waitFor(MOST_SECONDS, TimeUnit.SECONDS) && process.exitValue() == 0;
        } catch (IOException noSuchCommand) {
            return false;
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
