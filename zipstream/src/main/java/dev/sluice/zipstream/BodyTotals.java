package dev.sluice.zipstream;

import java.util.zip.CRC32;
import org.springframework.core.io.buffer.DataBuffer;

/**
 * What has come of one body: its bytes and their CRC-32, for whoever asks. Nobody is told as they come.
 *
 * <p>Written by the thread that brings the body. The number of bytes may be read by any thread at any time; the CRC-32
 * by the thread that completed the body, or after a happens-before of the reader's own.
 */
public final class BodyTotals {

    private final CRC32 crc = new CRC32();
    private volatile long bytes;

    /** Bytes so far. */
    public long bytes() {
        return bytes;
    }

    /** CRC-32 of the bytes so far, as an unsigned 32-bit number. */
    public long crc32() {
        return crc.getValue();
    }

    /** Nothing is copied and no position moves. */
    void add(DataBuffer buffer) {
        try (DataBuffer.ByteBufferIterator parts = buffer.readableByteBuffers()) {
            while (parts.hasNext()) {
                crc.update(parts.next());
            }
        }
        count(buffer.readableByteCount());
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // one thread writes
    private void count(int more) {
        bytes += more;
    }
}
