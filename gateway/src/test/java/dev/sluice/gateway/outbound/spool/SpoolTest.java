package dev.sluice.gateway.outbound.spool;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.zipstream.BufferBudget;
import io.netty.buffer.PooledByteBufAllocator;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.core.io.buffer.NettyDataBuffer;
import org.springframework.core.io.buffer.NettyDataBufferFactory;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

@ExtendWith(NoLeaks.class)
class SpoolTest {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final NettyDataBufferFactory BUFFERS = new NettyDataBufferFactory(PooledByteBufAllocator.DEFAULT);

    @TempDir
    private Path directory;

    private final Scheduler disk = Schedulers.newBoundedElastic(2, 100, "disk");
    private final BufferBudget budget = new BufferBudget(1_000_000, 10, Schedulers.parallel());

    @AfterEach
    void stop() {
        disk.dispose();
    }

    @Test
    void bodyThatBrokeOffLeavesNothingInTheNext() {
        SpooledBytes bytes = bytes(new Spool(directory)::open);
        Flux<DataBuffer> broken = body(7, 50_000).concatWith(Flux.error(new IllegalStateException("broken")));

        StepVerifier.create(bytes.receive(broken)).expectError().verify(SOON);
        StepVerifier.create(bytes.receive(body(3, 10_000))).expectComplete().verify(SOON);

        assertThat(bytes.content().map(SpoolTest::drain).reduce(0, Integer::sum).block(SOON))
                .isEqualTo(30_000);
        bytes.dispose();
    }

    @Test
    void fileHasNoNameWhileItIsUsed() throws IOException {
        Spool spool = new Spool(directory.resolve("made/when/needed"));
        try (FileChannel file = spool.open()) {
            assertThat(file.isOpen()).isTrue();
            assertThat(filesBelow(directory.resolve("made/when/needed"))).containsExactly("lock");
        }
    }

    @Test
    void nothingIsLeftOfASpoolThatIsClosed() throws IOException {
        try (Spool spool = new Spool(directory)) {
            spool.open().close();
        }

        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void contentIsWhatWasReceived() {
        SpooledBytes bytes = bytes(new Spool(directory)::open);
        StepVerifier.create(bytes.receive(body(10, 20_000))).verifyComplete();

        StepVerifier.create(bytes.content().map(SpoolTest::drain).reduce(0, Integer::sum))
                .expectNext(10 * 20_000)
                .verifyComplete();
        bytes.dispose();
        Await.until(SOON, "the disk is free again", () -> budget.available() == budget.capacity());
    }

    @Test
    void failingDiskIsAnErrorAndFreesEverything() {
        SpooledBytes bytes = bytes(() -> {
            throw new IOException("No space left on device");
        });

        StepVerifier.create(bytes.receive(body(10, 20_000)))
                .expectErrorSatisfies(error -> assertThat(error)
                        .isInstanceOf(UncheckedIOException.class)
                        .hasMessageContaining("No space left on device"))
                .verify(SOON);
        bytes.dispose();
        assertThat(budget.available()).isEqualTo(budget.capacity());
    }

    @Test
    void fullDiskIsAnErrorAndFreesEverything() {
        SpooledBytes bytes =
                bytes(() -> FileChannel.open(Path.of("/dev/full"), StandardOpenOption.READ, StandardOpenOption.WRITE));

        StepVerifier.create(bytes.receive(body(10, 20_000)))
                .expectErrorSatisfies(error -> assertThat(error)
                        .isInstanceOf(UncheckedIOException.class)
                        .hasMessage("spool file: No space left on device"))
                .verify(SOON);
        bytes.dispose();
        Await.until(SOON, "the disk is free again", () -> budget.available() == budget.capacity());
    }

    @Test
    void readerThatLeavesInTheMidstOfAReadDoesNotSpoilTheNext() throws InterruptedException {
        CountDownLatch reading = new CountDownLatch(1);
        CountDownLatch left = new CountDownLatch(1);
        SpooledBytes bytes =
                bytes(new Spool(directory)::open, new NettyDataBufferFactory(BUFFERS.getByteBufAllocator()) {
                    @Override
                    public NettyDataBuffer allocateBuffer(int size) {
                        reading.countDown();
                        awaitWhateverHappens(left);
                        return super.allocateBuffer(size);
                    }
                });
        bytes.receive(body(40, 20_000)).block(SOON);
        Disposable reader = bytes.content().subscribe(DataBufferUtils::release);
        assertThat(reading.await(SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
        reader.dispose();
        left.countDown();

        StepVerifier.create(bytes.content().map(SpoolTest::drain).reduce(0, Integer::sum))
                .expectNext(40 * 20_000)
                .verifyComplete();
        bytes.dispose();
        Await.until(SOON, "the disk is free again", () -> budget.available() == budget.capacity());
    }

    @Test
    void disposalWhileReadingEndsInAnErrorAndFreesEverything() {
        SpooledBytes bytes = bytes(new Spool(directory)::open);
        bytes.receive(body(40, 20_000)).block(SOON);

        StepVerifier.create(bytes.content().doOnNext(DataBufferUtils::release), 1)
                .expectNextCount(1)
                .then(bytes::dispose)
                .thenRequest(1)
                .expectError(UncheckedIOException.class)
                .verify(SOON);
        Await.until(SOON, "the disk is free again", () -> budget.available() == budget.capacity());
    }

    /** An interrupt is for what follows. */
    private static void awaitWhateverHappens(CountDownLatch latch) {
        boolean interrupted = false;
        while (latch.getCount() > 0) {
            try {
                latch.await();
            } catch (InterruptedException now) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private SpooledBytes bytes(Callable<FileChannel> opener) {
        return bytes(opener, BUFFERS);
    }

    private SpooledBytes bytes(Callable<FileChannel> opener, NettyDataBufferFactory buffers) {
        var reservation =
                Objects.requireNonNull(budget.reserve(900_000, Duration.ZERO).block(SOON));
        return new SpooledBytes(reservation, opener, disk, buffers);
    }

    private static Flux<DataBuffer> body(int buffers, int size) {
        return Flux.range(0, buffers).map(index -> BUFFERS.allocateBuffer(size).write(new byte[size]));
    }

    private static int drain(DataBuffer buffer) {
        int count = buffer.readableByteCount();
        DataBufferUtils.release(buffer);
        return count;
    }

    private static List<String> filesBelow(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(Files::isRegularFile)
                    .map(file -> file.getFileName().toString())
                    .toList();
        }
    }
}
