package dev.sluice.zipstream;

import java.nio.ByteBuffer;
import org.reactivestreams.Publisher;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferFactory;
import org.springframework.core.io.buffer.DataBufferUtils;
import reactor.core.publisher.Flux;

/**
 * Entries in, the bytes of one archive out: {@link #of}.
 *
 * <p>Payload does not pass through the archive writer, it goes around it: the very buffers of each entry's content are
 * handed on, between headers that say what is known of them beforehand ({@link ArchiveHeaders}). So an entry is stored
 * as it is, and every reader opens the archive, also one that cannot seek.
 */
public final class ZipStream {

    private ZipStream() {}

    /**
     * The archive of {@code entries} in their order (APPNOTE 4.3.6): stored, size and CRC in the local header, no data
     * descriptor, names in UTF-8 and flagged so (bit 11, APPNOTE 4.4.4) as files of a Unix host with mode 0644 (host 3,
     * APPNOTE 4.4.2.2), zip64 where it is needed and only there. The same entries give the same bytes, whatever the
     * machine's time zone and locale. No entries give an empty archive.
     *
     * <p>Demand: a buffer is made or asked for when one is requested. The next entry is requested when the one before
     * it is through; none is fetched ahead. No thread hop: everything runs on the thread that requests or that brings
     * an entry's content.
     *
     * <p>Ownership: takes over each entry it receives and discards it when its content is through, failed or not going
     * to be read. Buffers pass to the subscriber. Cancelling, at any moment, frees the entry at hand and the entries
     * that Reactor operators upstream had queued, as far as those discard their queues: {@code publishOn} does not when
     * it is cancelled before its task has run (Reactor 3.8), so keep it out of here.
     *
     * <p>Errors: those of {@code entries} and of a content pass through; content that is not exactly {@code size} bytes
     * long fails with {@link EntrySizeMismatchException}; a name that comes twice with
     * {@link IllegalArgumentException}. An error leaves an archive that has no end and that no reader takes for a whole
     * one.
     *
     * @param entries subscribed once for each subscriber
     * @param headers allocates one buffer for each local header, and buffers of at most 64 KB for the end. Give one
     *     whose buffers are direct: a heap buffer between direct ones costs the network layer a copy
     */
    public static Flux<DataBuffer> of(Publisher<ArchiveEntry> entries, DataBufferFactory headers) {
        return Flux.defer(() -> stream(new ArchiveHeaders(), entries, headers))
                .doOnDiscard(ArchiveEntry.class, ArchiveEntry::discard)
                .doOnDiscard(DataBuffer.class, DataBufferUtils::release);
    }

    private static Flux<DataBuffer> stream(
            ArchiveHeaders archive, Publisher<ArchiveEntry> entries, DataBufferFactory headers) {
        return Flux.from(entries)
                .concatMap(entry -> new SectionFlux(archive, entry, headers), 0)
                .concatWith(Flux.defer(() -> HeaderBuffers.of(ByteBuffer.wrap(archive.trailer()), headers)));
    }
}
