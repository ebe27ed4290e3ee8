package dev.sluice.gateway.outbound.picture.decode.vips;

import dev.sluice.gateway.outbound.picture.decode.BlurHashEncoder;
import dev.sluice.gateway.outbound.picture.decode.ThumbnailSizes;
import dev.sluice.gateway.outbound.picture.decode.vips.VipsTool.Loaders;
import dev.sluice.gateway.outbound.picture.format.PictureException;
import dev.sluice.gateway.outbound.picture.format.PictureHeader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.springframework.util.unit.DataSize;

/**
 * One picture in the hands of libvips' tool: the operations that make pyramids of it.
 *
 * <pre>
 *   JPEG, PNG, GIF, WebP      thumbnail ──▸ pyramid                            shrinks while it loads, if the format can
 *   HEIF, AVIF, TIFF          shrink ──▸ file ──▸ thumbnail ──▸ pyramid
 *   SVG, JPEG XL              svgload, jxlload ──▸ file ──▸ thumbnail ──▸ pyramid
 * </pre>
 *
 * Those of the second line may hold a small picture beside the picture itself, and {@code thumbnail} would take it. The
 * operation that takes an opened picture, {@code thumbnail_image}, computes every row several times until libvips 8.14.
 *
 * <p>The loaders of the last line are none that libvips trusts with strangers' files. With them it would trust all
 * others too, so the operation names its loader, and the other sees only what that one wrote.
 */
final class VipsPicture {
    private static final String WEBP = "[Q=80]";
    private static final String JPEG = "[Q=80,optimize_coding]";
    private static final String STRICT = "[access=sequential,fail_on=error]";
    /** What is read by a plugin of libvips, if it was built so. */
    private static final Set<String> PLUGINS = Set.of("image/heic", "image/heif", "image/avif");

    /** What libjpeg says where a segment of data ends before its rows do. */
    private static final String ROWS_MISSING = "premature end of data segment";

    /** Exactly as large as is said, though the picture's own ratio would make it a pixel higher or lower. */
    private static final String EXACT = "force";

    private static final String ANY_HEIGHT = "10000000";

    /** Of what is private and writable; what is expected to be resident is less. */
    private static final long MEMORY_FACTOR = 2;

    private static final long MEMORY_BASE = 64L << 20;

    private static final long FILE_BASE = 64L << 20;
    /** Bytes a pixel of what is put aside: 16 bits a sample; a float in JPEG XL. */
    private static final long FILE_OF_PIXEL = 8;

    private static final long FILE_OF_PIXEL_JXL = 16;

    /** Colours that were converted from a profile of no use are wrong. */
    private static final Pattern BAD_PROFILE =
            Pattern.compile("(?i)(?:corrupt|incompatible|bad).*profile|profile (?:incompatible|does not)|iCCP:");

    private final VipsTool tool;
    private final PictureHeader header;
    private final List<Integer> widths;
    private final Path directory;
    private final String input;
    private final int shrink;
    private final String size;
    private boolean convertsColors;
    private String said = "";

    /**
     * A picture that was opened.
     *
     * @param widths of thumbnails, ascending; the widest is the pyramid's first
     * @throws PictureException if libvips will not have it
     */
    VipsPicture(VipsTool tool, Path file, PictureHeader header, List<Integer> widths, Path directory)
            throws IOException {
        this.tool = tool;
        this.header = header;
        this.widths = widths;
        this.directory = directory;
        String name = directory.relativize(file).toString();
        String mediaType = header.type().mediaType();
        switch (mediaType) {
            case "image/svg+xml" -> {
                run(Loaders.ALL, List.of("svgload", name, "drawn.png", "--dpi", "96", "--scale", scale()));
                input = "drawn.png";
                size = "both"; // a drawing without a size of its own has a ratio of its own, too
                shrink = 1;
            }
            case "image/jxl" -> {
                run(
                        Loaders.ALL,
                        List.of("jxlload", name, "decoded.tif", "--access", "sequential", "--fail-on", "error"));
                input = "decoded.tif";
                size = EXACT;
                shrink = 1;
            }
            case "image/heic", "image/heif", "image/avif", "image/tiff" -> {
                shrink = shrink();
                shrink(name, mediaType);
                input = "shrunk.tif";
                size = EXACT;
            }
            default -> {
                input = name;
                size = EXACT;
                shrink = 1;
            }
        }
        // JPEG XL codes its profile; its loader gives one to every picture.
        this.convertsColors = mediaType.equals("image/jxl") || IccProfile.isIn(file, mediaType);
    }

    private void shrink(String name, String mediaType) throws IOException {
        if (!PLUGINS.contains(mediaType)) {
            shrink(name, Loaders.BUILT_IN);
            return;
        }
        try {
            shrink(name, Loaders.TRUSTED);
        } catch (PictureException refusal) {
            if (!VipsFailure.isUnrecognised(refusal)) {
                throw refusal;
            }
            // libvips knows HEIF by its major brand, and not all of them: sequences of AVIF ("avis") are none to it.
            run(
                    Loaders.TRUSTED,
                    List.of("heifload", name, "decoded.tif", "--access", "sequential", "--fail-on", "error"));
            shrink("decoded.tif", Loaders.BUILT_IN);
        }
    }

    private void shrink(String name, Loaders loaders) throws IOException {
        String by = Integer.toString(shrink);
        run(loaders, List.of("shrink", name + STRICT, "shrunk.tif", by, by));
    }

    private String height() {
        return size.equals(EXACT)
                ? Integer.toString(ThumbnailSizes.height(header.width(), header.height(), widths.getLast()))
                : ANY_HEIGHT;
    }

    private String scale() {
        double wanted = widths.isEmpty()
                ? (double) BlurHashEncoder.SIDE / Math.max(header.width(), header.height())
                : (double) widths.getLast() / header.width();
        return Double.toString(Math.max(0.001, wanted));
    }

    /**
     * By what a picture may be shrunk, a mean of so many pixels in each direction, so that it is still twice as large
     * as the largest thumbnail. What is transparent is not, for its hidden colours would be mixed in.
     */
    private int shrink() {
        int most = widths.isEmpty()
                ? Math.max(header.width(), header.height()) / (2 * BlurHashEncoder.SIDE)
                : header.width() / (2 * widths.getLast());
        return header.hasAlpha() ? 1 : Math.max(1, Math.min(most, Math.min(header.width(), header.height())));
    }

    /** What libvips tells as its size is the picture's, divided by this and rounded. */
    int shrinkage() {
        return shrink;
    }

    /** Its pyramid with WebP files as tiles. */
    VipsPyramid webp() throws IOException {
        return pyramid("webp", WEBP);
    }

    /** The same with JPEG files. */
    VipsPyramid jpeg() throws IOException {
        return pyramid("jpg", JPEG);
    }

    /** What libvips said of it at last. */
    String said() {
        return said;
    }

    private VipsPyramid pyramid(String extension, String saving) throws IOException {
        if (convertsColors) {
            try {
                VipsPyramid converted = pyramid("converted-", extension, saving, List.of("--export-profile", "srgb"));
                if (!BAD_PROFILE.matcher(said).find()) {
                    return converted;
                }
            } catch (PictureException perhapsForItsProfile) {
                said = String.valueOf(perhapsForItsProfile.getMessage());
            }
            convertsColors = false;
        }
        return pyramid("", extension, saving, List.of());
    }

    private VipsPyramid pyramid(String prefix, String extension, String saving, List<String> colors)
            throws IOException {
        String name = prefix + extension;
        String side = Integer.toString(BlurHashEncoder.SIDE);
        List<String> all = new ArrayList<>();
        all.addAll(List.of("thumbnail", input, VipsPyramid.output(name, "." + extension + saving)));
        all.addAll(
                widths.isEmpty()
                        ? List.of(side, "--height", side)
                        : List.of(widths.getLast().toString(), "--height", height()));
        all.addAll(List.of("--size", widths.isEmpty() ? "down" : size));
        all.addAll(colors);
        said = made(all);
        VipsPyramid pyramid = VipsPyramid.read(directory, name, "." + extension);
        if (pyramid == null) {
            // It says so at its end, and succeeds.
            throw VipsFailure.ofNothing(said);
        }
        return pyramid;
    }

    /**
     * To libjpeg it is no error when rows are missing before a file's end, but one warning of many that viewers forgive
     * as well. Files that it warns of are read once more for that.
     */
    private String made(List<String> thumbnail) throws IOException {
        if (header.type().mediaType().equals("image/jpeg")) {
            try {
                return run(Loaders.BUILT_IN, failingOn("warning", thumbnail));
            } catch (PictureException warned) {
                if (String.valueOf(warned.getMessage()).contains(ROWS_MISSING)) {
                    throw warned;
                }
            }
        }
        return run(Loaders.BUILT_IN, failingOn("error", thumbnail));
    }

    private static List<String> failingOn(String level, List<String> operation) {
        return Stream.concat(operation.stream(), Stream.of("--fail-on", level)).toList();
    }

    private String run(Loaders loaders, List<String> all) throws IOException {
        long ofPixel = header.type().mediaType().equals("image/jxl") ? FILE_OF_PIXEL_JXL : FILE_OF_PIXEL;
        return tool.run(
                all,
                loaders,
                directory,
                DataSize.ofBytes(MEMORY_FACTOR * VipsMemory.of(header) + MEMORY_BASE),
                DataSize.ofBytes(FILE_BASE + ofPixel * header.decodedPixels()));
    }
}
