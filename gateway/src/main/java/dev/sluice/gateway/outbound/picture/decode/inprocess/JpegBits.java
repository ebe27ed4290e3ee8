package dev.sluice.gateway.outbound.picture.decode.inprocess;

import dev.sluice.gateway.outbound.picture.format.PictureException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/**
 * The bytes of a JPEG file, and the bits of its entropy-coded segments (ITU-T T.81, sections B.1.1.5 and F.2.2). Not
 * thread-safe.
 */
final class JpegBits {
    private static final int LOOKED_UP = 9;
    private static final int LONGEST_CODE = 16;
    private static final int MARKER = 0xff;
    private static final int FIRST_RESTART = 0xd0;
    private static final int LAST_RESTART = 0xd7;

    private final InputStream file;
    private final byte[] buffer = new byte[1 << 16];
    private int at;
    private int end;

    /** The lowest {@link #count} of them are to come. */
    private long bits;

    private int count;

    /** How many of those stand for what is not there. */
    private int missing;

    /** That ended the segment; 0 if it goes on. */
    private int marker;

    JpegBits(InputStream file) {
        this.file = file;
    }

    /**
     * A Huffman code, as a segment DHT defines it (section C.2).
     *
     * <p>Codes of up to nine bits are looked up: their length, then their symbol. Of longer ones it is known where
     * those of each length begin.
     */
    static final class Code {
        private final short[] lookup = new short[1 << LOOKED_UP];
        private final int[] last = new int[LONGEST_CODE + 1];
        private final int[] offset = new int[LONGEST_CODE + 1];
        private final byte[] symbols;

        /**
         * A code.
         *
         * @param counts how many codes there are of each length from 1
         * @param symbols in the order of their codes
         */
        Code(int[] counts, byte[] symbols) {
            this.symbols = symbols;
            int code = 0;
            int symbol = 0;
            for (int length = 1; length <= LONGEST_CODE; length++) {
                offset[length] = symbol - code;
                for (int i = 0; i < counts[length - 1]; i++) {
                    if (code >= 1 << length) {
                        throw PictureException.damaged("image", "a Huffman table has too many codes");
                    }
                    if (length <= LOOKED_UP) {
                        int from = code << (LOOKED_UP - length);
                        int to = (code + 1) << (LOOKED_UP - length);
                        Arrays.fill(lookup, from, to, (short) ((length << 8) | (symbols[symbol] & 0xff)));
                    }
                    code++;
                    symbol++;
                }
                last[length] = code - 1;
                code <<= 1;
            }
        }
    }

    /** The next byte as it is in the file. */
    int u8() throws IOException {
        if (at == end) {
            at = 0;
            end = file.read(buffer);
            if (end <= 0) {
                end = 0;
                throw new EOFException();
            }
        }
        return buffer[at++] & 0xff;
    }

    int u16() throws IOException {
        return (u8() << 8) | u8();
    }

    byte[] bytes(int length) throws IOException {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) u8();
        }
        return bytes;
    }

    private void fill() throws IOException {
        while (count <= 48) {
            int next = marker == 0 ? u8() : MARKER;
            if (next == MARKER && marker == 0) {
                int code = u8();
                while (code == MARKER) {
                    code = u8();
                }
                marker = code;
            }
            if (marker != 0) {
                next = 0;
                missing += 8;
            }
            bits = (bits << 8) | next;
            count += 8;
        }
        checkMissing();
    }

    private void checkMissing() {
        if (missing > count) {
            throw PictureException.damaged("image", "premature end of data segment");
        }
    }

    /** The symbol of the code that comes next. */
    int symbol(Code code) throws IOException {
        if (count < LONGEST_CODE) {
            fill();
        }
        int found = code.lookup[(int) (bits >>> (count - LOOKED_UP)) & ((1 << LOOKED_UP) - 1)];
        if (found != 0) {
            count -= found >> 8;
            return found & 0xff;
        }
        for (int length = LOOKED_UP + 1; length <= LONGEST_CODE; length++) {
            int next = (int) (bits >>> (count - length)) & ((1 << length) - 1);
            if (next <= code.last[length]) {
                count -= length;
                return code.symbols[code.offset[length] + next] & 0xff;
            }
        }
        throw PictureException.damaged("image", "bad Huffman code");
    }

    /** The next bits, up to 16, as a number without a sign. */
    int number(int length) throws IOException {
        if (count < length) {
            fill();
        }
        count -= length;
        return (int) (bits >>> count) & ((1 << length) - 1);
    }

    boolean bit() throws IOException {
        return number(1) != 0;
    }

    /** The next bits as a number of that magnitude, with its sign (section F.2.2.1, EXTEND). */
    int signed(int magnitude) throws IOException {
        int number = number(magnitude);
        return number < ((1 << magnitude) >> 1) ? number - (1 << magnitude) + 1 : number;
    }

    /** The marker that ends the segment, or the file's part that is no segment; bytes before it mean nothing. */
    int marker() throws IOException {
        checkMissing();
        bits = 0;
        count = 0;
        missing = 0;
        int found = marker;
        marker = 0;
        while (found == 0) {
            int next = u8();
            while (next == MARKER) {
                next = u8();
                found = next == MARKER ? 0 : next;
            }
        }
        return found;
    }

    /** To the next part of the segment, of which the marker counts modulo 8. */
    void restart(int number) throws IOException {
        int found = marker();
        if (found < FIRST_RESTART || found > LAST_RESTART || (found & 7) != number) {
            throw PictureException.damaged("image", "a part of a scan is missing");
        }
    }
}
