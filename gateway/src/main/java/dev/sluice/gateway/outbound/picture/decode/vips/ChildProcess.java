package dev.sluice.gateway.outbound.picture.decode.vips;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.springframework.util.unit.DataSize;

/**
 * A command that runs by itself, within bounds, and is gone when {@link #run} returns: it has ended, or was killed with
 * all that it started. A shell sets the bounds that the kernel enforces, then becomes the command:
 *
 * <pre>
 *   thread without network ──▸ sh: ulimit -c -d -f -t ──▸ nice ──▸ setpriv --pdeathsig ──▸ command
 * </pre>
 *
 * Should the gateway be killed, the kernel kills the command too, where there is {@code setpriv}; elsewhere its
 * processor time ends it.
 */
final class ChildProcess {
    private static final String OUTPUT = "output.txt";
    private static final int LONGEST_OUTPUT = 16 * 1024;
    private static final long LAST_SECONDS = 5;
    private static final Path SETPRIV = Path.of("/usr/bin/setpriv");

    /** In units of POSIX: kilobytes, blocks of 512 bytes, seconds. A hard limit of processor time kills outright. */
    private static final String BOUNDED =
            "{ ulimit -c 0 && ulimit -d $1 && ulimit -f $2 && ulimit -S -t $3 && ulimit -H -t $(($3 + 1)); } || exit 126;"
                    + " shift 3; exec nice -n 10 \"$@\"";

    private final NetworklessLauncher launcher;
    private final List<String> wrapper;

    /** Commands that {@code launcher} starts. */
    ChildProcess(NetworklessLauncher launcher) {
        this.launcher = launcher;
        this.wrapper =
                Files.isExecutable(SETPRIV) ? List.of(SETPRIV.toString(), "--pdeathsig", "KILL", "--") : List.of();
    }

    /**
     * What a command may take.
     *
     * @param memory private and writable
     * @param file the largest that it may write
     * @param processor time that it may compute, in whole seconds
     * @param wall time until it is killed
     */
    record Limits(DataSize memory, DataSize file, Duration processor, Duration wall) {}

    /**
     * How a command ended.
     *
     * @param status as a shell tells it: 128 and the number of the signal that ended it
     * @param isLate whether it was killed because its time was over
     * @param output what it wrote, the first part of it
     */
    record Outcome(int status, boolean isLate, String output) {}

    /**
     * Runs a command until it ends. Blocks; an interruption kills it.
     *
     * @param environment all that it finds there
     * @param directory where it runs, its own; its output is left there too
     * @throws IOException if it cannot be started
     * @throws InterruptedException if it was killed for that
     */
    Outcome run(List<String> command, Map<String, String> environment, Path directory, Limits limits)
            throws IOException, InterruptedException {
        List<String> bounded = new ArrayList<>(List.of(
                "/bin/sh",
                "-c",
                BOUNDED,
                "sh",
                Long.toString(limits.memory().toKilobytes()),
                Long.toString(limits.file().toBytes() / 512),
                Long.toString(limits.processor().toSeconds())));
        bounded.addAll(wrapper);
        bounded.addAll(command);
        Path output = directory.resolve(OUTPUT);
        ProcessBuilder builder = new ProcessBuilder(bounded)
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
        builder.environment().clear();
        builder.environment().putAll(environment);
        Process process = launcher.start(builder);
        try {
            boolean hasEnded = process.waitFor(limits.wall().toNanos(), TimeUnit.NANOSECONDS);
            return hasEnded
                    ? new Outcome(process.exitValue(), false, start(output))
                    : new Outcome(-1, true, start(output));
        } finally {
            kill(process);
        }
    }

    private static String start(Path output) throws IOException {
        try (InputStream bytes = Files.newInputStream(output)) {
            return new String(bytes.readNBytes(LONGEST_OUTPUT), StandardCharsets.UTF_8);
        }
    }

    /** With what it has started. A killed process is gone soon, unless its kernel waits for a disk. */
    private static void kill(Process process) {
        if (!process.isAlive()) {
            return;
        }
        List<ProcessHandle> children = process.descendants().toList();
        process.destroyForcibly();
        children.forEach(ProcessHandle::destroyForcibly);
        boolean isInterrupted = Thread.interrupted();
        try {
            process.waitFor(LAST_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException again) {
            isInterrupted = true;
        }
        if (isInterrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
