package dev.sluice.gateway.outbound.picture.decode.vips;

import dev.sluice.gateway.outbound.picture.decode.DecoderException;
import dev.sluice.gateway.outbound.picture.decode.vips.ChildProcess.Limits;
import dev.sluice.gateway.outbound.picture.decode.vips.ChildProcess.Outcome;
import dev.sluice.gateway.outbound.picture.format.PictureException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.util.unit.DataSize;

/** The command line of libvips, run within bounds, and what its ends mean. */
final class VipsTool {
    private static final Logger LOG = LoggerFactory.getLogger(VipsTool.class);

    private static final int CANNOT_EXECUTE = 126;
    private static final int NOT_FOUND = 127;
    private static final String NOWHERE = "/nonexistent";

    /**
     * What the tool finds in its environment. One thread, since many pictures are decoded at a time. The sizes of the
     * text tell of the picture that was opened. An allocator that gives memory back at once: with its defaults an HEIC
     * of 24 megapixels took half as much again. It asks the kernel for 4 MB at a time: for less, a tenth of that
     * picture's time goes to asking.
     */
    private static final Map<String, String> ENVIRONMENT = Map.of(
            "LC_ALL", "C.UTF-8",
            "TMPDIR", ".",
            "HOME", ".",
            "VIPS_CONCURRENCY", "1",
            "VIPS_INFO", "1",
            "MALLOC_ARENA_MAX", "1",
            "MALLOC_MMAP_THRESHOLD_", "65536",
            "MALLOC_TRIM_THRESHOLD_", "131072",
            "MALLOC_TOP_PAD_", "4194304");

    private final ChildProcess processes;
    private final String command;
    private final Duration wall;
    private final Duration processor;
    private final Map<String, String> environment = new HashMap<>(ENVIRONMENT);
    private final AtomicReference<State> state = new AtomicReference<>(State.UNTRIED);

    /**
     * The tool of that name or path.
     *
     * @param wall time that one run may take
     * @param processor time that it may compute
     */
    VipsTool(ChildProcess processes, String command, Duration wall, Duration processor) {
        this.processes = processes;
        this.command = command;
        this.wall = wall;
        this.processor = processor;
        environment.put("PATH", System.getenv().getOrDefault("PATH", "/usr/local/bin:/usr/bin:/bin"));
    }

    private enum State {
        UNTRIED,
        RUNS,
        MISSING
    }

    /** Which of libvips' loaders may look at a file. */
    enum Loaders {
        /**
         * Those that libvips itself trusts with what comes from strangers, and that are no plugins: HEIF and JPEG XL
         * are, where a distribution builds them so. Half of the time that the tool takes to start goes to loading
         * plugins, most of them for formats that nobody here asks for.
         */
        BUILT_IN,
        /** Those that libvips itself trusts with what comes from strangers. */
        TRUSTED,
        /** All, so the operation has to name its loader. */
        ALL
    }

    /** Whether the tool could not be started when it was last tried. */
    boolean isMissing() {
        return state.get() == State.MISSING;
    }

    /**
     * Runs one operation and gives what it said. Blocks.
     *
     * @param memory bytes, private and writable, that it may take
     * @param file bytes of the largest file that it may write
     * @throws PictureException if libvips will not have the picture
     * @throws DecoderException if it died, could not be started, or reached a limit
     * @throws IOException if there is no space to write to
     */
    String run(List<String> operation, Loaders loaders, Path directory, DataSize memory, DataSize file)
            throws IOException {
        return run(operation, loaders, directory, memory, file, wall);
    }

    /** As {@link #run}, in less time. */
    String run(List<String> operation, Loaders loaders, Path directory, DataSize memory, DataSize file, Duration within)
            throws IOException {
        List<String> all = new ArrayList<>();
        all.add(command);
        all.addAll(operation);
        Map<String, String> variables = new HashMap<>(environment);
        if (loaders != Loaders.ALL) {
            variables.put("VIPS_BLOCK_UNTRUSTED", "1");
        }
        if (loaders == Loaders.BUILT_IN) {
            variables.put("VIPSHOME", NOWHERE); // below it, libvips looks for plugins
        }
        Outcome outcome = outcome(
                all,
                variables,
                directory,
                new Limits(memory, file, processor, within.compareTo(wall) < 0 ? within : wall));
        if (state.getAndSet(State.RUNS) == State.MISSING) {
            LOG.info("{} runs again", command);
        }
        if (outcome.status() != 0) {
            throw VipsFailure.of(outcome);
        }
        return outcome.output();
    }

    private Outcome outcome(List<String> all, Map<String, String> variables, Path directory, Limits limits) {
        try {
            Outcome outcome = processes.run(all, variables, directory, limits);
            if (outcome.status() == NOT_FOUND || outcome.status() == CANNOT_EXECUTE) {
                throw missing(new IOException(outcome.output().strip()));
            }
            return outcome;
        } catch (IOException failed) {
            if (!Files.isDirectory(directory)) {
                // Who wanted the picture has left, and its files are gone: that says nothing of libvips.
                throw new DecoderException(DecoderException.Kind.FAILED, "Nobody waits for the image", failed);
            }
            throw missing(failed);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new DecoderException(DecoderException.Kind.FAILED, "Decoding the image was interrupted", interrupted);
        }
    }

    private DecoderException missing(IOException why) {
        if (state.getAndSet(State.MISSING) == State.RUNS) {
            LOG.error("{} cannot be started, so no picture is decoded until it can: {}", command, why.getMessage());
        }
        return new DecoderException(DecoderException.Kind.FAILED, "The decoder cannot be started", why);
    }
}
