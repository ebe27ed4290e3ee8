package dev.sluice.gateway.outbound.picture.format;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * How a camera was held (Exif 3.0 section 4.6, tag 0x0112).
 *
 * <pre>
 *   II or MM, 42, offset of the first directory
 *   count, then each: tag 2, type 2, count 4, value or its offset 4
 * </pre>
 *
 * <p>Libraries differ in what they take: this is what Pillow, Chromium and libvips agree on, and where a wrong type of
 * number makes them differ, what libvips does. Whatever is broken says nothing, as everywhere.
 */
final class Exif {
    /** Upright, or not told. */
    static final int UPRIGHT = 1;

    /** A part of a file that is read for it: the directory is at its start. */
    static final int MOST = 65_536;

    private static final byte[] PREFIX = "Exif\0\0".getBytes(StandardCharsets.US_ASCII);
    private static final int ORIENTATION = 0x0112;
    private static final int ENTRY = 12;
    private static final int BYTE = 1;
    private static final int SHORT = 3;
    private static final int LONG = 4;
    private static final int HIGHEST = 8;

    private Exif() {}

    /** Whether a JPEG segment or WebP chunk begins with the name of what is in it. */
    static boolean hasPrefix(byte[] content) {
        return content.length > PREFIX.length && Arrays.equals(content, 0, PREFIX.length, PREFIX, 0, PREFIX.length);
    }

    /** What comes after the prefix. */
    static byte[] withoutPrefix(byte[] content) {
        return hasPrefix(content) ? Arrays.copyOfRange(content, PREFIX.length, content.length) : content;
    }

    /** 1 to 8; {@link #UPRIGHT} when {@code tiff} does not tell. */
    static int orientation(byte[] tiff) {
        if (tiff.length < 8) {
            return UPRIGHT;
        }
        ByteBuffer bytes = ByteBuffer.wrap(tiff);
        int order = bytes.getChar(0);
        if (order != 'M' * 0x101 && order != 'I' * 0x101) {
            return UPRIGHT;
        }
        bytes.order(order == 'M' * 0x101 ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
        int directory = bytes.getInt(4);
        if (bytes.getChar(2) != 42 || directory < 0 || directory > tiff.length - 2) {
            return UPRIGHT;
        }
        int at = directory + 2;
        for (int count = bytes.getChar(directory); count > 0 && at <= tiff.length - ENTRY; count--) {
            if (bytes.getChar(at) == ORIENTATION) {
                return checked(bytes, at);
            }
            at += ENTRY;
        }
        return UPRIGHT;
    }

    private static int checked(ByteBuffer bytes, int entry) {
        int value = bytes.getInt(entry + 4) == 0
                ? 0
                : switch (bytes.getChar(entry + 2)) {
                    case BYTE -> bytes.get(entry + 8);
                    case SHORT -> bytes.getChar(entry + 8);
                    case LONG -> bytes.getInt(entry + 8);
                    default -> 0;
                };
        return checked(value);
    }

    /** What a number says that may be none. */
    static int checked(int value) {
        return value >= UPRIGHT && value <= HIGHEST ? value : UPRIGHT;
    }
}
