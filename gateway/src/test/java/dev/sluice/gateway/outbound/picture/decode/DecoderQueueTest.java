package dev.sluice.gateway.outbound.picture.decode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.sluice.gateway.contract.Caller;
import dev.sluice.gateway.outbound.imagetype.ImageType;
import dev.sluice.gateway.outbound.picture.decode.DecoderException.Kind;
import dev.sluice.gateway.outbound.picture.format.PictureHeader;
import dev.sluice.gateway.outbound.picture.format.PictureHeader.Coding;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.Disposable;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.test.scheduler.VirtualTimeScheduler;

@Timeout(60)
class DecoderQueueTest {
    private static final Path FILE = Path.of("file");
    private static final int WIDTH = 100;

    @TempDir
    Path directory;

    private final List<CompletableFuture<@Nullable Decoded>> started = new ArrayList<>();
    private final Gate decoder = new Gate();
    private final Scheduler threads = Schedulers.newBoundedElastic(8, 100, "test-decoder");
    private final VirtualTimeScheduler timer = VirtualTimeScheduler.create();

    @AfterEach
    void stop() {
        threads.dispose(); // interrupts what still decodes, which writes into the directory before it ends
        threads.disposeGracefully().block(Duration.ofSeconds(30));
        timer.dispose();
    }

    /** A decoder that needs a byte of memory a pixel, and that ends a file when it is told to. */
    private static final class Gate implements PictureDecoder {
        private final LinkedBlockingQueue<Running> begun = new LinkedBlockingQueue<>();

        private record Running(int height, CompletableFuture<Decoded> end) {
            void finish() {
                end.complete(new Decoded(WIDTH, height, null, List.of()));
            }
        }

        @Override
        public String name() {
            return "gate";
        }

        @Override
        public Set<String> mediaTypes() {
            return Set.of("image/png");
        }

        @Override
        public long memoryFor(PictureHeader header) {
            return header.decodedPixels();
        }

        @Override
        public Decoded decode(Path file, PictureHeader header, List<Integer> widths, Path into) throws IOException {
            var running = new Running(header.height(), new CompletableFuture<>());
            begun.add(running);
            try {
                return running.end().get();
            } catch (InterruptedException cancelled) {
                Files.writeString(into.resolve("late"), "written after the caller has gone");
                throw new IOException(cancelled);
            } catch (ExecutionException failed) {
                throw new IllegalStateException(failed.getCause());
            }
        }

        Running next() throws InterruptedException {
            return begun.take();
        }
    }

    private DecoderQueue queue(int decoders, long memory, long largest, int queued) {
        return new DecoderQueue(
                decoder,
                new DecoderQueue.Bounds(decoders, memory, largest, queued, Duration.ofSeconds(10)),
                threads,
                timer);
    }

    private static PictureHeader header(int height) {
        return new PictureHeader(
                new ImageType("image/png", "png"), WIDTH, height, (long) WIDTH * height, 1, 1, Coding.ROWS, false);
    }

    private CompletableFuture<@Nullable Decoded> decode(DecoderQueue queue, int height, DecodePurpose purpose) {
        return queue.decode(FILE, header(height), List.of(), directory, purpose).toFuture();
    }

    private static DecoderException failure(CompletableFuture<@Nullable Decoded> result) {
        return catchThrowableOfType(DecoderException.class, () -> {
            try {
                result.get(30, TimeUnit.SECONDS);
            } catch (ExecutionException failed) {
                throw failed.getCause();
            }
        });
    }

    @Test
    void noMoreFilesAreDecodedAtATimeThanThereAreDecoders() throws Exception {
        DecoderQueue queue = queue(2, 1_000_000, 1_000_000, 10);
        var first = decode(queue, 1, DecodePurpose.INTAKE);
        var second = decode(queue, 2, DecodePurpose.INTAKE);
        var third = decode(queue, 3, DecodePurpose.INTAKE);

        Gate.Running one = decoder.next();
        decoder.next().finish();
        assertThat(decoder.next().height()).isEqualTo(3);

        one.finish();
        CompletableFuture.anyOf(first, second).get(30, TimeUnit.SECONDS);
        assertThat(third).isNotDone();
        assertThat(queue.queued(DecodePurpose.INTAKE)).isZero();
    }

    @Test
    void filesWaitUntilTheMemoryThatTheyNeedIsFree() throws Exception {
        DecoderQueue queue = queue(8, 1_000, 1_000, 10);
        started.add(decode(queue, 6, DecodePurpose.INTAKE));
        var second = decode(queue, 5, DecodePurpose.INTAKE);
        var third = decode(queue, 1, DecodePurpose.INTAKE); // would fit, and does not overtake

        Gate.Running running = decoder.next();
        assertThat(queue.running()).isEqualTo(1);
        assertThat(queue.freeMemory()).isEqualTo(400);
        assertThat(queue.queued(DecodePurpose.INTAKE)).isEqualTo(2);

        running.finish();
        decoder.next().finish();
        decoder.next().finish();
        second.get(30, TimeUnit.SECONDS);
        third.get(30, TimeUnit.SECONDS);
        assertThat(queue.freeMemory()).isEqualTo(1_000);
        assertThat(queue.running()).isZero();
    }

    @Test
    void kindsOfWorkTakeTurns() throws Exception {
        DecoderQueue queue = queue(1, 1_000_000, 1_000_000, 100);
        started.add(decode(queue, 1, DecodePurpose.INTAKE));
        for (int height = 11; height <= 15; height++) {
            started.add(decode(queue, height, DecodePurpose.INTAKE));
        }
        started.add(decode(queue, 21, DecodePurpose.TRANSFORM));
        started.add(decode(queue, 22, DecodePurpose.TRANSFORM));
        started.add(decode(queue, 31, DecodePurpose.BACKGROUND));

        List<Integer> order = new ArrayList<>();
        for (int count = 0; count < 9; count++) {
            Gate.Running running = decoder.next();
            order.add(running.height());
            running.finish();
        }
        assertThat(order).containsExactly(1, 21, 31, 11, 22, 12, 13, 14, 15);
    }

    @Test
    void callersTakeTurnsHoweverManyPicturesOneBrings() throws Exception {
        DecoderQueue queue = queue(1, 1_000_000, 1_000_000, 100);
        started.add(decode(queue, 1, "alice"));
        for (int height = 11; height <= 14; height++) {
            started.add(decode(queue, height, "alice"));
        }
        started.add(decode(queue, 21, "bob"));
        started.add(decode(queue, 31, "carol"));
        started.add(decode(queue, 22, "bob"));

        List<Integer> order = new ArrayList<>();
        for (int count = 0; count < 8; count++) {
            Gate.Running running = decoder.next();
            order.add(running.height());
            running.finish();
        }
        assertThat(order).containsExactly(1, 11, 21, 31, 12, 22, 13, 14);
    }

    @Test
    void oneCallersPicturesTakeAQuarterOfTheQueue() throws Exception {
        DecoderQueue queue = queue(1, 1_000, 1_000, 8);
        started.add(decode(queue, 1, DecodePurpose.TRANSFORM));
        Gate.Running running = decoder.next();
        var first = decode(queue, 2, "alice");
        var second = decode(queue, 3, "alice");

        assertThat(failure(decode(queue, 4, "alice")).kind()).isEqualTo(Kind.BUSY);
        var other = decode(queue, 5, "bob");

        running.finish();
        for (int count = 0; count < 3; count++) {
            decoder.next().finish();
        }
        for (var each : List.of(first, second, other)) {
            each.get(30, TimeUnit.SECONDS);
        }
    }

    private CompletableFuture<@Nullable Decoded> decode(DecoderQueue queue, int height, String user) {
        Caller caller = new Caller(Caller.Kind.USER, user, Set.of(), Set.of(), "127.0.0.1");
        return queue.decode(FILE, header(height), List.of(), directory, DecodePurpose.TRANSFORM)
                .contextWrite(caller::into)
                .toFuture();
    }

    @Test
    void pictureThatNeedsMoreThanAllMemoryRunsAlone() throws Exception {
        DecoderQueue queue = queue(8, 1_000, 3_000, 10);
        var large = decode(queue, 30, DecodePurpose.INTAKE);
        var small = decode(queue, 1, DecodePurpose.INTAKE);

        Gate.Running running = decoder.next();
        assertThat(running.height()).isEqualTo(30);
        assertThat(queue.freeMemory()).isZero();
        assertThat(queue.running()).isEqualTo(1);

        running.finish();
        decoder.next().finish();
        large.get(30, TimeUnit.SECONDS);
        small.get(30, TimeUnit.SECONDS);
    }

    @Test
    void pictureThatNeedsMoreThanOneMayTakeIsRefused() {
        DecoderQueue queue = queue(8, 1 << 20, 2 << 20, 10);

        DecoderException refusal = failure(decode(queue, 40_000, DecodePurpose.INTAKE));

        assertThat(refusal.kind()).isEqualTo(Kind.LIMIT);
        assertThat(refusal).hasMessage("Decoding the image takes 3 MB of memory (expected: at most 2 MB)");
    }

    @Test
    void oneThatWaitsTooLongIsRefusedAndLeavesTheQueue() throws Exception {
        DecoderQueue queue = queue(1, 1_000, 1_000, 10);
        started.add(decode(queue, 1, DecodePurpose.INTAKE));
        decoder.next();
        var late = decode(queue, 2, DecodePurpose.TRANSFORM);

        timer.advanceTimeBy(Duration.ofSeconds(10));

        assertThat(failure(late).kind()).isEqualTo(Kind.BUSY);
        assertThat(queue.queued(DecodePurpose.TRANSFORM)).isZero();
    }

    @Test
    void oneThatFindsItsQueueFullIsRefusedAtOnceAndOthersAreNot() throws Exception {
        DecoderQueue queue = queue(1, 1_000, 1_000, 1);
        started.add(decode(queue, 1, DecodePurpose.INTAKE));
        Gate.Running running = decoder.next();
        var waiting = decode(queue, 2, DecodePurpose.INTAKE);

        assertThat(failure(decode(queue, 3, DecodePurpose.INTAKE)).kind()).isEqualTo(Kind.BUSY);
        var other = decode(queue, 4, DecodePurpose.BACKGROUND);

        running.finish();
        decoder.next().finish();
        decoder.next().finish();
        waiting.get(30, TimeUnit.SECONDS);
        other.get(30, TimeUnit.SECONDS);
    }

    @Test
    void oneThatIsCancelledWhileItWaitsMakesWayForWhoIsBehindIt() throws Exception {
        DecoderQueue queue = queue(8, 1_000, 1_000, 10);
        started.add(decode(queue, 5, DecodePurpose.INTAKE));
        decoder.next();
        Disposable large = queue.decode(FILE, header(10), List.of(), directory, DecodePurpose.INTAKE)
                .subscribe();
        var small = decode(queue, 2, DecodePurpose.INTAKE);
        assertThat(queue.queued(DecodePurpose.INTAKE)).isEqualTo(2);

        large.dispose();

        decoder.next().finish();
        small.get(30, TimeUnit.SECONDS);
    }

    @Test
    void oneThatIsCancelledWhileItRunsIsInterruptedAndLeavesNothing() throws Exception {
        DecoderQueue queue = queue(1, 1_000, 1_000, 10);
        Disposable running = queue.decode(FILE, header(5), List.of(), directory, DecodePurpose.INTAKE)
                .subscribe();
        decoder.next();
        var next = decode(queue, 10, DecodePurpose.INTAKE);

        running.dispose();

        decoder.next().finish();
        next.get(30, TimeUnit.SECONDS);
        assertThat(directory).doesNotExist();
        assertThat(queue.freeMemory()).isEqualTo(1_000);
    }

    @Test
    void failuresAndErrorsOfTheDecoderReachWhoWaitsAndFreeItsMemory() throws Exception {
        DecoderQueue queue = queue(1, 1_000, 1_000, 10);
        var failed = decode(queue, 5, DecodePurpose.INTAKE);
        decoder.next().end().completeExceptionally(new OutOfMemoryError("none left"));

        assertThat(catchThrowableOfType(ExecutionException.class, () -> failed.get(30, TimeUnit.SECONDS)))
                .rootCause()
                .isInstanceOf(OutOfMemoryError.class);
        assertThat(queue.freeMemory()).isEqualTo(1_000);
        assertThat(queue.running()).isZero();
    }

    @Test
    void nothingStartsWhenTheGatewayIsStopping() throws TimeoutException, InterruptedException {
        DecoderQueue queue = queue(1, 1_000, 1_000, 10);
        threads.dispose();

        assertThat(failure(decode(queue, 1, DecodePurpose.INTAKE)).kind()).isEqualTo(Kind.BUSY);
        assertThat(queue.running()).isZero();
    }
}
