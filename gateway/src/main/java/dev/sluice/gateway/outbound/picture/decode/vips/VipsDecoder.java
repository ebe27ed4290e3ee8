package dev.sluice.gateway.outbound.picture.decode.vips;

import dev.sluice.gateway.outbound.picture.decode.Decoded;
import dev.sluice.gateway.outbound.picture.decode.DecoderException;
import dev.sluice.gateway.outbound.picture.decode.PictureDecoder;
import dev.sluice.gateway.outbound.picture.format.PictureException;
import dev.sluice.gateway.outbound.picture.format.PictureHeader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Decodes in child processes, by libvips' command line. One process a picture decodes all of it, shrinks it on the way,
 * and writes every thumbnail (see {@link VipsPyramid}); a second one is needed for some (see {@link VipsPicture}).
 *
 * <p>A child has bounds of memory, processor time, time and file size, works in the directory of its picture, and has
 * no network where the kernel allows to take it. It can read what the gateway's user can read.
 */
public final class VipsDecoder implements PictureDecoder, AutoCloseable {
    private static final Pattern INPUT_SIZE = Pattern.compile("input size is (\\d+) x (\\d+)");

    private final NetworklessLauncher launcher;
    private final VipsTool tool;
    private final VipsFormats formats;
    private final VipsSelfTest selfTest;

    /**
     * How libvips is used.
     *
     * @param command name or path of its tool
     * @param wall time that one of its processes may take
     * @param processor time that it may compute, at least a second
     */
    public record Settings(String command, Duration wall, Duration processor) {}

    VipsDecoder(NetworklessLauncher launcher, VipsTool tool, VipsFormats formats, VipsSelfTest selfTest) {
        this.launcher = launcher;
        this.tool = tool;
        this.formats = formats;
        this.selfTest = selfTest;
    }

    /**
     * The libvips that is installed here. Blocks until it has told its version and decoded some tiny pictures.
     *
     * @param directory for those, empty; the caller deletes it
     * @throws IOException if there is none, or none that runs within bounds; why, in its message
     */
    public static VipsDecoder start(Settings settings, Path directory) throws IOException {
        NetworklessLauncher launcher = new NetworklessLauncher();
        try {
            VipsTool tool =
                    new VipsTool(new ChildProcess(launcher), settings.command(), settings.wall(), settings.processor());
            VipsFormats formats = VipsFormats.find(tool, directory);
            VipsSelfTest selfTest = new VipsSelfTest(tool);
            selfTest.run(directory);
            return new VipsDecoder(launcher, tool, formats, selfTest);
        } catch (DecoderException failed) {
            launcher.close();
            Throwable why = failed.getCause();
            throw new IOException(why == null ? failed.getMessage() : why.getMessage(), failed);
        } catch (IOException | RuntimeException failed) {
            launcher.close();
            throw failed;
        }
    }

    @Override
    public String name() {
        return "libvips " + formats.version();
    }

    @Override
    public Set<String> mediaTypes() {
        return formats.mediaTypes();
    }

    /** Why its processes can reach the network; null if they cannot. */
    public @Nullable String reachesNetwork() {
        return launcher.refusal();
    }

    /** Why libvips decodes no picture at all, as it was when it was last needed; null if it does. */
    public @Nullable String failure() {
        return tool.isMissing() ? "it cannot be started" : selfTest.failure();
    }

    @Override
    public long memoryFor(PictureHeader header) {
        return VipsMemory.of(header);
    }

    @Override
    public Decoded decode(Path file, PictureHeader header, List<Integer> widths, Path directory) throws IOException {
        if (!mediaTypes().contains(header.type().mediaType())) {
            throw PictureException.unsupported(header.type().mediaType());
        }
        if (selfTest.failure() != null) {
            selfTest.run(directory); // takes less time than a picture that is tried in vain
        }
        try {
            return decoded(file, header, widths, directory);
        } catch (PictureException | DecoderException failure) {
            if (!Thread.currentThread().isInterrupted() && !tool.isMissing() && Files.isDirectory(directory)) {
                selfTest.run(directory);
            }
            throw failure;
        }
    }

    private Decoded decoded(Path file, PictureHeader header, List<Integer> widths, Path directory) throws IOException {
        VipsPicture picture = new VipsPicture(tool, file, header, widths, directory);
        VipsThumbnails thumbnails = new VipsThumbnails(picture.webp());
        StrippedWebp largest = thumbnails.largest();
        check(header, picture);
        boolean isNoisy = !widths.isEmpty() && VipsThumbnails.isNoisy(largest);
        return new Decoded(
                header.width(),
                header.height(),
                thumbnails.placeholder(),
                thumbnails.make(widths, isNoisy ? picture.jpeg() : null, directory));
    }

    /** A file whose header is read in two ways must not be shown as one picture and stored as another. */
    private static void check(PictureHeader header, VipsPicture picture) {
        if (header.type().mediaType().equals("image/svg+xml")) {
            return; // how large it is depends on who shows it
        }
        Matcher input = INPUT_SIZE.matcher(picture.said());
        if (!input.find()) {
            throw new DecoderException(
                    DecoderException.Kind.FAILED, "The decoder does not tell how large the image is", null);
        }
        int first = Integer.parseInt(input.group(1));
        int second = Integer.parseInt(input.group(2));
        int by = picture.shrinkage();
        boolean isRight = isSame(header.width(), header.isTransposed() ? second : first, by)
                && isSame(header.height(), header.isTransposed() ? first : second, by);
        if (!isRight) {
            throw PictureException.damaged(
                    "image",
                    "it decodes to another size than " + header.width() + " x " + header.height()
                            + " pixels, as it says");
        }
    }

    private static boolean isSame(int side, int shrunk, int by) {
        return by == 1 ? side == shrunk : Math.abs((double) side / by - shrunk) < 1;
    }

    @Override
    public void close() {
        launcher.close();
    }
}
