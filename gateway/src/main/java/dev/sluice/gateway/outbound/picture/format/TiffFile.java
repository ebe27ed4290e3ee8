package dev.sluice.gateway.outbound.picture.format;

import dev.sluice.gateway.outbound.imagetype.ImageType;
import dev.sluice.gateway.outbound.picture.format.PictureHeader.Coding;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.util.HashMap;
import java.util.Map;

/**
 * What the first directory of a TIFF file says (TIFF 6.0, sections 2, 8 and 15).
 *
 * <pre>
 *   II or MM, 42, offset 4           where the first directory is
 *   count 2, entries                 tag 2, type 2, count 4, the values or, if they take more than 4 bytes, their offset
 *   strips or tiles                  offsets and lengths, one each
 * </pre>
 *
 * <p>All strips or tiles of the first page must lie within the file. What other pages say is not looked at: the first
 * stands for the picture.
 */
final class TiffFile {
    static final ImageType TYPE = new ImageType("image/tiff", "tiff");

    private static final String NAME = "TIFF";
    private static final int CLASSIC = 42;
    private static final int BIG = 43;
    private static final int MOST_ENTRIES = 4_096;
    private static final int MOST_PARTS = 1_000_000;
    private static final int MOST_SAMPLES = 8;

    private static final int WIDTH = 256;
    private static final int HEIGHT = 257;
    private static final int STRIP_OFFSETS = 273;
    private static final int ORIENTATION = 274;
    private static final int SAMPLES = 277;
    private static final int STRIP_LENGTHS = 279;
    private static final int TILE_WIDTH = 322;
    private static final int TILE_HEIGHT = 323;
    private static final int TILE_OFFSETS = 324;
    private static final int TILE_LENGTHS = 325;
    private static final int EXTRA_SAMPLES = 338;
    private static final int DNG_VERSION = 50706;

    private static final int SHORT = 3;
    private static final int LONG = 4;

    private final FileBytes bytes;
    private final PixelLimit limit;
    private final Map<Integer, Entry> entries = new HashMap<>();

    private TiffFile(FileBytes bytes, PixelLimit limit) {
        this.bytes = bytes;
        this.limit = limit;
    }

    /** @param at where its values are in the file */
    private record Entry(int type, long count, long at) {}

    static PictureHeader read(FileChannel file, PixelLimit limit) throws IOException {
        return new TiffFile(new FileBytes(file, NAME), limit).read();
    }

    private PictureHeader read() throws IOException {
        directory();
        if (entries.containsKey(DNG_VERSION)) {
            throw PictureException.unsupported("A camera's raw file (DNG)");
        }
        long width = value(WIDTH, 0);
        long height = value(HEIGHT, 0);
        limit.check(NAME, width, height);
        long samples = value(SAMPLES, 1);
        if (samples > MOST_SAMPLES) {
            throw PictureException.unsupported("TIFF of " + samples + " samples a pixel");
        }
        boolean isTiled = entries.containsKey(TILE_OFFSETS);
        if (isTiled) {
            limit.check(NAME, value(TILE_WIDTH, 0), value(TILE_HEIGHT, 0));
        }
        checkParts(isTiled ? TILE_OFFSETS : STRIP_OFFSETS, isTiled ? TILE_LENGTHS : STRIP_LENGTHS);
        return PictureHeader.ofStored(
                TYPE,
                (int) width,
                (int) height,
                1,
                Exif.checked((int) value(ORIENTATION, Exif.UPRIGHT)),
                Coding.ROWS,
                hasAlpha());
    }

    private void directory() throws IOException {
        bytes.seek(0).order(bytes.u16() == 'M' * 0x101 ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
        int version = bytes.u16();
        if (version == BIG) {
            throw PictureException.unsupported("BigTIFF");
        }
        if (version != CLASSIC) {
            throw PictureException.damaged(NAME, "its version is " + version);
        }
        bytes.seek(bytes.u32());
        int count = bytes.u16();
        if (count > MOST_ENTRIES) {
            throw PictureException.damaged(NAME, "its directory has more than " + MOST_ENTRIES + " entries");
        }
        for (int i = 0; i < count; i++) {
            int tag = bytes.u16();
            int type = bytes.u16();
            long values = bytes.u32();
            long here = bytes.position();
            long offset = bytes.u32();
            long size = type == SHORT ? 2 : type == LONG ? 4 : 1;
            entries.putIfAbsent(tag, new Entry(type, values, values * size > 4 ? offset : here));
        }
    }

    /** The first number of an entry; {@code otherwise} if there is none, or it is no whole number. */
    private long value(int tag, long otherwise) throws IOException {
        Entry entry = entries.get(tag);
        return entry == null || !isOfNumbers(entry) ? otherwise : number(bytes.seek(entry.at), entry);
    }

    private static boolean isOfNumbers(Entry entry) {
        return entry.count > 0 && (entry.type == SHORT || entry.type == LONG);
    }

    private static long number(FileBytes at, Entry entry) throws IOException {
        return entry.type == SHORT ? at.u16() : at.u32();
    }

    private void checkParts(int offsets, int lengths) throws IOException {
        Entry offset = entries.get(offsets);
        Entry length = entries.get(lengths);
        if (offset == null
                || length == null
                || !isOfNumbers(offset)
                || !isOfNumbers(length)
                || length.count < offset.count) {
            throw PictureException.damaged(NAME, "it does not say where its pixels are");
        }
        if (offset.count > MOST_PARTS) {
            throw PictureException.unsupported("TIFF of more than " + MOST_PARTS + " strips or tiles");
        }
        FileBytes second = bytes.another().seek(length.at);
        bytes.seek(offset.at);
        for (long i = 0; i < offset.count; i++) {
            if (number(bytes, offset) + number(second, length) > bytes.length()) {
                throw PictureException.damaged(NAME, "it ends before its pixels");
            }
        }
    }

    /** Of the samples that are more than the colours need, one tells how much is to be seen: 1 or 2. */
    private boolean hasAlpha() throws IOException {
        Entry extra = entries.get(EXTRA_SAMPLES);
        if (extra == null || extra.type != SHORT) {
            return false;
        }
        bytes.seek(extra.at);
        for (long i = Math.min(extra.count, 8); i > 0; i--) {
            if (bytes.u16() > 0) {
                return true;
            }
        }
        return false;
    }
}
