package dev.sluice.gateway.outbound.picture.decode;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import javax.imageio.stream.ImageInputStreamImpl;
import org.jspecify.annotations.Nullable;

/**
 * A file for Java's reader of JPEG, its head replaced by another. It ends at the deadline, and tells whether it was the
 * disk that failed.
 */
final class ReaderInput extends ImageInputStreamImpl {
    private final RandomAccessFile file;
    private final JpegFile jpeg;
    private final Deadline deadline;
    private @Nullable IOException failure;

    ReaderInput(Path file, JpegFile jpeg, Deadline deadline) throws IOException {
        this.file = new RandomAccessFile(file.toFile(), "r");
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
            file.seek(position - head.length + jpeg.firstScan());
            return file.read(bytes, offset, length);
        } catch (IOException failed) {
            failure = failed;
            throw failed;
        }
    }

    /** Why the file could not be read; null if it could. */
    @Nullable IOException failure() {
        return failure;
    }

    @Override
    public void close() throws IOException {
        super.close();
        file.close();
    }
}
