package dev.sluice.gateway.feature.zip;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.zipstream.BufferBudget;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.core.io.buffer.NettyDataBufferFactory;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;
import reactor.test.publisher.TestPublisher;

@ExtendWith(NoLeaks.class)
class MemoryBytesTest {
    private static final int READ = 64 * 1024;
    private static final NettyDataBufferFactory BUFFERS = new NettyDataBufferFactory(PooledByteBufAllocator.DEFAULT);

    private final BufferBudget budget = new BufferBudget(64 * 1024 * 1024, 10, Schedulers.immediate());

    @ParameterizedTest(name = "{0} bytes in reads of {1}")
    @CsvSource({"0, 1", "1, 1", "1000, 1", "300000, 100", "300000, 8192", "1000000, 40000", "5000000, 65536"})
    void contentIsWhatWasReceivedAndNeverTakesMoreThanItsFootprint(int size, int read) {
        byte[] expected = new byte[size];
        new Random(size + read).nextBytes(expected);
        MemoryBytes bytes = reserve(size);

        StepVerifier.create(bytes.receive(Flux.fromIterable(reads(expected, read))))
                .verifyComplete();
        assertThat(taken()).isBetween((long) size, MemoryBytes.footprint(size));

        assertThat(drain(bytes)).isEqualTo(expected);
        bytes.dispose();
        assertThat(taken()).isZero();
    }

    @Test
    void fullReadsAreHandedOnAsTheyAre() {
        List<DataBuffer> reads = reads(new byte[10 * READ], READ);
        MemoryBytes bytes = reserve(10 * READ);
        bytes.receive(Flux.fromIterable(List.copyOf(reads))).block();

        StepVerifier.create(bytes.content().doOnNext(DataBufferUtils::release))
                .expectNextSequence(reads)
                .verifyComplete();
        bytes.dispose();
    }

    @Test
    void bodyThatBrokeOffLeavesNothingInTheNext() {
        byte[] content = new byte[300_000];
        new Random(7).nextBytes(content);
        MemoryBytes bytes = reserve(content.length);
        Flux<DataBuffer> broken = Flux.fromIterable(reads(new byte[150_000], 1_000))
                .concatWith(Flux.error(new IllegalStateException("broken")));

        StepVerifier.create(bytes.receive(broken)).verifyError();
        StepVerifier.create(bytes.receive(Flux.fromIterable(reads(content, READ))))
                .verifyComplete();

        assertThat(drain(bytes)).isEqualTo(content);
        bytes.dispose();
        assertThat(taken()).isZero();
    }

    @Test
    void tricklingReadsAreMerged() {
        byte[] content = new byte[100_000];
        MemoryBytes bytes = reserve(content.length);
        bytes.receive(Flux.fromIterable(reads(content, 50))).block();

        StepVerifier.create(bytes.content().doOnNext(DataBufferUtils::release))
                .expectNextCount(2)
                .verifyComplete();
        bytes.dispose();
    }

    @Test
    void shorterImageGivesBackWhatItDoesNotNeed() {
        MemoryBytes bytes = reserve(5_000_000);
        bytes.expect(1000);

        assertThat(taken()).isEqualTo(MemoryBytes.footprint(1000));
        bytes.dispose();
    }

    @Test
    void disposalWhileReceivingFreesWhatCameAndWhatComes() {
        MemoryBytes bytes = reserve(1_000_000);
        TestPublisher<DataBuffer> body = TestPublisher.create();
        List<DataBuffer> reads = reads(new byte[3 * READ], READ);
        StepVerifier.create(bytes.receive(body.flux()))
                .then(() -> body.next(reads.get(0), reads.get(1)))
                .then(bytes::dispose)
                .then(() -> body.next(reads.get(2)))
                .then(body::complete)
                .verifyComplete();

        assertThat(taken()).isZero();
        assertThat(bytes.isDisposed()).isTrue();
    }

    @Test
    void disposalWhileSendingFreesTheRest() {
        MemoryBytes bytes = reserve(3 * READ);
        bytes.receive(Flux.fromIterable(reads(new byte[3 * READ], READ))).block();

        StepVerifier.create(bytes.content().doOnNext(DataBufferUtils::release), 1)
                .expectNextCount(1)
                .then(bytes::dispose)
                .thenCancel()
                .verify();
        assertThat(taken()).isZero();
    }

    private MemoryBytes reserve(long maxBytes) {
        var reservation =
                budget.reserve(MemoryBytes.footprint(maxBytes), Duration.ZERO).block();
        return new MemoryBytes(Objects.requireNonNull(reservation), maxBytes);
    }

    private long taken() {
        return budget.capacity() - budget.available();
    }

    /** What a socket gives: each read in a buffer of 64 KB of its own, full or not. */
    private static List<DataBuffer> reads(byte[] content, int read) {
        List<DataBuffer> reads = new ArrayList<>();
        for (int from = 0; from < content.length; from += read) {
            ByteBuf buffer = PooledByteBufAllocator.DEFAULT.directBuffer(READ);
            buffer.writeBytes(content, from, Math.min(read, content.length - from));
            reads.add(BUFFERS.wrap(buffer));
        }
        return reads;
    }

    private static byte[] drain(MemoryBytes bytes) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        bytes.content()
                .doOnNext(buffer -> {
                    byte[] part = new byte[buffer.readableByteCount()];
                    buffer.read(part);
                    out.writeBytes(part);
                    DataBufferUtils.release(buffer);
                })
                .blockLast();
        return out.toByteArray();
    }
}
