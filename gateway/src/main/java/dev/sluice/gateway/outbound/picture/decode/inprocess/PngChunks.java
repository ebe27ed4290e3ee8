package dev.sluice.gateway.outbound.picture.decode.inprocess;

import dev.sluice.gateway.outbound.picture.format.PictureException;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/**
 * The chunks of a PNG, one after the other (W3C PNG, section 5.3):
 *
 * <pre>
 *   length 4 | type 4 | content | CRC-32 of type and content 4
 * </pre>
 */
final class PngChunks {
    static final int IHDR = 0x49484452;
    static final int PLTE = 0x504c5445;
    static final int IDAT = 0x49444154;
    static final int IEND = 0x49454e44;
    static final int TRNS = 0x74524e53;
    static final int ICCP = 0x69434350;

    /** Set in the type of a chunk that a decoder may leave alone. */
    private static final int ANCILLARY = 0x20000000;

    private final DataInputStream png;
    private final CRC32 crc = new CRC32();
    private int type;
    private int left;

    /** @param png behind its signature */
    PngChunks(InputStream png) {
        this.png = new DataInputStream(png);
    }

    /** Goes to the next chunk, whose type it returns. The one before must have been read or skipped. */
    int next() throws IOException {
        left = png.readInt();
        type = png.readInt();
        if (left < 0) {
            throw PictureException.damaged("image", "a chunk is too long", null);
        }
        crc.reset();
        for (int shift = 24; shift >= 0; shift -= 8) {
            crc.update(type >>> shift);
        }
        return type;
    }

    void skip() throws IOException {
        png.skipNBytes(left + 4L);
    }

    /**
     * The whole content.
     *
     * @param most bytes that it may have
     * @return null for an ancillary chunk that is longer or broken
     * @throws PictureException for another one that is
     */
    byte @Nullable [] content(int most) throws IOException {
        if (left > most) {
            skip();
            return broken("a chunk is too long");
        }
        byte[] content = new byte[left];
        png.readFully(content);
        crc.update(content);
        return png.readInt() == (int) crc.getValue() ? content : broken("a chunk's checksum is wrong");
    }

    private byte @Nullable [] broken(String how) {
        if ((type & ANCILLARY) == 0) {
            throw PictureException.damaged("image", how, null);
        }
        return null;
    }

    /** The contents of this chunk and those of its type that follow it, each checked once it is read to its end. */
    InputStream joined() {
        return new InputStream() {
            private boolean ended;

            @Override
            public int read() throws IOException {
                byte[] one = new byte[1];
                return read(one, 0, 1) == -1 ? -1 : one[0] & 0xff;
            }

            @Override
            public int read(byte[] to, int offset, int length) throws IOException {
                while (left == 0 && !ended) {
                    if (png.readInt() != (int) crc.getValue()) {
                        throw PictureException.damaged("image", "a chunk's checksum is wrong", null);
                    }
                    int before = type;
                    ended = next() != before;
                }
                if (ended) {
                    return -1;
                }
                int read = png.read(to, offset, Math.min(length, left));
                if (read < 0) {
                    throw new EOFException();
                }
                crc.update(to, offset, read);
                left -= read;
                return read;
            }
        };
    }
}
