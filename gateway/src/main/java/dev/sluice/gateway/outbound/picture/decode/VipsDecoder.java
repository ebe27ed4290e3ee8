package dev.sluice.gateway.outbound.picture.decode;

import dev.sluice.gateway.outbound.picture.format.PictureException;
import dev.sluice.gateway.outbound.picture.format.PictureException.Kind;
import dev.sluice.gateway.outbound.picture.format.PictureHeader;
import java.io.IOException;
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
    /** How far a height may be from what the width lets expect, where libvips does not tell what it has read. */
    private static final double ROUNDING = 2;

    private static final Pattern INPUT_SIZE = Pattern.compile("input size is (\\d+) x (\\d+)");

    private final UnconnectedThread thread;
    private final VipsTool tool;
    private final VipsFormats formats;

    /**
     * How libvips is used.
     *
     * @param command name or path of its tool
     * @param wall time that one of its processes may take
     * @param processor time that it may compute, at least a second
     */
    public record Settings(String command, Duration wall, Duration processor) {}

    private VipsDecoder(UnconnectedThread thread, VipsTool tool, VipsFormats formats) {
        this.thread = thread;
        this.tool = tool;
        this.formats = formats;
    }

    /**
     * The libvips that is installed here. Blocks until it has told its version and decoded two tiny pictures.
     *
     * @param directory for those, empty; the caller deletes it
     * @throws IOException if there is none, or none that runs within bounds; why, in its message
     */
    public static VipsDecoder start(Settings settings, Path directory) throws IOException {
        UnconnectedThread thread = new UnconnectedThread();
        try {
            VipsTool tool =
                    new VipsTool(new ChildProcess(thread), settings.command(), settings.wall(), settings.processor());
            return new VipsDecoder(thread, tool, VipsFormats.find(tool, directory));
        } catch (DecoderException failed) {
            thread.close();
            Throwable why = failed.getCause();
            throw new IOException(why == null ? failed.getMessage() : why.getMessage(), failed);
        } catch (IOException | RuntimeException failed) {
            thread.close();
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
        return thread.refusal();
    }

    /** Whether libvips could not be started when it was last needed. */
    public boolean isMissing() {
        return tool.isMissing();
    }

    @Override
    public long memoryFor(PictureHeader header) {
        return VipsMemory.of(header);
    }

    @Override
    public Decoded decode(Path file, PictureHeader header, List<Integer> widths, Path directory) throws IOException {
        if (!mediaTypes().contains(header.type().mediaType())) {
            throw new PictureException(Kind.UNSUPPORTED, header.type().mediaType() + " is not supported", null);
        }
        VipsPicture picture = new VipsPicture(tool, file, header, widths, directory);
        VipsThumbnails thumbnails = new VipsThumbnails(picture.webp());
        BareWebp largest = thumbnails.largest();
        check(header, picture, largest);
        boolean isNoisy = !widths.isEmpty() && VipsThumbnails.isNoisy(largest);
        return new Decoded(
                header.width(),
                header.height(),
                thumbnails.placeholder(),
                thumbnails.make(widths, isNoisy ? picture.jpeg() : null, directory));
    }

    /** A file whose header is read in two ways must not be shown as one picture and stored as another. */
    private static void check(PictureHeader header, VipsPicture picture, BareWebp largest) {
        if (header.type().mediaType().equals("image/svg+xml")) {
            return; // how large it is depends on who shows it
        }
        Matcher input = INPUT_SIZE.matcher(picture.said());
        boolean isRight;
        if (input.find()) {
            int first = Integer.parseInt(input.group(1));
            int second = Integer.parseInt(input.group(2));
            int by = picture.shrinkage();
            isRight = isSame(header.width(), header.isTransposed() ? second : first, by)
                    && isSame(header.height(), header.isTransposed() ? first : second, by);
        } else {
            double height = (double) largest.width() * header.height() / header.width();
            isRight = Math.abs(largest.height() - Math.max(1, height)) < ROUNDING;
        }
        if (!isRight) {
            throw new PictureException(
                    Kind.DAMAGED,
                    "The image is damaged: it decodes to another size than " + header.width() + " x " + header.height()
                            + " pixels, as it says",
                    null);
        }
    }

    private static boolean isSame(int side, int shrunk, int by) {
        return by == 1 ? side == shrunk : Math.abs((double) side / by - shrunk) < 1;
    }

    @Override
    public void close() {
        thread.close();
    }
}
