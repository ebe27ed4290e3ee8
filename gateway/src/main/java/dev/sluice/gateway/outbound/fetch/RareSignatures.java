package dev.sluice.gateway.outbound.fetch;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Image formats that Tika's magic numbers lack.
 *
 * <pre>
 *   BMP of OS/2   BM, size 4, 0 0 0 0, offset 4, header's size 4: 12, 16 or 64     (of Windows: 40 and more)
 *   BigTIFF       II 2B 00 08 00 00 00, or MM 00 2B 00 08 00 00
 *   CUR           00 00 02 00, count 2, each: width, height, colours, 0, hot spot 4, bytes 4, offset 4
 * </pre>
 */
final class RareSignatures {
    private static final ImageType BMP = new ImageType("image/bmp", "bmp");
    private static final ImageType TIFF = new ImageType("image/tiff", "tiff");
    private static final ImageType CUR = new ImageType("image/x-win-bitmap", "cur");

    private static final int LONGEST = 26;
    private static final Set<Integer> OS2_HEADERS = Set.of(12, 16, 64);
    private static final int CURSOR = 0x00020000;
    private static final int MOST_CURSORS = 255;
    private static final int BITMAP = 'B' | ('M' << 8);

    private RareSignatures() {}

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
