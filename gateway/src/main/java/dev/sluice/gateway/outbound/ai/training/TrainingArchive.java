package dev.sluice.gateway.outbound.ai.training;

import dev.sluice.gateway.outbound.http.ExactLengthBody;
import org.springframework.core.io.buffer.DataBuffer;
import reactor.core.publisher.Flux;

/**
 * The pictures of a training, as a ZIP archive.
 *
 * @param length of it, in bytes, exactly
 * @param content all of it, or a part
 */
public record TrainingArchive(long length, Content content) {

    /** Reads an archive. */
    @FunctionalInterface
    public interface Content {
        /** {@code count} bytes from {@code position} on, for each subscriber, one at a time, who owns the buffers. */
        Flux<DataBuffer> bytes(long position, long count);
    }

    /** A part of it, which says when it is not as long as it should be. */
    ExactLengthBody part(long position, long count) {
        return new ExactLengthBody(content.bytes(position, count), count);
    }
}
