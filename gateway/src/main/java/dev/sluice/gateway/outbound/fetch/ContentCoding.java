package dev.sluice.gateway.outbound.fetch;

import dev.sluice.gateway.outbound.fetch.body.BodyInflater;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Supplier;
import java.util.zip.DataFormatException;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.http.HttpHeaders;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.SynchronousSink;

/**
 * What an origin says it did to a body, RFC 9110 section 8.4, though it was asked to do nothing.
 *
 * <p>Only real codings count. Stores keep whatever was uploaded as {@code Content-Encoding} and answer it over plain
 * bytes: {@code aws-chunked}, {@code none}, {@code binary}, a charset; so every other word is as good as none.
 */
enum ContentCoding {
    /** None, or nothing that means anything. */
    NONE,
    /** RFC 1952. */
    GZIP,
    /** RFC 1950, or RFC 1951 where origins get that wrong. */
    DEFLATE,
    /** One that is not decoded here, or several. */
    OTHER;

    private static final Set<String> GZIP_NAMES = Set.of("gzip", "x-gzip");

    /** Those registered with IANA that change a body; that list has had one addition in ten years. */
    private static final Set<String> REAL = Set.of(
            "gzip",
            "x-gzip",
            "deflate",
            "br",
            "zstd",
            "dcb",
            "dcz",
            "compress",
            "x-compress",
            "exi",
            "pack200-gzip",
            "aes128gcm");

    /** The coding that {@code headers} name. */
    static ContentCoding of(HttpHeaders headers) {
        List<String> named = headers.getOrEmpty(HttpHeaders.CONTENT_ENCODING);
        return named.isEmpty() ? NONE : of(named);
    }

    private static ContentCoding of(List<String> lines) {
        List<String> real = lines.stream()
                .flatMap(line -> List.of(line.split(",", -1)).stream())
                .map(name -> name.strip().toLowerCase(Locale.ROOT))
                .filter(REAL::contains)
                .toList();
        if (real.size() != 1) {
            return real.isEmpty() ? NONE : OTHER;
        }
        String name = real.getFirst();
        return GZIP_NAMES.contains(name) ? GZIP : name.equals("deflate") ? DEFLATE : OTHER;
    }

    /**
     * The body that {@code coded} stands for, in a coding that is decoded here.
     *
     * @param start the first bytes of {@code coded}
     */
    Flux<DataBuffer> decode(Flux<DataBuffer> coded, byte[] start) {
        Supplier<BodyInflater> inflater = this == GZIP ? BodyInflater::gzip : () -> BodyInflater.deflate(start);
        return Flux.using(
                        () -> new DecodedBody(inflater.get()),
                        decoding -> coded.concatMap(decoding::decode, 0)
                                .concatWith(Mono.defer(() -> decoding.inflater.isFinished()
                                        ? Mono.empty()
                                        : Mono.error(FetchErrors.badEncoding("The body ends before its coding does")))),
                        decoding -> decoding.inflater.end())
                .doOnDiscard(DataBuffer.class, DataBufferUtils::release);
    }

    /**
     * Undoes a content coding as the body passes. A small body may stand for a huge one, so no more than one buffer is
     * decoded ahead of what is asked for; a cap behind it bounds the rest.
     *
     * <p>Ownership: takes over each buffer it receives; those it hands on are new. Fails with
     * {@link FetchFailure#BAD_ENCODING} when the bytes are not what they are said to be, or end before they should.
     */
    private static final class DecodedBody {
        private final BodyInflater inflater;
        private ByteBuffer coded = ByteBuffer.allocate(0);

        private DecodedBody(BodyInflater inflater) {
            this.inflater = inflater;
        }

        private Flux<DataBuffer> decode(DataBuffer buffer) {
            return Flux.using(
                    () -> buffer,
                    held -> {
                        // The network's buffers have one part; what else there may be is copied together.
                        coded = ByteBuffer.allocate(held.readableByteCount());
                        held.toByteBuffer(coded);
                        return Flux.<DataBuffer>generate(sink -> decodeOne(held, sink));
                    },
                    DataBufferUtils::release);
        }

        private void decodeOne(DataBuffer held, SynchronousSink<DataBuffer> sink) {
            DataBuffer decoded = held.factory().allocateBuffer(BodyReads.FEW);
            try (DataBuffer.ByteBufferIterator room = decoded.writableByteBuffers()) {
                int count = inflater.inflate(coded, room.next());
                decoded.writePosition(decoded.writePosition() + count);
            } catch (DataFormatException damaged) {
                DataBufferUtils.release(decoded);
                sink.error(FetchErrors.badEncoding("The body is not in the coding that it names"));
                return;
            }
            if (decoded.readableByteCount() > 0) {
                sink.next(decoded);
            } else {
                DataBufferUtils.release(decoded);
                sink.complete();
            }
        }
    }
}
