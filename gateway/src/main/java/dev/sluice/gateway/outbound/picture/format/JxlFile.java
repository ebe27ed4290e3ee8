package dev.sluice.gateway.outbound.picture.format;

import dev.sluice.gateway.outbound.imagetype.ImageType;
import dev.sluice.gateway.outbound.picture.format.PictureHeader.Coding;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.util.Arrays;
import java.util.List;

/**
 * What the head of a JPEG XL file says (ISO/IEC 18181-1 annex D, 18181-2 section 9).
 *
 * <pre>
 *   FF0A, size, metadata, frames …                          a bare codestream
 *   box JXL, box ftyp, …, box jxlc                          a container of one in a piece
 *                      …, boxes jxlp: number 4, part …      or in several: the last number has its highest bit set
 * </pre>
 *
 * <p>A bare codestream does not say how long it is: that it broke off is its decoder's to find. Decoders turn the
 * picture upright themselves.
 */
final class JxlFile {
    static final ImageType TYPE = new ImageType("image/jxl", "jxl");

    private static final String NAME = "JPEG XL";

    /** Bytes of the codestream in which all is that is read. */
    private static final int HEAD = 64;

    private static final int SIGNATURE = 0xff0a;
    private static final long LAST = 0x8000_0000L;

    private JxlFile() {}

    static PictureHeader read(FileChannel file, PixelLimit limit) throws IOException {
        FileBytes bytes = new FileBytes(file, NAME);
        byte[] head = bytes.u16() == SIGNATURE
                ? bytes.bytes(Math.min(HEAD, bytes.remaining()))
                : contained(bytes, FileBoxes.read(bytes, NAME, List.of("jxlc", "jxlp")));
        return header(new Bits(head), limit);
    }

    /** The start of the codestream that is in boxes, without its signature. */
    private static byte[] contained(FileBytes bytes, FileBoxes boxes) throws IOException {
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        boolean isComplete = false;
        for (FileBoxes.Box box : boxes.boxes()) {
            boolean isWhole = "jxlc".equals(box.type());
            if (isWhole || "jxlp".equals(box.type())) {
                bytes.seek(box.start());
                isComplete |= isWhole || (bytes.u32() & LAST) != 0;
                bytes.seek(isWhole ? box.start() : box.start() + 4);
                head.write(bytes.bytes(Math.clamp(box.end() - bytes.position(), 0, HEAD)));
            }
        }
        byte[] start = head.toByteArray();
        if (!isComplete || start.length < 2 || (((start[0] & 0xff) << 8) | (start[1] & 0xff)) != SIGNATURE) {
            throw PictureException.damaged(NAME, "it ends before its last part");
        }
        return Arrays.copyOfRange(start, 2, start.length);
    }

    private static PictureHeader header(Bits bits, PixelLimit limit) {
        long[] size = size(bits);
        long pixels = limit.check(NAME, size[0], size[1]);
        int orientation = Exif.UPRIGHT;
        boolean hasAlpha = false;
        if (!bits.flag()) {
            if (bits.flag()) {
                orientation = 1 + bits.number(3);
                skipExtras(bits);
            }
            hasAlpha = hasAlpha(bits);
        }
        boolean lies = orientation > 4;
        return new PictureHeader(
                TYPE,
                (int) size[lies ? 1 : 0],
                (int) size[lies ? 0 : 1],
                pixels,
                1,
                Exif.UPRIGHT,
                Coding.WHOLE,
                hasAlpha);
    }

    /** Width and height, table D.2. */
    private static long[] size(Bits bits) {
        boolean isSmall = bits.flag();
        long height = side(bits, isSmall);
        long width = switch (bits.number(3)) {
            case 0 -> side(bits, isSmall);
            case 1 -> height;
            case 2 -> height * 12 / 10;
            case 3 -> height * 4 / 3;
            case 4 -> height * 3 / 2;
            case 5 -> height * 16 / 9;
            case 6 -> height * 5 / 4;
            default -> height * 2;
        };
        return new long[] {width, height};
    }

    private static long side(Bits bits, boolean isSmall) {
        return isSmall ? 8L * (1 + bits.number(5)) : 1L + bits.choice(0, 9, 0, 13, 0, 18, 0, 30);
    }

    /** Intrinsic size, preview and animation, tables D.3 to D.5. */
    private static void skipExtras(Bits bits) {
        if (bits.flag()) {
            size(bits);
        }
        if (bits.flag()) {
            boolean byEight = bits.flag();
            skipPreviewSide(bits, byEight);
            if (bits.number(3) == 0) {
                skipPreviewSide(bits, byEight);
            }
        }
        if (bits.flag()) {
            bits.choice(100, 0, 1000, 0, 1, 10, 1, 30);
            bits.choice(1, 0, 1001, 0, 1, 8, 1, 10);
            bits.choice(0, 0, 0, 3, 0, 16, 0, 32);
            bits.flag();
        }
    }

    private static void skipPreviewSide(Bits bits, boolean byEight) {
        if (byEight) {
            bits.choice(16, 0, 32, 0, 1, 5, 33, 9);
        } else {
            bits.choice(1, 6, 65, 8, 321, 10, 1345, 12);
        }
    }

    /** Whether the first channel beside the colours is of transparency: it nearly always is, if there is one. */
    private static boolean hasAlpha(Bits bits) {
        if (bits.flag()) {
            bits.choice(32, 0, 16, 0, 24, 0, 1, 6);
            bits.number(4);
        } else {
            bits.choice(8, 0, 10, 0, 12, 0, 1, 6);
        }
        bits.flag();
        long channels = bits.choice(0, 0, 1, 0, 2, 4, 1, 12);
        return channels > 0 && (bits.flag() || bits.choice(0, 0, 1, 0, 2, 4, 18, 6) == 0);
    }

    /** Numbers of a few bits each, the lowest first. */
    private static final class Bits {
        private final byte[] bytes;
        private int at;

        Bits(byte[] bytes) {
            this.bytes = bytes;
        }

        boolean flag() {
            return number(1) == 1;
        }

        int number(int count) {
            long number = 0;
            for (int i = 0; i < count; i++, at++) {
                if (at >= 8 * bytes.length) {
                    throw PictureException.damaged(NAME, "it ends within its header");
                }
                number |= (long) ((bytes[at / 8] >> (at % 8)) & 1) << i;
            }
            return (int) number;
        }

        /** Section B.2.2: two bits choose what is added to how many more. */
        long choice(int... offsetsAndBits) {
            int chosen = number(2);
            return offsetsAndBits[2 * chosen] + Integer.toUnsignedLong(number(offsetsAndBits[2 * chosen + 1]));
        }
    }
}
