package dev.sluice.gateway.contract.http;

import java.nio.file.Path;
import org.springframework.core.io.buffer.DataBufferWrapper;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;

/**
 * Bytes of a file, which stays as it is, in the place of a buffer: as long as one, but without content. Only
 * {@link FileOutput#writeBuffers} sends it.
 */
public final class FileSlice extends DataBufferWrapper {
    private final Path file;
    private final long position;
    private final int count;

    /** So many bytes from a position on; they exist. */
    public FileSlice(Path file, long position, int count) {
        super(DefaultDataBufferFactory.sharedInstance.allocateBuffer(1));
        this.file = file;
        this.position = position;
        this.count = count;
    }

    /** The bytes as a part of a body. */
    public FileOutput.Part.OfFile part() {
        return new FileOutput.Part.OfFile(file, position, count);
    }

    @Override
    public int readableByteCount() {
        return count;
    }
}
