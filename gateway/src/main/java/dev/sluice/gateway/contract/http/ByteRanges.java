package dev.sluice.gateway.contract.http;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferFactory;
import org.springframework.http.HttpRange;
import org.springframework.http.MediaType;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * The parts of some bytes that a {@code Range} field asks for, RFC 9110 section 14, and how several are framed in one
 * body, section 14.6:
 *
 * <pre>
 *   CR LF --boundary CR LF  Content-Type: …  CR LF  Content-Range: bytes first-last/length  CR LF CR LF  the part
 *   …
 *   CR LF --boundary-- CR LF
 * </pre>
 *
 * @param parts within the bytes, in the order of the request; none where all that is asked for is beyond the end
 * @param length of all bytes
 */
record ByteRanges(List<Part> parts, long length) {
    /** More are a burden and no use: section 14.2 lets a server ignore them. */
    private static final int MOST = 16;

    /**
     * One part.
     *
     * @param position of its first byte
     * @param count of its bytes, at least one
     */
    record Part(long position, long count) {

        /** As {@code Content-Range} tells it. */
        String of(long length) {
            return "bytes " + position + "-" + (position + count - 1) + "/" + length;
        }
    }

    /**
     * The parts that {@code field} asks for; null where it asks for nothing that can be understood, for too many parts,
     * or for more bytes than there are: then it is ignored, and the whole is sent.
     */
    static @Nullable ByteRanges parse(String field, long length) {
        List<HttpRange> asked;
        try {
            asked = HttpRange.parseRanges(field);
        } catch (IllegalArgumentException malformed) {
            return null;
        }
        if (asked.isEmpty() || asked.size() > MOST) {
            return null;
        }
        List<Part> parts = new ArrayList<>();
        for (HttpRange range : asked) {
            long first = range.getRangeStart(length);
            long count = range.getRangeEnd(length) - first + 1;
            if (first < length && count > 0) {
                parts.add(new Part(first, count));
            }
        }
        long total = parts.stream().mapToLong(Part::count).sum();
        return total > length ? null : new ByteRanges(List.copyOf(parts), length);
    }

    /** Length of all parts in one body. */
    long framedLength(MediaType type, String boundary) {
        long framed = end(boundary).length;
        for (Part part : parts) {
            framed += head(part, type, boundary).length + part.count();
        }
        return framed;
    }

    /** Where the bytes of a part come from. */
    @FunctionalInterface
    interface Source {
        Flux<DataBuffer> bytes(long position, long count);
    }

    /** All parts in one body. The subscriber owns the buffers. */
    Flux<DataBuffer> framed(MediaType type, String boundary, Source source, DataBufferFactory buffers) {
        return Flux.fromIterable(parts)
                .concatMap(
                        part -> Flux.concat(
                                Mono.fromSupplier(() -> buffers.wrap(head(part, type, boundary))),
                                source.bytes(part.position(), part.count())),
                        0)
                .concatWith(Mono.fromSupplier(() -> buffers.wrap(end(boundary))));
    }

    private byte[] head(Part part, MediaType type, String boundary) {
        return ("\r\n--" + boundary + "\r\nContent-Type: " + type + "\r\nContent-Range: " + part.of(length)
                        + "\r\n\r\n")
                .getBytes(StandardCharsets.ISO_8859_1);
    }

    private static byte[] end(String boundary) {
        return ("\r\n--" + boundary + "--\r\n").getBytes(StandardCharsets.ISO_8859_1);
    }
}
