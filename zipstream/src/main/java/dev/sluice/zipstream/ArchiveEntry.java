package dev.sluice.zipstream;

import java.time.Instant;
import org.springframework.core.io.buffer.DataBuffer;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;

/**
 * One whole, checked file on its way into an archive. Everything the local header says is known before the first byte
 * of it is written, so a file that failed leaves no trace.
 *
 * <p>Ownership: whoever holds the entry either subscribes to {@code content} once, and then the subscriber owns each
 * buffer it is handed and a cancel or error frees the rest, or calls {@link #discard()}. Doing both is harmless.
 *
 * @param name as in {@link EntryHeader}
 * @param size exact number of bytes that {@code content} emits
 * @param crc32 CRC-32 of those bytes, as an unsigned 32-bit number
 * @param lastModified as in {@link EntryHeader}
 * @param content the bytes; subscribed at most once
 * @param resources what holds the bytes; disposing of it is idempotent and frees whatever was not yet emitted
 */
public record ArchiveEntry(
        String name, long size, long crc32, Instant lastModified, Flux<DataBuffer> content, Disposable resources) {

    /** @throws IllegalArgumentException if the name, size or CRC cannot stand in an archive */
    public ArchiveEntry {
        EntryHeader.check(name, size, crc32);
    }

    /** What is said of the entry before its content. */
    public EntryHeader header() {
        return new EntryHeader(name, size, crc32, lastModified);
    }

    /** Frees the entry's bytes when its content is not going to be read. Idempotent. */
    public void discard() {
        resources.dispose();
    }
}
