package dev.sluice.gateway.outbound.fetch;

import java.nio.ByteBuffer;
import java.util.function.Supplier;
import java.util.zip.DataFormatException;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.SynchronousSink;

/**
 * Undoes a content coding as the body passes. A small body may stand for a huge one, so no more than one buffer is
 * decoded ahead of what is asked for; a cap behind it bounds the rest.
 *
 * <p>Ownership: takes over each buffer it receives; those it hands on are new. Fails with
 * {@link FetchFailure#BAD_ENCODING} when the bytes are not what they are said to be, or end before they should.
 */
final class DecodedBody {
    private final Inflating inflating;
    private ByteBuffer coded = ByteBuffer.allocate(0);

    private DecodedBody(Inflating inflating) {
        this.inflating = inflating;
    }

    /**
     * The body that {@code coded} stands for.
     *
     * @param coding one that is decoded here
     * @param start the first bytes of {@code coded}
     */
    static Flux<DataBuffer> of(Flux<DataBuffer> coded, ContentCoding coding, byte[] start) {
        Supplier<Inflating> inflating = coding == ContentCoding.GZIP ? Inflating::gzip : () -> Inflating.deflate(start);
        return Flux.using(
                        () -> new DecodedBody(inflating.get()),
                        decoding -> coded.concatMap(decoding::decode, 0)
                                .concatWith(Mono.defer(() -> decoding.inflating.isFinished()
                                        ? Mono.empty()
                                        : Mono.error(Failures.badEncoding("The body ends before its coding does")))),
                        decoding -> decoding.inflating.end())
                .doOnDiscard(DataBuffer.class, DataBufferUtils::release);
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
        DataBuffer decoded = held.factory().allocateBuffer(FetchTransport.READ_BYTES);
        try (DataBuffer.ByteBufferIterator room = decoded.writableByteBuffers()) {
            int count = inflating.inflate(coded, room.next());
            decoded.writePosition(decoded.writePosition() + count);
        } catch (DataFormatException damaged) {
            DataBufferUtils.release(decoded);
            sink.error(Failures.badEncoding("The body is not in the coding that it names"));
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
