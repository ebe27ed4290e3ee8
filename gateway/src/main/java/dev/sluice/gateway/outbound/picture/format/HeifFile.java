package dev.sluice.gateway.outbound.picture.format;

import dev.sluice.gateway.outbound.imagetype.ImageType;
import dev.sluice.gateway.outbound.picture.format.HeifProperties.Property;
import dev.sluice.gateway.outbound.picture.format.PictureHeader.Coding;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.List;
import java.util.Set;

/**
 * What the boxes of an HEIC, HEIF or AVIF file say (ISO/IEC 23008-12 over ISO/IEC 14496-12; AVIF 1.1).
 *
 * <pre>
 *   ftyp   brands: which formats the file is of
 *   meta   which items there are, how large, how turned, and where: {@link HeifItems}
 *   mdat   coded images
 * </pre>
 *
 * <p>The picture is the primary item, as its own properties turn and crop it. Orientation in Exif says nothing here:
 * libheif, libvips, Pillow (with either plug-in) and Chromium all ignore it, with {@code irot} and without, because the
 * cameras that write it have turned the picture by {@code irot} already (ISO/IEC 23008-12 section 6.5.10).
 *
 * <p>All that the picture is made of must lie within the file. What its thumbnails are made of need not.
 */
final class HeifFile {
    private static final String NAME = "image";
    private static final List<String> OWN_BOXES = List.of("ftyp", "meta", "mdat", "moov");
    private static final int LARGEST_META = 1 << 20;

    /** HEVC and AV1, and what is made of several such images. */
    private static final Set<String> CODINGS = Set.of("hvc1", "hev1", "av01", "grid", "iden", "iovl");

    private HeifFile() {}

    /** @param type that the file is told to be, one of those that its brands name */
    static PictureHeader read(FileChannel file, ImageType type, PixelLimit limit) throws IOException {
        FileBytes bytes = new FileBytes(file, NAME);
        FileBoxes boxes = FileBoxes.read(bytes, NAME, OWN_BOXES);
        List<FileBoxes.Box> metas = boxes.all("meta");
        if (metas.size() != 1 || metas.getFirst().length() > LARGEST_META) {
            throw metas.isEmpty() && boxes.first("moov").isPresent()
                    ? PictureException.unsupported(
                            "A sequence of images without a still one (" + type.mediaType() + ")")
                    : PictureException.damaged(
                            NAME, "it has no box meta, more than one, or one of over " + LARGEST_META + " bytes");
        }
        FileBoxes.Box meta = metas.getFirst();
        try {
            ByteBuffer content = ByteBuffer.wrap(bytes.seek(meta.start()).bytes(meta.length()));
            return header(HeifItems.read(content, bytes.length()), type, limit);
        } catch (BufferUnderflowException beyondTheBox) {
            throw PictureException.damaged(NAME, "a box ends before its content");
        }
    }

    private static PictureHeader header(HeifItems items, ImageType type, PixelLimit limit) {
        if (!CODINGS.contains(items.coding())) {
            throw PictureException.unsupported("HEIF of the coding " + items.coding());
        }
        // Tiles and thumbnails are decoded too by whoever shows the image.
        for (Property size : items.sizes()) {
            limit.check(NAME, size.width(), size.height());
        }
        long pixels = 0;
        for (Property property : items.ofPrimary()) {
            if ("ispe".equals(property.type())) {
                pixels = limit.check(NAME, property.width(), property.height());
            }
        }
        if (pixels == 0) {
            throw PictureException.damaged(NAME, "its primary item has no size");
        }
        HeifProperties.Shown shown = HeifProperties.shown(items.ofPrimary());
        return new PictureHeader(
                type, shown.width(), shown.height(), pixels, 1, Exif.UPRIGHT, Coding.WHOLE, items.hasAlpha());
    }
}
