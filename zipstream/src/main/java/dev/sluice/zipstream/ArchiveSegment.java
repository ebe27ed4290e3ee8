package dev.sluice.zipstream;

import java.nio.ByteBuffer;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferFactory;
import reactor.core.publisher.Flux;

/** Adjoining bytes of an archive that come from one place, at least one; see {@link ArchiveLayout#slice}. */
public sealed interface ArchiveSegment {

    /** Where in the archive its first byte is. */
    long position();

    /** How many bytes it has, 1 or more. */
    long length();

    /**
     * A local header, the central directory with all that follows it, or a part of one.
     *
     * @param bytes read-only, and each caller's own as far as its position and limit go
     */
    record Bytes(long position, ByteBuffer bytes) implements ArchiveSegment {

        /** Takes what {@code bytes} has remaining, without a copy. */
        public Bytes {
            bytes = bytes.asReadOnlyBuffer();
        }

        @Override
        public ByteBuffer bytes() {
            return bytes.duplicate();
        }

        @Override
        public long length() {
            return bytes.remaining();
        }

        /**
         * The bytes as buffers to send, of at most 64 KB, each allocated when it is requested. They pass to the
         * subscriber. Any number may subscribe.
         */
        public Flux<DataBuffer> buffers(DataBufferFactory factory) {
            return HeaderBuffers.of(bytes(), factory);
        }
    }

    /**
     * Content of an entry, or a part of it. The layout does not have these bytes, it only knows which they are.
     *
     * @param entry index of the entry in {@link ArchiveLayout#entries}
     * @param offset where in the entry's content the first of the bytes is
     */
    record Payload(long position, int entry, long offset, long length) implements ArchiveSegment {}
}
