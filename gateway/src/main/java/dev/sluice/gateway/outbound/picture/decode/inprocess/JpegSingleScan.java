package dev.sluice.gateway.outbound.picture.decode.inprocess;

import dev.sluice.gateway.outbound.picture.decode.inprocess.JpegFrame.Component;
import java.util.Arrays;
import java.util.List;
import javax.imageio.plugins.jpeg.JPEGHuffmanTable;

/**
 * Codes the coefficients of a JPEG as one sequential scan, with the Huffman tables that T.81 gives as an example (annex
 * K.3): what comes behind the scan's header, up to the end of the image. A row of units is coded when it is asked for
 * and forgotten when the next one is. Not thread-safe.
 */
final class JpegSingleScan {
    private static final Codes CONSTANTS = new Codes(JPEGHuffmanTable.StdDCLuminance);
    private static final Codes OTHERS = new Codes(JPEGHuffmanTable.StdACLuminance);
    private static final int END_OF_BLOCK = 0;
    private static final int SIXTEEN_ZEROS = 0xf0;

    /** Of a coefficient, in 8 bits a sample: others are of no picture, and have no code. */
    private static final int MOST = 1023;

    private static final int MOST_OF_UNIT = 8 * 1024;

    private final JpegFrame frame;
    private final JpegCoefficients all;
    private final Deadline deadline;
    private final short[] block = new short[JpegCoefficients.OF_BLOCK];
    private final int[] predictions;

    private byte[] row = new byte[1 << 16];
    private int length;

    /** Where that row begins. */
    private long start;

    private int nextRow;
    private long bits;
    private int count;

    /** Codes by symbol. */
    private static final class Codes {
        private final int[] code = new int[256];
        private final int[] length = new int[256];

        Codes(JPEGHuffmanTable table) {
            short[] counts = table.getLengths();
            short[] symbols = table.getValues();
            int next = 0;
            int symbol = 0;
            for (int bits = 1; bits <= counts.length; bits++) {
                for (int i = 0; i < counts[bits - 1]; i++) {
                    code[symbols[symbol]] = next++;
                    length[symbols[symbol++]] = bits;
                }
                next <<= 1;
            }
        }
    }

    JpegSingleScan(JpegFrame frame, JpegCoefficients all, Deadline deadline) {
        this.frame = frame;
        this.all = all;
        this.deadline = deadline;
        this.predictions = new int[frame.components().size()];
    }

    /** Bytes from a position on, counted from the scan's header; -1 behind the last one. */
    int read(long position, byte[] to, int offset, int most) {
        if (position < start) {
            restart();
        }
        while (position >= start + length && nextRow < frame.unitsDown()) {
            start += length;
            length = 0;
            deadline.check();
            row(nextRow++);
        }
        int from = (int) (position - start);
        if (from >= length) {
            return -1;
        }
        int read = Math.min(most, length - from);
        System.arraycopy(row, from, to, offset, read);
        return read;
    }

    private void restart() {
        start = 0;
        length = 0;
        nextRow = 0;
        bits = 0;
        count = 0;
        Arrays.fill(predictions, 0);
    }

    private void row(int y) {
        List<Component> components = frame.components();
        for (int x = 0; x < frame.unitsAcross(); x++) {
            if (row.length - length < MOST_OF_UNIT) {
                row = Arrays.copyOf(row, row.length * 2);
            }
            for (int i = 0; i < predictions.length; i++) {
                unit(components.get(i), i, x, y);
            }
        }
        if (nextRow == frame.unitsDown()) {
            put(0x7f, 7); // fills up the last byte
            row[length++] = (byte) 0xff;
            row[length++] = (byte) 0xd9;
        }
    }

    private void unit(Component component, int index, int x, int y) {
        for (int down = 0; down < component.down(); down++) {
            long line = component.first() + ((long) y * component.down() + down) * component.blocksAcross();
            for (int across = 0; across < component.across(); across++) {
                all.block((line + (long) x * component.across() + across) * JpegCoefficients.OF_BLOCK, block);
                int constant = Math.clamp(block[0], -MOST, MOST);
                put(CONSTANTS, 0, constant - predictions[index]);
                predictions[index] = constant;
                others();
            }
        }
    }

    private void others() {
        int zeros = 0;
        for (int k = 1; k < block.length; k++) {
            if (block[k] == 0) {
                zeros++;
                continue;
            }
            for (; zeros > 15; zeros -= 16) {
                put(OTHERS.code[SIXTEEN_ZEROS], OTHERS.length[SIXTEEN_ZEROS]);
            }
            put(OTHERS, zeros << 4, Math.clamp(block[k], -MOST, MOST));
            zeros = 0;
        }
        if (zeros > 0) {
            put(OTHERS.code[END_OF_BLOCK], OTHERS.length[END_OF_BLOCK]);
        }
    }

    /** A number: the code of its magnitude, then its bits. */
    private void put(Codes codes, int symbol, int value) {
        int magnitude = Integer.SIZE - Integer.numberOfLeadingZeros(Math.abs(value));
        int low = (value < 0 ? value - 1 : value) & ((1 << magnitude) - 1);
        int coded = symbol | magnitude;
        put((codes.code[coded] << magnitude) | low, codes.length[coded] + magnitude);
    }

    private void put(int code, int codeLength) {
        bits = (bits << codeLength) | code;
        count += codeLength;
        while (count >= Byte.SIZE) {
            count -= Byte.SIZE;
            byte next = (byte) (bits >>> count);
            row[length++] = next;
            if (next == (byte) 0xff) {
                row[length++] = 0;
            }
        }
    }
}
