package dev.sluice.gateway.outbound.storage;

import io.netty.buffer.PooledByteBufAllocator;
import java.io.ByteArrayOutputStream;
import java.util.Random;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.core.io.buffer.NettyDataBufferFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Bytes and bodies of them, in pooled buffers, so that a lost one is noticed. */
final class Bodies {
    static final NettyDataBufferFactory BUFFERS = new NettyDataBufferFactory(PooledByteBufAllocator.DEFAULT);
    private static final int CHUNK = 10_000;

    private Bodies() {}

    static byte[] random(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    static DataBuffer buffer(byte[] bytes, int from, int to) {
        DataBuffer buffer = BUFFERS.allocateBuffer(Math.max(1, to - from));
        return buffer.write(bytes, from, to - from);
    }

    static DataBuffer buffer(byte[] bytes) {
        return buffer(bytes, 0, bytes.length);
    }

    /** The bytes in buffers of 10,000. */
    static Flux<DataBuffer> of(byte[] bytes) {
        return Flux.range(0, (bytes.length + CHUNK - 1) / CHUNK)
                .map(i -> buffer(bytes, i * CHUNK, Math.min(bytes.length, (i + 1) * CHUNK)));
    }

    /** All bytes of a body. */
    static Mono<byte[]> join(Flux<DataBuffer> body) {
        return body.collect(ByteArrayOutputStream::new, (all, buffer) -> all.writeBytes(take(buffer)))
                .map(ByteArrayOutputStream::toByteArray);
    }

    /** The bytes of a buffer that is released. */
    static byte[] take(DataBuffer buffer) {
        byte[] bytes = new byte[buffer.readableByteCount()];
        buffer.read(bytes);
        DataBufferUtils.release(buffer);
        return bytes;
    }
}
