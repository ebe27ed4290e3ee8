package dev.sluice.gateway.outbound.picture.decode.inprocess;

import java.io.IOException;
import javax.imageio.stream.ImageInputStreamImpl;
import org.jspecify.annotations.Nullable;

/** What Java's reader of JPEG reads. It ends at the deadline, and tells whether it was the disk that failed. */
final class ReaderInput extends ImageInputStreamImpl {
    private final JpegSource jpeg;
    private final Deadline deadline;
    private @Nullable IOException failure;

    /** @param jpeg closed by the caller */
    ReaderInput(JpegSource jpeg, Deadline deadline) {
        this.jpeg = jpeg;
        this.deadline = deadline;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) == -1 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        checkClosed();
        deadline.check();
        bitOffset = 0;
        int read = readAt(streamPos, bytes, offset, length);
        if (read > 0) {
            streamPos += read;
        }
        return read;
    }

    private int readAt(long position, byte[] bytes, int offset, int length) throws IOException {
        byte[] head = jpeg.head();
        if (position < head.length) {
            int read = Math.min(length, head.length - (int) position);
            System.arraycopy(head, (int) position, bytes, offset, read);
            return read;
        }
        try {
            return jpeg.read(position - head.length, bytes, offset, length);
        } catch (IOException failed) {
            failure = failed;
            throw failed;
        }
    }

    /** Why the file could not be read; null if it could. */
    @Nullable IOException failure() {
        return failure;
    }
}
