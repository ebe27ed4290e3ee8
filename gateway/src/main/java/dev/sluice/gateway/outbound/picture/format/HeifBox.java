package dev.sluice.gateway.outbound.picture.format;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * A box within another, and the numbers in it. Whoever reads beyond its end meets a {@link BufferUnderflowException}.
 */
record HeifBox(String type, ByteBuffer content) {

    /** The one that begins here; goes on behind it. */
    static HeifBox next(ByteBuffer bytes) {
        int start = bytes.position();
        long size = unsigned(bytes);
        String type = letters(bytes);
        int skip = bytes.position() - start;
        if (size == 0) {
            size = (long) skip + bytes.remaining();
        }
        // None of those that are read needs 64 bits: all of them are in a megabyte.
        if (size < skip || size - skip > bytes.remaining()) {
            throw PictureException.damaged("image", "a box within meta reaches beyond it");
        }
        return new HeifBox(type, part(bytes, (int) size - skip));
    }

    /** The next {@code count} bytes; goes on behind them. */
    static ByteBuffer part(ByteBuffer bytes, int count) {
        if (count > bytes.remaining()) {
            throw new BufferUnderflowException();
        }
        ByteBuffer part = bytes.slice(bytes.position(), count);
        bytes.position(bytes.position() + count);
        return part;
    }

    /** Reads version and flags of a full box. */
    static int version(ByteBuffer bytes) {
        return (int) (unsigned(bytes) >>> 24);
    }

    static long unsigned(ByteBuffer bytes) {
        return Integer.toUnsignedLong(bytes.getInt());
    }

    /**
     * A number of as many bytes, unsigned.
     *
     * @param size 0, for the number 0, to 8
     * @throws PictureException for one that does not fit into 63 bits
     */
    static long number(ByteBuffer bytes, int size) {
        long number = 0;
        for (int i = 0; i < size; i++) {
            number = (number << 8) | (bytes.get() & 0xff);
        }
        if (number < 0) {
            throw PictureException.damaged("image", "a number in it is beyond all files");
        }
        return number;
    }

    static String letters(ByteBuffer bytes) {
        byte[] letters = new byte[4];
        bytes.get(letters);
        return new String(letters, StandardCharsets.ISO_8859_1);
    }
}
