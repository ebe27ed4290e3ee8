package dev.sluice.zipstream;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Schedulers;

/**
 * A client that goes away at any moment, on another thread than the one that sends. What must never happen: a buffer
 * that is still held, or an entry that nobody freed.
 */
@Timeout(60)
class ZipStreamRaceTest {

    private static final int ROUNDS = 5_000;
    private static final int SIZE = 40;

    private final TrackedBuffers buffers = new TrackedBuffers();
    private final ConcurrentLinkedQueue<HeldContent> made = new ConcurrentLinkedQueue<>();

    /**
     * Ways that content may come: at once, from another thread, through a queue. Not through a queue between two
     * threads: {@code publishOn} itself loses what is in it when it is cancelled before its task has run (seen in
     * Reactor 3.8.7).
     */
    static Stream<UnaryOperator<Flux<DataBuffer>>> contents() {
        return Stream.of(
                UnaryOperator.identity(),
                content -> content.subscribeOn(Schedulers.parallel()),
                content -> content.publishOn(Schedulers.immediate(), 2));
    }

    @ParameterizedTest
    @MethodSource("contents")
    void cancellationAtAnyMomentFreesEverything(UnaryOperator<Flux<DataBuffer>> content) {
        Random random = new Random(42);
        AtomicInteger received = new AtomicInteger();
        int longest = 4_000;
        for (int round = 1; round <= ROUNDS; round++) {
            if (round % 500 == 0 && received.get() == 0) {
                longest *= 2; // on a busy machine other threads are later
            }
            Flux<ArchiveEntry> entries =
                    Flux.range(0, 5).map(i -> heldEntry("e" + i, content)).subscribeOn(Schedulers.parallel());
            Disposable client = ZipStream.of(entries, buffers).subscribe(buffer -> {
                received.incrementAndGet();
                DataBufferUtils.release(buffer);
            });
            for (int spin = random.nextInt(longest); spin > 0; spin--) {
                Thread.onSpinWait();
            }
            client.dispose();
        }

        TrackedBuffers.eventually(() -> made.forEach(HeldContent::assertFreed));
        buffers.assertAllReleased();
        assertThat(received).as("buffers before the cancellations").hasPositiveValue();
    }

    private ArchiveEntry heldEntry(String name, UnaryOperator<Flux<DataBuffer>> how) {
        List<DataBuffer> held =
                IntStream.range(0, 4).mapToObj(i -> buffers.ofSize(SIZE / 4)).toList();
        HeldContent content = new HeldContent(held);
        made.add(content);
        CRC32 crc = new CRC32();
        crc.update(new byte[SIZE]);
        return new ArchiveEntry(name, SIZE, crc.getValue(), Instant.EPOCH, how.apply(content.flux()), content);
    }

    /** A whole image in memory: emits its buffers, and frees those it has not. */
    private static final class HeldContent implements Disposable {

        private final ConcurrentLinkedQueue<DataBuffer> left;
        private volatile boolean disposed;

        HeldContent(List<DataBuffer> held) {
            this.left = new ConcurrentLinkedQueue<>(held);
        }

        Flux<DataBuffer> flux() {
            return Flux.generate(sink -> {
                DataBuffer next = left.poll();
                if (next == null) {
                    sink.complete();
                } else {
                    sink.next(next);
                }
            });
        }

        @Override
        public void dispose() {
            disposed = true;
            for (DataBuffer next = left.poll(); next != null; next = left.poll()) {
                DataBufferUtils.release(next);
            }
        }

        void assertFreed() {
            assertThat(disposed).isTrue();
        }
    }
}
