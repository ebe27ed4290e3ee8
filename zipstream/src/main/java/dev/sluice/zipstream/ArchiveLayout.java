package dev.sluice.zipstream;

import java.nio.ByteBuffer;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.RandomAccess;
import java.util.function.Function;
import org.reactivestreams.Publisher;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferFactory;
import org.springframework.core.io.buffer.DataBufferUtils;
import reactor.core.publisher.Flux;
import reactor.core.publisher.SynchronousSink;

/**
 * An archive of files whose size and CRC-32 are known, and therefore its length, its fingerprint, and where each of its
 * bytes comes from, all before the first is read. So any range of it can be sent by itself, and one that was cut off
 * can be resumed.
 *
 * <pre>
 *   position  0                                                                      length()
 *             │ local header 0 │ payload 0 │ local header 1 │ payload 1 │ … │ directory │
 *   segments    Bytes            Payload     Bytes            Payload         Bytes
 *                         └─────────────── slice(position, count) ──────────────┘
 *                          Bytes  Payload     Bytes            Payload         Bytes
 *                         (cut)                                               (cut)
 * </pre>
 *
 * <p>The bytes are those that {@link ZipStream#of} makes of the same entries, whatever the machine: one format, written
 * by the same code. An empty file has a header and no payload segment.
 *
 * <p>What is held is headers: for each entry 76 bytes and twice its name, a few dozen more with zip64, and the objects
 * around them. Immutable: any thread may use it, any number of times.
 */
public final class ArchiveLayout {

    /** Keeps {@link #of} short, and every position far from where a {@code long} ends. */
    static final long MAX_PAYLOAD = 1L << 40;

    private final List<EntryHeader> entries;
    private final List<ArchiveSegment> segments;

    /** Position of each segment. They ascend strictly, as no segment is empty. */
    private final long[] starts;

    private final long length;
    private final String fingerprint;

    private ArchiveLayout(List<EntryHeader> entries, List<ArchiveSegment> segments) {
        this.entries = entries;
        this.segments = segments;
        this.starts = segments.stream().mapToLong(ArchiveSegment::position).toArray();
        this.length = end(segments);
        this.fingerprint = Fingerprint.of(segments);
    }

    /**
     * Lays out {@code entries} in their order. Blocks on nothing, but takes its time on the caller's thread: more with
     * each entry, and from 4 GiB on with each GiB of payload, which the archive writer counts as if it passed.
     *
     * @param entries at least one, and at most 1 TiB of payload in all. Names differ, if only in case; whoever unpacks
     *     the archive where case does not count needs names from {@link EntryNames}
     * @throws IllegalArgumentException if there is no entry, a name comes twice, or the payload is too large
     */
    public static ArchiveLayout of(List<EntryHeader> entries) {
        List<EntryHeader> known = List.copyOf(entries);
        if (known.isEmpty()) {
            throw new IllegalArgumentException("entries: none (expected: at least one)");
        }
        checkPayload(known);
        return new ArchiveLayout(known, segments(known, new ArchiveHeaders()));
    }

    private static void checkPayload(List<EntryHeader> entries) {
        long left = MAX_PAYLOAD;
        for (EntryHeader entry : entries) {
            if (entry.size() > left) {
                throw new IllegalArgumentException("entries: more than " + MAX_PAYLOAD + " bytes with '" + entry.name()
                        + "' of " + entry.size() + " (expected: at most so many in all)");
            }
            left -= entry.size();
        }
    }

    private static List<ArchiveSegment> segments(List<EntryHeader> entries, ArchiveHeaders headers) {
        List<ArchiveSegment> segments = new ArrayList<>(2 * entries.size() + 1);
        for (int i = 0; i < entries.size(); i++) {
            EntryHeader entry = entries.get(i);
            segments.add(new ArchiveSegment.Bytes(end(segments), ByteBuffer.wrap(headers.localHeader(entry))));
            if (entry.size() > 0) {
                segments.add(new ArchiveSegment.Payload(end(segments), i, 0, entry.size()));
            }
        }
        segments.add(new ArchiveSegment.Bytes(end(segments), ByteBuffer.wrap(headers.trailer())));
        return List.copyOf(segments);
    }

    private static long end(List<ArchiveSegment> segments) {
        if (segments.isEmpty()) {
            return 0;
        }
        ArchiveSegment last = segments.getLast();
        return last.position() + last.length();
    }

    /** What was laid out. Unmodifiable. */
    public List<EntryHeader> entries() {
        return entries;
    }

    /** Bytes of the whole archive. */
    public long length() {
        return length;
    }

    /**
     * SHA-256 of all bytes that are not payload, as 64 hexadecimal digits; fit for an entity tag. They hold every name,
     * size, CRC and time (in the format's steps of two seconds), so archives that differ in one of them differ here,
     * and so do those of a writer that writes the same entries in another way.
     *
     * <p>Payload is in it by its size and CRC-32 only, and whoever chooses the bytes of a file chooses its CRC too.
     * Where an entry may be replaced by another of the same name, time and size, add what tells contents apart, an id
     * or a digest of each, before calling it a strong validator (RFC 9110 section 8.8.1).
     */
    public String fingerprint() {
        return fingerprint;
    }

    /** The whole archive: {@code slice(0, length())}. */
    public List<ArchiveSegment> segments() {
        return segments;
    }

    /**
     * The {@code count} bytes from {@code position} on: segments that adjoin, the first and the last cut to fit. Found
     * by binary search; the list is a view that costs nothing until it is read, and cannot be modified.
     *
     * @throws IllegalArgumentException if the archive does not have all those bytes
     */
    public List<ArchiveSegment> slice(long position, long count) {
        if (position < 0 || count < 0 || count > length - position) {
            throw new IllegalArgumentException(
                    "slice: " + count + " bytes from " + position + " (expected: within " + length + " bytes)");
        }
        return count == 0 ? List.of() : new Slice(position, position + count);
    }

    /**
     * The bytes of {@link #slice} as buffers.
     *
     * <p>Demand: nothing is allocated and no payload subscribed to before a buffer of it is requested; a payload's turn
     * comes when all before it is through. No thread hop: everything runs on the thread that requests or that brings a
     * payload.
     *
     * <p>Ownership: buffers pass to the subscriber, payload's as they are. Cancelling, at any moment, cancels the
     * payload at hand, and no other is subscribed to.
     *
     * <p>Errors: a payload's own pass through; one that is not exactly {@link ArchiveSegment.Payload#length} bytes long
     * fails with {@link EntrySizeMismatchException}, before a byte too much goes out.
     *
     * <p>CRCs are not checked. A range of an entry cannot be, a file sent by the system is not seen, and where one can,
     * the error would come when the bytes are gone: a client that resumes there gets the rest unchecked, while one that
     * unpacks the archive checks every CRC by itself. To check all the same, give the payload through
     * {@link ByteStreams#totalled}.
     *
     * @param payload gives the bytes of one segment; called when its turn has come, for each subscriber anew
     * @param headers allocates buffers of at most 64 KB for all that is not payload; best direct, as in
     *     {@link ZipStream#of}
     * @throws IllegalArgumentException at once, if the archive does not have all those bytes
     */
    public Flux<DataBuffer> bytes(
            long position,
            long count,
            Function<? super ArchiveSegment.Payload, ? extends Publisher<DataBuffer>> payload,
            DataBufferFactory headers) {
        return Flux.fromIterable(slice(position, count))
                .concatMap(
                        segment -> switch (segment) {
                            case ArchiveSegment.Bytes bytes -> bytes.buffers(headers);
                            case ArchiveSegment.Payload part -> content(part, payload);
                        },
                        0)
                .doOnDiscard(DataBuffer.class, DataBufferUtils::release);
    }

    private Flux<DataBuffer> content(
            ArchiveSegment.Payload part,
            Function<? super ArchiveSegment.Payload, ? extends Publisher<DataBuffer>> payload) {
        String name = entries.get(part.entry()).name();
        Flux<DataBuffer> content = Flux.defer(() -> payload.apply(part));
        // concatMap subscribes as soon as the segment before is through, which may be long before anything is wanted of
        // this one. Something that ends when it is first asked keeps files and connections closed until then.
        return Flux.<DataBuffer>generate(SynchronousSink::complete)
                .concatWith(new InspectedFlux(content, () -> new ExactSize(name, part.length())));
    }

    private int segmentAt(long position) {
        int found = Arrays.binarySearch(starts, position);
        return found >= 0 ? found : -found - 2;
    }

    /** {@code segment} without what lies before {@code from} and from {@code to} on. */
    private static ArchiveSegment cut(ArchiveSegment segment, long from, long to) {
        long position = Math.max(segment.position(), from);
        long skipped = position - segment.position();
        long count = Math.min(segment.position() + segment.length(), to) - position;
        if (count == segment.length()) {
            return segment;
        }
        return switch (segment) {
            case ArchiveSegment.Bytes bytes ->
                new ArchiveSegment.Bytes(position, bytes.bytes().slice((int) skipped, (int) count));
            case ArchiveSegment.Payload part ->
                new ArchiveSegment.Payload(position, part.entry(), part.offset() + skipped, count);
        };
    }

    /** The segments from {@code from} to before {@code to}. */
    private final class Slice extends AbstractList<ArchiveSegment> implements RandomAccess {

        private final long from;
        private final long to;
        private final int first;
        private final int size;

        Slice(long from, long to) {
            this.from = from;
            this.to = to;
            this.first = segmentAt(from);
            this.size = segmentAt(to - 1) - first + 1;
        }

        @Override
        public ArchiveSegment get(int index) {
            return cut(segments.get(first + Objects.checkIndex(index, size)), from, to);
        }

        @Override
        public int size() {
            return size;
        }
    }
}
