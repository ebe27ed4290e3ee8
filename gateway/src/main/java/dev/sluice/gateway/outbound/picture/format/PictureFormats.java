package dev.sluice.gateway.outbound.picture.format;

import dev.sluice.gateway.outbound.imagetype.HeifBrands;
import dev.sluice.gateway.outbound.imagetype.ImageType;
import dev.sluice.gateway.outbound.imagetype.ImageTypes;
import dev.sluice.gateway.outbound.imagetype.SvgRoot;
import dev.sluice.gateway.outbound.picture.format.PictureException.Kind;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What image files say of themselves: format, size as people see it, and whether they are whole as far as lengths tell.
 * Nothing is decoded. A file is read through a small buffer, once from its start to its end at most, whatever it says.
 */
public final class PictureFormats {
    /** Media types that are read, whatever a decoder makes of them. */
    public static final Set<ImageType> TYPES = Set.of(
            JpegFile.TYPE,
            PngFile.TYPE,
            GifFile.TYPE,
            WebpFile.TYPE,
            TiffFile.TYPE,
            JxlFile.TYPE,
            SvgFile.TYPE,
            new ImageType("image/avif", "avif"),
            new ImageType("image/heic", "heic"),
            new ImageType("image/heif", "heif"));

    private static final Set<String> HEIF_NAMES = Set.of("image/heic", "image/heif");
    private static final ImageTypes MAGIC = new ImageTypes();

    private PictureFormats() {}

    /**
     * What {@code file} says, which nobody changes meanwhile. Blocks.
     *
     * @param maxPixels most pixels, width times height, of the picture and of whatever else is decoded with it
     * @throws PictureException for what is no image, is of a format that is not read here, is too large or is damaged
     * @throws IOException if the file cannot be read
     */
    public static PictureHeader read(Path file, long maxPixels) throws IOException {
        return read(file, null, maxPixels);
    }

    /**
     * As {@link #read}, of a file that must be what it was announced as. An HEIF file of several brands may be called
     * by any of them; {@code image/heic} and {@code image/heif} stand for each other, since browsers and systems call
     * the same files by either name.
     *
     * @param mediaType for example {@code image/jpeg}
     * @throws PictureException also for one of another type
     */
    public static PictureHeader readAs(String mediaType, Path file, long maxPixels) throws IOException {
        return read(file, mediaType, maxPixels);
    }

    private static PictureHeader read(Path file, @Nullable String announced, long maxPixels) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            FileBytes whole = new FileBytes(channel, "image");
            byte[] start = whole.bytes(Math.min(SvgRoot.START, whole.length()));
            byte[] first = Arrays.copyOf(start, Math.min(ImageTypes.RASTER_START, start.length));
            ImageType raster = MAGIC.any(first);
            SvgRoot root = raster == null ? SvgRoot.read(start) : null;
            ImageType type = announced(root == null ? raster : SvgFile.TYPE, HeifBrands.types(first), announced);
            PixelLimit limit = new PixelLimit(maxPixels);
            return root == null ? raster(channel, type, limit) : SvgFile.read(channel, start, root, limit);
        }
    }

    private static ImageType announced(@Nullable ImageType found, List<ImageType> also, @Nullable String announced) {
        if (found == null) {
            throw new PictureException(Kind.NOT_AN_IMAGE, "The bytes are not those of an image", null);
        }
        if (announced == null || found.mediaType().equals(announced)) {
            return found;
        }
        return also.stream()
                .filter(type -> type.mediaType().equals(announced))
                .findFirst()
                .or(() -> HEIF_NAMES.containsAll(Set.of(found.mediaType(), announced))
                        ? Optional.of(found)
                        : Optional.empty())
                .orElseThrow(() -> new PictureException(
                        Kind.OTHER_TYPE,
                        "The bytes are those of " + found.mediaType() + " (expected: " + announced + ")",
                        null));
    }

    private static PictureHeader raster(FileChannel file, ImageType type, PixelLimit limit) throws IOException {
        return switch (type.mediaType()) {
            case "image/jpeg" -> JpegFile.read(file, limit);
            case "image/png" -> PngFile.read(file, limit);
            case "image/gif" -> GifFile.read(file, limit);
            case "image/webp" -> WebpFile.read(file, limit);
            case "image/avif", "image/heic", "image/heif" -> HeifFile.read(file, type, limit);
            case "image/tiff" -> TiffFile.read(file, limit);
            case "image/jxl" -> JxlFile.read(file, limit);
            default -> throw PictureException.unsupported(name(type));
        };
    }

    private static String name(ImageType type) {
        return switch (type.extension()) {
            case "cur" -> "A Windows cursor (CUR)";
            case "ico" -> "A Windows icon (ICO)";
            case "jp2" -> "JPEG 2000";
            default -> type.mediaType();
        };
    }
}
