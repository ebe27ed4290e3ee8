package dev.sluice.gateway.outbound.picture.decode.inprocess;

import dev.sluice.gateway.outbound.picture.format.PictureException;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;

/** The colour indices of one frame, unpacked from LZW in blocks of up to 255 bytes (GIF89a, appendix F). */
final class GifPixels {
    private static final int MOST_CODES = 4096;

    private final DataInputStream gif;
    private final int firstCodeSize;
    private final int clear;
    private final short[] prefix = new short[MOST_CODES];
    private final byte[] suffix = new byte[MOST_CODES];

    /** Indices of the last code that nobody took yet, the next one on top. */
    private final byte[] stack = new byte[MOST_CODES + 1];

    private int stacked;
    private int codes;
    private int codeSize;
    private int previous;
    private byte first;
    private int bits;
    private int bitCount;
    private int blockLeft;

    /** @param gif at the frame's code size; read as far as pixels are asked for */
    GifPixels(DataInputStream gif) throws IOException {
        this.gif = gif;
        int size = gif.readUnsignedByte();
        if (size < 1 || size > 11) { // 8 bits are enough, but some encoders take more
            throw PictureException.damaged("image", "codes of " + size + " bits (expected: 1 to 11)");
        }
        this.firstCodeSize = size + 1;
        this.clear = 1 << size;
        for (int i = 0; i < clear; i++) {
            suffix[i] = (byte) i;
        }
        reset();
    }

    private void reset() {
        codeSize = firstCodeSize;
        codes = clear + 2;
        previous = -1;
    }

    /**
     * Fills {@code row}.
     *
     * @throws PictureException if the pixels end before or are damaged
     * @throws EOFException if the file ends before
     */
    void read(byte[] row) throws IOException {
        for (int i = 0; i < row.length; i++) {
            while (stacked == 0) {
                unpack(code());
            }
            row[i] = stack[--stacked];
        }
    }

    private void unpack(int code) {
        if (code == clear) {
            reset();
            return;
        }
        boolean isNew = code == codes && previous >= 0 && codes < MOST_CODES;
        if (code == clear + 1 || (code >= codes && !isNew)) {
            throw PictureException.damaged(
                    "image", code == clear + 1 ? "its pixels end early" : "it has codes that mean nothing");
        }
        int next = code;
        if (isNew) {
            stack[stacked++] = first;
            next = previous;
        }
        while (next > clear) {
            stack[stacked++] = suffix[next];
            next = prefix[next];
        }
        first = suffix[next];
        stack[stacked++] = first;
        if (previous >= 0 && codes < MOST_CODES) {
            prefix[codes] = (short) previous;
            suffix[codes] = first;
            codes++;
            if (codes == 1 << codeSize && codeSize < 12) {
                codeSize++;
            }
        }
        previous = code;
    }

    private int code() throws IOException {
        while (bitCount < codeSize) {
            if (blockLeft == 0) {
                blockLeft = gif.readUnsignedByte();
                if (blockLeft == 0) {
                    throw PictureException.damaged("image", "its pixels end early");
                }
            }
            bits |= gif.readUnsignedByte() << bitCount;
            bitCount += 8;
            blockLeft--;
        }
        int code = bits & (1 << codeSize) - 1;
        bits >>>= codeSize;
        bitCount -= codeSize;
        return code;
    }
}
