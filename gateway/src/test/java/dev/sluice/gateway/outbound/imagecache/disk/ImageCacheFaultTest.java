package dev.sluice.gateway.outbound.imagecache.disk;

import static dev.sluice.gateway.outbound.imagecache.disk.CacheRig.SOON;
import static dev.sluice.gateway.outbound.imagecache.disk.CacheRig.body;
import static dev.sluice.gateway.outbound.imagecache.disk.CacheRig.url;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.gateway.outbound.imagecache.disk.WatchedCalls.Call;
import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.MovableClock;
import dev.sluice.gateway.testing.NoLeaks;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import reactor.core.Disposable;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

@ExtendWith({NoLeaks.class, OutputCaptureExtension.class})
class ImageCacheFaultTest {
    private static final int LARGE = 100_000;
    private static final String WARNING = "images are served but not stored";

    @TempDir
    private Path parent;

    private Path directory() {
        return parent.resolve("cache");
    }

    @ParameterizedTest
    @MethodSource("storingCalls")
    void failingCallLeavesNothingBehindAndIsSaidOnce(FailingCalls calls, CapturedOutput output) {
        try (CacheRig rig = CacheRig.in(directory(), calls).started()) {
            for (int i = 0; i < 5; i++) {
                assertThat(rig.store(url(i), body(i, LARGE))).isFalse();
                assertThat(rig.read(url(i))).isNull();
            }
            assertThat(rig.files()).isEmpty();
            assertThat(rig.usedBytes()).isZero();
            assertThat(calls.open).hasValue(0);
            assertThat(warnings(output)).isOne();
            assertThat(output).contains("No space left on device");

            calls.mended = true;
            assertThat(rig.store(url(1), body(1, LARGE))).isTrue();
            assertThat(rig.read(url(1))).isEqualTo(body(1, LARGE));
            calls.mended = false;
            assertThat(rig.store(url(2), body(2, LARGE))).isFalse();
            assertThat(warnings(output)).as("and again after a success").isEqualTo(2);
            assertThat(rig.read(url(1))).isEqualTo(body(1, LARGE));
            rig.settled();
        }
    }

    static List<FailingCalls> storingCalls() {
        return List.of(
                new FailingCalls(Call.CREATE, 0),
                new FailingCalls(Call.WRITE, 0),
                new FailingCalls(Call.WRITE, 1),
                new FailingCalls(Call.WRITE, 3),
                new FailingCalls(Call.CLOSE, 0),
                new FailingCalls(Call.MODIFIED, 0),
                new FailingCalls(Call.RENAME, 0));
    }

    private static int warnings(CapturedOutput output) {
        return output.toString().split(WARNING, -1).length - 1;
    }

    @Test
    void failedStoreLeavesTheOlderImage() {
        FailingCalls calls = new FailingCalls(Call.RENAME, 1);
        try (CacheRig rig = CacheRig.in(directory(), calls).started()) {
            rig.store(url(1), body(1, LARGE));
            assertThat(rig.store(url(1), body(2, LARGE))).isFalse();

            assertThat(rig.read(url(1))).isEqualTo(body(1, LARGE));
        }
    }

    @Test
    void fileThatCannotBeDeletedKeepsItsSpaceUntilItCan() {
        FailingCalls calls = new FailingCalls(Call.DELETE, 0);
        long blocks = EntryFile.blocks(LARGE + 200);
        CacheSettings settings = CacheRig.withoutMemory(directory(), 3 * blocks);
        try (CacheRig rig = new CacheRig(settings, new MovableClock(), calls).started()) {
            for (int i = 0; i < 3; i++) {
                rig.store(url(i), body(i, LARGE));
            }
            for (int i = 3; i < 6; i++) {
                assertThat(rig.store(url(i), body(i, LARGE))).isFalse();
            }
            assertThat(IntStream.range(0, 6).filter(i -> rig.has(url(i))))
                    .as("one was given up, the others are still served")
                    .containsExactly(1, 2);
            assertThat(rig.usedBytes()).isEqualTo(rig.diskBytes()).isEqualTo(3 * blocks);

            calls.mended = true;
            assertThat(rig.store(url(6), body(6, LARGE))).isTrue();
            assertThat(rig.diskBytes()).isEqualTo(3 * blocks);
            rig.settled();
        }
    }

    /** A write fails, and so does deleting what was written: the space is not free before the file is gone. */
    @Test
    void temporaryFileThatCannotBeDeletedKeepsItsSpaceUntilItCan() {
        FailingCalls deletes = new FailingCalls(Call.DELETE, 0) {
            @Override
            void before(Call call) throws IOException {
                super.before(call == Call.RENAME ? Call.DELETE : call);
            }
        };
        try (CacheRig rig = CacheRig.in(directory(), deletes).started()) {
            assertThat(rig.store(url(1), body(1, LARGE))).isFalse();
            assertThat(rig.files()).hasSize(1);
            assertThat(rig.usedBytes()).isEqualTo(rig.diskBytes()).isPositive();

            deletes.mended = true;
            assertThat(rig.store(url(2), body(2, LARGE))).isTrue();
            assertThat(rig.files()).hasSize(1);
            rig.settled();
        }
    }

    @Test
    void renewalThatCannotBeWrittenCountsInThisProcess(CapturedOutput output) {
        FailingCalls calls = new FailingCalls(Call.OVERWRITE, 0);
        try (CacheRig rig = CacheRig.in(directory(), calls).started()) {
            rig.store(url(1), body(1, LARGE));
            rig.clock.move(CacheRig.TTL);
            rig.cache
                    .renew(Objects.requireNonNull(rig.cache.lookup(url(1))), rig.clock.instant())
                    .block(SOON);

            assertThat(Objects.requireNonNull(rig.cache.lookup(url(1))).storedAt())
                    .isEqualTo(rig.clock.instant());
            assertThat(warnings(output)).isOne();
        }
    }

    @ParameterizedTest
    @EnumSource(Call.class)
    void cancelledAtAnyCallAStoreLeavesNothingOrAWholeEntry(Call where) throws InterruptedException {
        for (int nth = 0; nth < 5; nth++) {
            AtomicInteger countdown = new AtomicInteger(nth);
            CountDownLatch reached = new CountDownLatch(1);
            CountDownLatch cancelled = new CountDownLatch(1);
            WatchedCalls calls = new WatchedCalls() {
                @Override
                void before(Call call) throws IOException {
                    if (call == where && countdown.getAndDecrement() == 0) {
                        reached.countDown();
                        await(cancelled);
                    }
                }
            };
            try (CacheRig rig =
                    CacheRig.in(directory().resolve(where + "-" + nth), calls).started()) {
                List<DataBuffer> buffers = CacheRig.buffers(body(1, LARGE));
                CountDownLatch finished = new CountDownLatch(1);
                Disposable storing = rig.cache
                        .store(rig.meta(url(1)), buffers)
                        .doFinally(signal -> finished.countDown())
                        .subscribe(OpenImage::dispose);
                Await.until(SOON, "reached or over", () -> reached.getCount() == 0 || finished.getCount() == 0);
                storing.dispose();
                buffers.forEach(DataBufferUtils::release);
                cancelled.countDown();
                rig.disk.disposeGracefully().block(SOON);

                assertThat(calls.open).hasValue(0);
                assertThat(rig.usedBytes()).isEqualTo(rig.diskBytes());
                assertThat(rig.files()).hasSize(rig.entries()).noneMatch(CacheEntry.Name::isTemporary);
                assertThat(rig.files())
                        .allSatisfy(file -> assertThat(file)
                                .hasSize(LARGE
                                        + 108L
                                        + 10
                                        + url(1).length()
                                        + "image/png".length()
                                        + "\"v1\"".length()));
            }
        }
    }

    private static void await(CountDownLatch latch) throws IOException {
        try {
            if (!latch.await(SOON.toSeconds(), TimeUnit.SECONDS)) {
                throw new AssertionError("never");
            }
        } catch (InterruptedException interrupted) {
            throw new IOException(interrupted);
        }
    }

    private static void hold(CountDownLatch free) {
        try {
            await(free);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    @Test
    void storeThatWaitsForTheDiskIsCancelledWithItsBuffers() {
        CountDownLatch free = new CountDownLatch(1);
        try (CacheRig rig = CacheRig.in(directory()).started()) {
            List<Disposable> blocking = IntStream.range(0, 4)
                    .mapToObj(i -> rig.disk.schedule(() -> hold(free)))
                    .toList();
            List<DataBuffer> buffers = CacheRig.buffers(body(1, LARGE));

            Disposable storing = rig.cache.store(rig.meta(url(1)), buffers).subscribe(OpenImage::dispose);
            storing.dispose();

            buffers.forEach(buffer -> assertThat(DataBufferUtils.release(buffer))
                    .as("nobody else holds it any more")
                    .isTrue());
            free.countDown();
            Await.until(SOON, "the disk is free", () -> blocking.stream().allMatch(Disposable::isDisposed));
            assertThat(rig.files()).isEmpty();
            assertThat(rig.usedBytes()).isZero();
        }
    }

    @Test
    void fullQueueOfTheDiskMakesACacheThatKeepsNothing(CapturedOutput output) {
        Scheduler disk = Schedulers.newBoundedElastic(1, 1, "narrow");
        CountDownLatch free = new CountDownLatch(1);
        MovableClock clock = new MovableClock();
        CacheSettings settings = CacheRig.settings(directory(), CacheRig.PLENTY, 10);
        try (CacheRig rig = new CacheRig(settings, clock, CacheDirectory.FileCalls.SYSTEM);
                ImageCache cache = new ImageCache(settings, disk, clock, rig.meters)) {
            CountDownLatch held = new CountDownLatch(1);
            disk.schedule(() -> {
                held.countDown();
                hold(free);
            });
            Await.until(SOON, "the only thread is busy", () -> held.getCount() == 0);
            assertThatThrownBy(() -> {
                        for (int i = 0; i < 10; i++) {
                            disk.schedule(() -> hold(free));
                        }
                    })
                    .isInstanceOf(RejectedExecutionException.class);
            for (int i = 0; i < 5; i++) {
                List<DataBuffer> buffers = CacheRig.buffers(body(i, LARGE));
                assertThat(cache.store(rig.meta(url(i)), buffers).blockOptional(SOON))
                        .isEmpty();
                buffers.forEach(
                        buffer -> assertThat(DataBufferUtils.release(buffer)).isTrue());
            }
            cache.renew(rig.meta(url(1)), clock.instant()).block(SOON);
            assertThat(warnings(output)).isOne();
            free.countDown();
        } finally {
            disk.disposeGracefully().block(SOON);
        }
    }

    @Test
    void fileWhereTheDirectoryShouldBeMakesACacheThatKeepsNothing(CapturedOutput output) throws IOException {
        Files.writeString(directory(), "in the way");
        try (CacheRig rig = CacheRig.in(directory())) {
            rig.cache.start(Duration.ZERO);
            for (int i = 0; i < 3; i++) {
                assertThat(rig.store(url(i), body(i, LARGE))).isFalse();
            }
            assertThat(rig.read(url(1))).isNull();
            assertThat(warnings(output)).isOne();
            assertThat(directory()).hasContent("in the way");

            Files.delete(directory());
            assertThat(rig.store(url(1), body(1, LARGE))).isTrue();
        }
    }

    @Test
    void headerThatIsTooLongIsNotStored() {
        try (CacheRig rig = CacheRig.in(directory()).started()) {
            assertThat(rig.store(url(1) + "x".repeat(70_000), body(1, LARGE))).isFalse();
            assertThat(rig.store(url(2), body(2, LARGE))).isTrue();
            rig.settled();
        }
    }

    @Test
    void releasedBufferIsAFailureThatLeavesNothing() {
        try (CacheRig rig = CacheRig.in(directory()).started()) {
            DataBuffer gone = CacheRig.buffers(body(1, 100)).getFirst();
            List<DataBuffer> buffers = List.of(gone);
            DataBufferUtils.release(gone);

            assertThat(rig.cache
                            .store(rig.meta(url(1)), buffers)
                            .onErrorComplete()
                            .blockOptional(SOON))
                    .isEmpty();
            assertThat(rig.usedBytes()).isZero();
            assertThat(rig.store(url(2), body(2, LARGE))).isTrue();
        }
    }
}
