package dev.sluice.zipstream;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.PooledByteBufAllocator;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.core.io.buffer.NettyDataBuffer;
import org.springframework.core.io.buffer.NettyDataBufferFactory;
import reactor.core.publisher.Flux;

/** Pooled direct buffers that are remembered, so that a test can say where each has gone. */
final class TrackedBuffers extends NettyDataBufferFactory {

    private final List<NettyDataBuffer> allocated = Collections.synchronizedList(new ArrayList<>());

    TrackedBuffers() {
        super(PooledByteBufAllocator.DEFAULT);
    }

    @Override
    public NettyDataBuffer allocateBuffer(int initialCapacity) {
        NettyDataBuffer buffer = super.allocateBuffer(initialCapacity);
        allocated.add(buffer);
        return buffer;
    }

    DataBuffer of(byte[] bytes) {
        return allocateBuffer(Math.max(1, bytes.length)).write(bytes);
    }

    DataBuffer of(String text) {
        return of(text.getBytes(StandardCharsets.UTF_8));
    }

    DataBuffer ofSize(int bytes) {
        return of(new byte[bytes]);
    }

    /** {@code count} buffers of {@code bytes}, each made when it is requested. */
    Flux<DataBuffer> many(int count, int bytes) {
        return Flux.range(0, count).map(i -> ofSize(bytes));
    }

    int allocatedCount() {
        return allocated.size();
    }

    void assertAllReleased() {
        eventually(() -> assertThat(List.of(allocated.toArray(NettyDataBuffer[]::new)))
                .allSatisfy(buffer -> assertThat(buffer.getNativeBuffer().refCnt())
                        .as("references to %s", buffer)
                        .isZero()));
    }

    /** What another thread has under way when the last client left may take a moment. */
    static void eventually(Runnable check) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (true) {
            try {
                check.run();
                return;
            } catch (AssertionError notYet) {
                if (System.nanoTime() > deadline) {
                    throw notYet;
                }
                Thread.onSpinWait();
            }
        }
    }

    /** For subscribers that consume: reads and releases. */
    static byte[] drain(DataBuffer buffer) {
        byte[] bytes = new byte[buffer.readableByteCount()];
        buffer.read(bytes);
        assertThat(DataBufferUtils.release(buffer))
                .as("still held by the subscriber")
                .isTrue();
        return bytes;
    }
}
