package dev.sluice.gateway.outbound.picture.format;

import dev.sluice.gateway.outbound.imagetype.ImageType;
import dev.sluice.gateway.outbound.picture.format.PictureHeader.Coding;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.Arrays;
import java.util.zip.CRC32;

/**
 * What the chunks of a PNG file say (PNG third edition, sections 5, 11 and 13).
 *
 * <pre>
 *   8 bytes                          signature
 *   length 4, type 4, data, CRC 4    chunks: IHDR first, then others, IDAT once or more, IEND last
 *   IHDR: width 4, height 4, bits 1, colours 1, compression 1, filter 1, interlacing 1
 * </pre>
 *
 * <p>Chunks must reach to the name IEND; what follows is no part of the image. Viewers refuse a wrong checksum of IHDR
 * and a critical chunk that they do not know, and show a picture whose other checksums are wrong: so does this. An
 * animation (APNG) shows what is in IDAT where it is not played. Orientation counts where it stands before the pixels,
 * as in Chromium and libvips; Pillow takes it from behind them too.
 */
final class PngFile {
    static final ImageType TYPE = new ImageType("image/png", "png");

    private static final String NAME = "PNG";
    private static final int SIGNATURE = 8;
    private static final int HEADER = 13;
    private static final int MOST_CHUNKS = 1_000_000;
    private static final int ANCILLARY = 0x20;
    private static final int PALETTE = 3;

    /** CgBI. */
    private static final int APPLE = 0x43674249;

    private final FileBytes bytes;
    private final PixelLimit limit;
    private int width;
    private int height;
    private int colours;
    private boolean isInterlaced;
    private boolean hasPalette;
    private boolean hasAlpha;
    private boolean hasPixels;
    private boolean isAnimated;
    private int frames;

    /** 0 until there was a chunk that tells. */
    private int orientation;

    private PngFile(FileBytes bytes, PixelLimit limit) {
        this.bytes = bytes;
        this.limit = limit;
    }

    static PictureHeader read(FileChannel file, PixelLimit limit) throws IOException {
        return new PngFile(new FileBytes(file, NAME), limit).read();
    }

    private PictureHeader read() throws IOException {
        bytes.seek(SIGNATURE);
        header();
        String type = "";
        for (int chunks = 0; !"IEND".equals(type); chunks++) {
            if (chunks == MOST_CHUNKS) {
                throw PictureException.unsupported("PNG of more than " + MOST_CHUNKS + " chunks");
            }
            type = chunk();
        }
        if (!hasPixels || (colours == PALETTE && !hasPalette)) {
            throw PictureException.damaged(NAME, "it has no pixels, or no colours for them");
        }
        return PictureHeader.ofStored(
                TYPE,
                width,
                height,
                isAnimated ? Math.max(1, frames) : 1,
                Math.max(orientation, Exif.UPRIGHT),
                isInterlaced ? Coding.WHOLE : Coding.ROWS,
                hasAlpha);
    }

    private void header() throws IOException {
        long length = bytes.u32();
        byte[] typeAndData = bytes.bytes(4 + HEADER);
        CRC32 crc = new CRC32();
        crc.update(typeAndData);
        ByteBuffer fields = ByteBuffer.wrap(typeAndData);
        if (fields.getInt() != APPLE) {
            if (length != HEADER
                    || !Arrays.equals(typeAndData, 0, 4, new byte[] {'I', 'H', 'D', 'R'}, 0, 4)
                    || bytes.u32() != crc.getValue()) {
                throw PictureException.damaged(NAME, "its header does not fit its checksum");
            }
            fields(fields);
            return;
        }
        throw PictureException.unsupported("PNG of Apple's own kind (CgBI)");
    }

    private void fields(ByteBuffer fields) {
        long columns = Integer.toUnsignedLong(fields.getInt());
        long rows = Integer.toUnsignedLong(fields.getInt());
        int bits = fields.get();
        colours = fields.get();
        int compression = fields.get();
        int filter = fields.get();
        int interlacing = fields.get();
        limit.check(NAME, columns, rows);
        width = (int) columns;
        height = (int) rows;
        if (!isColour(bits) || compression != 0 || filter != 0 || interlacing < 0 || interlacing > 1) {
            throw PictureException.damaged(NAME, "its header names no kind of pixels that there is");
        }
        isInterlaced = interlacing == 1;
        hasAlpha = colours == 4 || colours == 6;
    }

    /** Section 11.2.1, table 12. */
    private boolean isColour(int bits) {
        return switch (colours) {
            case 0 -> bits == 1 || bits == 2 || bits == 4 || bits == 8 || bits == 16;
            case PALETTE -> bits == 1 || bits == 2 || bits == 4 || bits == 8;
            case 2, 4, 6 -> bits == 8 || bits == 16;
            default -> false;
        };
    }

    /** Its type. */
    private String chunk() throws IOException {
        long length = bytes.u32();
        String type = bytes.letters();
        if (!type.chars().allMatch(letter -> letter < 128 && Character.isLetter(letter))) {
            throw PictureException.damaged(NAME, "a chunk has no name");
        }
        long end = bytes.position() + length;
        switch (type) {
            case "IDAT" -> hasPixels = true;
            case "IEND" -> {}
            case "PLTE" -> hasPalette = true;
            case "tRNS" -> hasAlpha = true;
            case "acTL" -> isAnimated = !hasPixels;
            case "fcTL" -> frames++;
            case "eXIf" -> exif(length);
            default -> known(type);
        }
        if (!"IEND".equals(type)) {
            bytes.seek(end).skip(4);
        }
        return type;
    }

    private void known(String type) {
        if ((type.charAt(0) & ANCILLARY) == 0) {
            throw PictureException.unsupported("PNG with a chunk " + type);
        }
    }

    private void exif(long length) throws IOException {
        if (!hasPixels && orientation == 0) {
            orientation = Exif.orientation(bytes.bytes(Math.min(length, Exif.MOST)));
        }
    }
}
