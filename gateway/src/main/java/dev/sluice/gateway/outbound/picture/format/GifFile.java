package dev.sluice.gateway.outbound.picture.format;

import dev.sluice.gateway.outbound.imagetype.ImageType;
import dev.sluice.gateway.outbound.picture.format.PictureHeader.Coding;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;

/**
 * What the blocks of a GIF file say (GIF89a, sections 18 to 27).
 *
 * <pre>
 *   GIF89a, width 2, height 2, flags 1, 2 bytes, colours     the screen
 *   21, label 1, sub-blocks                                  an extension; F9: flags that tell of transparency
 *   2C, left 2, top 2, width 2, height 2, flags 1, colours, code size 1, sub-blocks     a frame
 *   3B                                                       the trailer
 *   sub-blocks: length 1, data; the last has length 0
 * </pre>
 *
 * <p>The picture is as large as the screen, and as its first frame where that reaches beyond. A block that breaks off
 * is damage. After a whole frame viewers take any other byte, or the end, for a trailer; so does this.
 */
final class GifFile {
    static final ImageType TYPE = new ImageType("image/gif", "gif");

    private static final String NAME = "GIF";
    private static final int SIGNATURE = 6;
    private static final int MOST_BLOCKS = 1_000_000;
    private static final int EXTENSION = 0x21;
    private static final int FRAME = 0x2c;
    private static final int GRAPHIC_CONTROL = 0xf9;

    private final FileBytes bytes;
    private final PixelLimit limit;
    private int width;
    private int height;
    private int frames;
    private boolean hasAlpha;

    private GifFile(FileBytes bytes, PixelLimit limit) {
        this.bytes = bytes;
        this.limit = limit;
    }

    static PictureHeader read(FileChannel file, PixelLimit limit) throws IOException {
        return new GifFile(new FileBytes(file, NAME).order(ByteOrder.LITTLE_ENDIAN), limit).read();
    }

    private PictureHeader read() throws IOException {
        bytes.seek(SIGNATURE);
        width = bytes.u16();
        height = bytes.u16();
        int flags = bytes.u8();
        bytes.skip(2);
        colours(flags);
        int blocks = 0;
        while (block()) {
            if (++blocks == MOST_BLOCKS) {
                throw PictureException.unsupported("GIF of more than " + MOST_BLOCKS + " blocks");
            }
        }
        if (frames == 0) {
            throw PictureException.damaged(NAME, "it has no frame");
        }
        return PictureHeader.ofStored(TYPE, width, height, frames, Exif.UPRIGHT, Coding.WHOLE, hasAlpha);
    }

    private void colours(int flags) {
        if ((flags & 0x80) != 0) {
            bytes.skip(3L * (2 << (flags & 7)));
        }
    }

    /** Whether there was another. */
    private boolean block() throws IOException {
        if (frames > 0 && bytes.remaining() == 0) {
            return false;
        }
        switch (bytes.u8()) {
            case EXTENSION -> extension();
            case FRAME -> frame();
            default -> {
                return false;
            }
        }
        return true;
    }

    private void extension() throws IOException {
        boolean isControl = bytes.u8() == GRAPHIC_CONTROL;
        int length = bytes.u8();
        if (length > 0) {
            int flags = bytes.u8();
            hasAlpha |= isControl && (flags & 1) != 0;
            bytes.skip(length - 1);
            subBlocks();
        }
    }

    private void frame() throws IOException {
        int right = bytes.u16();
        int bottom = bytes.u16();
        int columns = bytes.u16();
        int rows = bytes.u16();
        right += columns;
        bottom += rows;
        if (frames == 0) {
            limit.check(NAME, columns, rows);
            hasAlpha |= columns < width || rows < height;
            width = Math.max(width, right);
            height = Math.max(height, bottom);
            limit.check(NAME, width, height);
        } else if (columns > 0 && rows > 0) {
            limit.check(NAME, columns, rows);
        }
        colours(bytes.u8());
        bytes.skip(1);
        subBlocks();
        frames++;
    }

    private void subBlocks() throws IOException {
        for (int length = bytes.u8(); length > 0; length = bytes.u8()) {
            bytes.skip(length);
        }
    }
}
