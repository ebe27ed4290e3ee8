package dev.sluice.gateway.outbound.imagetype;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.tika.io.TikaInputStream;
import org.apache.tika.metadata.Metadata;
import org.apache.tika.mime.MimeTypes;
import org.apache.tika.parser.ParseContext;
import org.jspecify.annotations.Nullable;

/**
 * Tells an image's format from its first bytes.
 *
 * <p>Tika's magic numbers decide, less than a tenth of a millisecond for what {@link #RASTER_START} holds, but for what
 * they do not know: the brands of the HEIF family beside the major one ({@link HeifBrands}), BigTIFF, bitmaps of OS/2
 * and Windows cursors. An SVG is told by its root element ({@link SvgRoot}).
 */
public final class ImageTypes {
    /** Bytes to look at for any format but SVG. */
    public static final int RASTER_START = 128;

    private static final byte[] JPEG_START = {(byte) 0xff, (byte) 0xd8, (byte) 0xff};
    private static final byte[] PNG_START = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    private static final byte[] GIF87_START = "GIF87a".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] GIF89_START = "GIF89a".getBytes(StandardCharsets.US_ASCII);

    private static final ImageType SVG = new ImageType("image/svg+xml", "svg");
    private static final Map<String, ImageType> KNOWN = Map.ofEntries(
            known("image/png", "image/png", "png"),
            known("image/jpeg", "image/jpeg", "jpg"),
            known("image/gif", "image/gif", "gif"),
            known("image/webp", "image/webp", "webp"),
            known("image/bmp", "image/bmp", "bmp"),
            known("image/tiff", "image/tiff", "tiff"),
            known("image/jxl", "image/jxl", "jxl"),
            known("image/vnd.microsoft.icon", "image/x-icon", "ico"));

    /** Images, and nothing that a browser shows. */
    private static final Map<String, ImageType> FOREIGN = Map.ofEntries(
            known("image/jp2", "image/jp2", "jp2"),
            known("image/x-jp2-codestream", "image/jp2", "jp2"),
            known("image/x-jp2-container", "image/jp2", "jp2"),
            known("image/vnd.adobe.photoshop", "image/vnd.adobe.photoshop", "psd"),
            known("image/icns", "image/icns", "icns"),
            known("image/x-xcf", "image/x-xcf", "xcf"),
            known("image/x-portable-bitmap", "image/x-portable-bitmap", "pbm"),
            known("image/x-portable-graymap", "image/x-portable-graymap", "pgm"),
            known("image/x-portable-pixmap", "image/x-portable-pixmap", "ppm"));

    private static final Map<String, ImageType> BY_MEDIA_TYPE = Stream.of(
                    KNOWN.values().stream(), HeifBrands.all(), RareSignatures.all())
            .flatMap(Function.identity())
            .collect(Collectors.toUnmodifiableMap(ImageType::mediaType, Function.identity(), (one, same) -> one));

    private final MimeTypes magic = MimeTypes.getDefaultMimeTypes();

    /** Thread-safe; one is enough. */
    public ImageTypes() {}

    /** The format of an image that begins with {@code start}; null when it is none, or an SVG. */
    public @Nullable ImageType raster(byte[] start) {
        return known(start, KNOWN);
    }

    /** The format that {@link #raster} gives with this media type; null when there is none. */
    public static @Nullable ImageType rasterOf(String mediaType) {
        return BY_MEDIA_TYPE.get(mediaType);
    }

    /** As {@link #raster}, and the usual ones of those that no browser shows: a format that can be told by its name. */
    public @Nullable ImageType any(byte[] start) {
        ImageType known = raster(start);
        return known == null ? known(start, FOREIGN) : known;
    }

    private @Nullable ImageType known(byte[] start, Map<String, ImageType> types) {
        ImageType usual = usual(start);
        if (usual != null) {
            return usual;
        }
        List<ImageType> heif = HeifBrands.types(start);
        if (!heif.isEmpty()) {
            return heif.getFirst();
        }
        ImageType rare = RareSignatures.type(start);
        if (rare != null) {
            return rare;
        }
        try (var bytes = TikaInputStream.get(start)) {
            return types.get(magic.detect(bytes, new Metadata(), new ParseContext())
                    .getBaseType()
                    .toString());
        } catch (IOException e) {
            throw new UncheckedIOException("reading from memory", e);
        }
    }

    /** The three formats that nearly all images have, without a walk through every format that Tika knows. */
    private static @Nullable ImageType usual(byte[] start) {
        if (begins(start, JPEG_START)) {
            return KNOWN.get("image/jpeg");
        }
        if (begins(start, PNG_START)) {
            return KNOWN.get("image/png");
        }
        return begins(start, GIF87_START) || begins(start, GIF89_START) ? KNOWN.get("image/gif") : null;
    }

    private static boolean begins(byte[] start, byte[] signature) {
        return start.length >= signature.length
                && Arrays.equals(start, 0, signature.length, signature, 0, signature.length);
    }

    /** SVG when {@code start}, the first {@link SvgRoot#START} bytes, begins like one; else null. */
    public static @Nullable ImageType svg(byte[] start) {
        return SvgRoot.read(start) == null ? null : SVG;
    }

    private static Map.Entry<String, ImageType> known(String detected, String mediaType, String extension) {
        return Map.entry(detected, new ImageType(mediaType, extension));
    }

    /**
     * Image formats that Tika's magic numbers lack.
     *
     * <pre>
     *   BMP of OS/2   BM, size 4, 0 0 0 0, offset 4, header's size 4: 12, 16 or 64     (of Windows: 40 and more)
     *   BigTIFF       II 2B 00 08 00 00 00, or MM 00 2B 00 08 00 00
     *   CUR           00 00 02 00, count 2, each: width, height, colours, 0, hot spot 4, bytes 4, offset 4
     * </pre>
     */
    private static final class RareSignatures {
        private static final ImageType BMP = new ImageType("image/bmp", "bmp");
        private static final ImageType TIFF = new ImageType("image/tiff", "tiff");
        private static final ImageType CUR = new ImageType("image/x-win-bitmap", "cur");

        private static final int LONGEST = 26;
        private static final Set<Integer> OS2_HEADERS = Set.of(12, 16, 64);
        private static final int CURSOR = 0x00020000;
        private static final int MOST_CURSORS = 255;
        private static final int BITMAP = 'B' | ('M' << 8);

        private RareSignatures() {}

        static Stream<ImageType> all() {
            return Stream.of(BMP, TIFF, CUR);
        }

        static @Nullable ImageType type(byte[] start) {
            if (start.length < LONGEST) {
                return null;
            }
            ByteBuffer bytes = ByteBuffer.wrap(start).order(ByteOrder.LITTLE_ENDIAN);
            if (bytes.getChar(0) == BITMAP && bytes.getInt(6) == 0 && OS2_HEADERS.contains(bytes.getInt(14))) {
                return BMP;
            }
            if (bytes.getLong(0) == 0x0000_0008_002b_4949L || bytes.getLong(0) == 0x0000_0800_2b00_4d4dL) {
                return TIFF;
            }
            return isCursor(bytes) ? CUR : null;
        }

        private static boolean isCursor(ByteBuffer bytes) {
            int count = bytes.getChar(4);
            return bytes.getInt(0) == CURSOR
                    && count > 0
                    && count <= MOST_CURSORS
                    && bytes.get(9) == 0
                    && bytes.getInt(14) > 0
                    && bytes.getInt(18) >= 6 + 16 * count;
        }
    }
}
