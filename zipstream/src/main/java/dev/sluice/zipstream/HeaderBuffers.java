package dev.sluice.zipstream;

import java.nio.ByteBuffer;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferFactory;
import reactor.core.publisher.Flux;

/** Headers and central directories as buffers to send. */
final class HeaderBuffers {

    /** A central directory may be long; memory for it is needed as fast as it is taken. */
    private static final int MOST_BYTES = 64 * 1024;

    private HeaderBuffers() {}

    /** Copies of {@code bytes} in parts of at most 64 KB, each allocated when it is requested. */
    static Flux<DataBuffer> of(ByteBuffer bytes, DataBufferFactory factory) {
        int parts = Math.ceilDiv(bytes.remaining(), MOST_BYTES);
        return Flux.range(0, parts).map(part -> {
            int from = part * MOST_BYTES;
            int length = Math.min(MOST_BYTES, bytes.remaining() - from);
            return factory.allocateBuffer(length).write(bytes.slice(bytes.position() + from, length));
        });
    }
}
