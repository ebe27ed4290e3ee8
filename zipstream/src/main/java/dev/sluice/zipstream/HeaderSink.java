package dev.sluice.zipstream;

import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;

/**
 * Where the archive writer's output goes: headers are kept, payload is dropped.
 *
 * <p>What is payload is not guessed from the bytes. The writer reads it from {@link #phantom}, which lends it a number
 * of bytes without writing any; exactly as many of those written next are payload. If a writer did not copy one for
 * one, {@link #takeHeader} would find a debt and refuse, instead of letting a wrong archive out.
 */
final class HeaderSink extends OutputStream {

    /** Room for a header and the longest name that {@link EntryNames} gives. */
    private static final int HEADER_BYTES = 256;

    private final ByteArrayOutputStream headers = new ByteArrayOutputStream(HEADER_BYTES);
    private long lent;
    private long seen;

    @Override
    public void write(int b) {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) {
        seen += length;
        int payload = (int) Math.min(lent, length);
        lent -= payload;
        headers.write(bytes, offset + payload, length - payload);
    }

    /** Reads as {@code size} bytes, in no time: the array it is asked to fill is left as it is. */
    InputStream phantom(long size) {
        return new Phantom(size);
    }

    /** Bytes written in all, dropped ones included. */
    long seen() {
        return seen;
    }

    /**
     * What was kept since the last call.
     *
     * @throws IllegalStateException if not all that the phantom lent was written
     */
    byte[] takeHeader() {
        if (lent != 0) {
            throw new IllegalStateException("archive writer: " + lent + " bytes read as payload and not written");
        }
        byte[] taken = headers.toByteArray();
        headers.reset();
        return taken;
    }

    private final class Phantom extends InputStream {

        private long left;

        Phantom(long size) {
            this.left = size;
        }

        @Override
        public int read() {
            throw new UnsupportedOperationException("has counts, not bytes");
        }

        // No more than the array holds, as the contract says: with the writer's 32 KB array that is still 5 GB in
        // less than a millisecond.
        @Override
        public int read(byte[] into, int offset, int length) {
            if (left == 0) {
                return -1;
            }
            int now = (int) Math.min(left, length);
            left -= now;
            lent += now;
            return now;
        }
    }
}
