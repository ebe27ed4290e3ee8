package dev.sluice.zipstream;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.reactivestreams.Subscription;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;
import reactor.test.publisher.TestPublisher;
import reactor.test.scheduler.VirtualTimeScheduler;

/** Time here is virtual: nothing waits. */
class TimedByteStreamsTest {

    private static final MinimumRate ONE_KB_AFTER_5_S = new MinimumRate(1024, Duration.ofSeconds(5));

    private final TrackedBuffers buffers = new TrackedBuffers();
    private final VirtualTimeScheduler time = VirtualTimeScheduler.create();
    private final TestPublisher<DataBuffer> origin = TestPublisher.create();

    @AfterEach
    void nothingLeaks() {
        buffers.assertAllReleased();
        time.dispose();
    }

    @Test
    void bodyWithinItsDeadlinePasses() {
        StepVerifier.create(ByteStreams.withDeadline(origin.flux(), Duration.ofSeconds(30), time))
                .then(() -> pass(Duration.ofSeconds(20)))
                .then(() -> origin.next(buffers.ofSize(8)))
                .consumeNextWith(DataBufferUtils::release)
                .then(() -> pass(Duration.ofMillis(9_999)))
                .then(origin::complete)
                .verifyComplete();
        pass(Duration.ofDays(1));
    }

    @Test
    void deadlineCountsFromSubscriptionHoweverMuchArrives() {
        StepVerifier.create(ByteStreams.withDeadline(origin.flux(), Duration.ofSeconds(30), time))
                .then(() -> pass(Duration.ofSeconds(29)))
                .then(() -> origin.next(buffers.ofSize(8)))
                .consumeNextWith(DataBufferUtils::release)
                .then(() -> pass(Duration.ofSeconds(1)))
                .verifyErrorSatisfies(error -> assertThat(error)
                        .isInstanceOfSatisfying(
                                DeadlineExceededException.class,
                                e -> assertThat(e.deadline()).isEqualTo(Duration.ofSeconds(30))));
        origin.assertCancelled();
    }

    @Test
    void deadlineHoldsAlsoWhenNobodyRequests() {
        StepVerifier.create(ByteStreams.withDeadline(origin.flux(), Duration.ofSeconds(30), time), 0)
                .then(() -> pass(Duration.ofSeconds(30)))
                .verifyError(DeadlineExceededException.class);
        origin.assertCancelled();
    }

    @Test
    void upstreamIsCancelledBeforeDownstreamHearsOfTheDeadline() {
        AtomicBoolean cancelled = new AtomicBoolean();
        Flux<DataBuffer> silent = Flux.<DataBuffer>never().doOnCancel(() -> cancelled.set(true));
        StepVerifier.create(ByteStreams.withDeadline(silent, Duration.ofSeconds(1), time)
                        .doOnError(error -> assertThat(cancelled).isTrue()))
                .then(() -> pass(Duration.ofSeconds(1)))
                .verifyError(DeadlineExceededException.class);
    }

    @Test
    void bufferAfterTheDeadlineIsReleased() {
        TestPublisher<DataBuffer> rude = TestPublisher.createNoncompliant(TestPublisher.Violation.CLEANUP_ON_TERMINATE);
        StepVerifier.create(ByteStreams.withDeadline(rude.flux(), Duration.ofSeconds(1), time))
                .then(() -> pass(Duration.ofSeconds(1)))
                .then(() -> rude.next(buffers.ofSize(8)))
                .verifyError(DeadlineExceededException.class);
    }

    @Test
    void deadlineThatFallsIntoAHandOverComesAfterIt() {
        StringBuilder signals = new StringBuilder();
        ByteStreams.withDeadline(origin.flux(), Duration.ofSeconds(1), time)
                .subscribe(
                        buffer -> {
                            signals.append("buffer ");
                            pass(Duration.ofSeconds(1));
                            signals.append("handed-on ");
                            DataBufferUtils.release(buffer);
                        },
                        error -> signals.append("error"));

        origin.next(buffers.ofSize(8));

        assertThat(signals).hasToString("buffer handed-on error");
    }

    @Test
    void cancellationStopsTheTimer() {
        StepVerifier.create(ByteStreams.withDeadline(origin.flux(), Duration.ofSeconds(1), time))
                .thenCancel()
                .verify();
        origin.assertCancelled();
        pass(Duration.ofSeconds(2));
    }

    @Test
    void aStoppedTimerFailsTheStreamInsteadOfLettingItRunForEver() {
        time.dispose();
        StepVerifier.create(ByteStreams.withDeadline(origin.flux(), Duration.ofSeconds(1), time))
                .verifyError();
        origin.assertCancelled();
    }

    @Test
    void deadlinesOfAnyLengthAreTaken() {
        StepVerifier.create(ByteStreams.withDeadline(buffers.many(1, 1), Duration.ofSeconds(Long.MAX_VALUE), time))
                .consumeNextWith(DataBufferUtils::release)
                .verifyComplete();
    }

    @Test
    void silentOriginIsCutWhenItsGraceIsOver() {
        StepVerifier.create(ByteStreams.withMinimumRate(origin.flux(), ONE_KB_AFTER_5_S, time))
                .then(() -> pass(Duration.ofMillis(4_999)))
                .then(origin::assertNotCancelled)
                .then(() -> pass(Duration.ofMillis(1)))
                .verifyErrorSatisfies(error -> assertThat(error)
                        .isInstanceOfSatisfying(BodyTooSlowException.class, e -> {
                            assertThat(e.rate()).isEqualTo(ONE_KB_AFTER_5_S);
                            assertThat(e.count()).isZero();
                        }));
        origin.assertCancelled();
    }

    @Test
    void dripIsCutSoonAfterItsGrace() {
        // 100 bytes a second earn a tenth of what the wait costs.
        AtomicInteger seconds = new AtomicInteger();
        Flux<DataBuffer> drip = Flux.interval(Duration.ofSeconds(1), time).map(i -> buffers.ofSize(100));
        ByteStreams.withMinimumRate(drip, ONE_KB_AFTER_5_S, time)
                .doOnNext(DataBufferUtils::release)
                .subscribe(buffer -> seconds.incrementAndGet(), error -> seconds.addAndGet(1_000));

        pass(Duration.ofSeconds(60));

        assertThat(seconds).hasValue(1_005);
    }

    @Test
    void originAtTheMinimumRateGoesOnForEver() {
        Flux<DataBuffer> steady = Flux.interval(Duration.ofSeconds(1), time)
                .map(i -> buffers.ofSize(1024))
                .take(3_600);
        AtomicInteger received = new AtomicInteger();
        AtomicBoolean complete = new AtomicBoolean();
        ByteStreams.withMinimumRate(steady, ONE_KB_AFTER_5_S, time)
                .doOnNext(DataBufferUtils::release)
                .subscribe(buffer -> received.incrementAndGet(), error -> {}, () -> complete.set(true));

        pass(Duration.ofHours(1));

        assertThat(received).hasValue(3_600);
        assertThat(complete).isTrue();
    }

    @Test
    void fastStartDoesNotPayForALongStall() {
        StepVerifier.create(ByteStreams.withMinimumRate(origin.flux(), ONE_KB_AFTER_5_S, time))
                .then(() -> origin.next(buffers.ofSize(1024 * 1024)))
                .consumeNextWith(DataBufferUtils::release)
                .then(() -> pass(Duration.ofSeconds(5)))
                .verifyErrorSatisfies(error -> assertThat(error)
                        .isInstanceOfSatisfying(
                                BodyTooSlowException.class,
                                e -> assertThat(e.count()).isEqualTo(1024 * 1024)));
    }

    @Test
    void consumerThatAsksForNothingIsNotTheOriginsFault() {
        StepVerifier.create(ByteStreams.withMinimumRate(origin.flux(), ONE_KB_AFTER_5_S, time), 0)
                .then(() -> pass(Duration.ofHours(1)))
                .thenRequest(1)
                .then(() -> pass(Duration.ofSeconds(4)))
                .then(() -> origin.next(buffers.ofSize(1)))
                .consumeNextWith(DataBufferUtils::release)
                .then(() -> pass(Duration.ofHours(1)))
                .thenRequest(1)
                .then(() -> pass(Duration.ofMillis(999)))
                .then(origin::assertNotCancelled)
                .then(() -> pass(Duration.ofSeconds(1)))
                .verifyError(BodyTooSlowException.class);
    }

    @Test
    void timeTheConsumerSpendsOnABufferDoesNotCount() {
        StepVerifier.create(ByteStreams.withMinimumRate(origin.flux(), ONE_KB_AFTER_5_S, time)
                        .doOnNext(buffer -> pass(Duration.ofHours(1))))
                .then(() -> origin.next(buffers.ofSize(1)))
                .consumeNextWith(DataBufferUtils::release)
                .then(() -> pass(Duration.ofMillis(4_999)))
                .then(origin::complete)
                .verifyComplete();
    }

    @Test
    void cancellationStopsTheRateToo() {
        StepVerifier.create(ByteStreams.withMinimumRate(origin.flux(), ONE_KB_AFTER_5_S, time))
                .then(() -> origin.next(buffers.ofSize(1)))
                .consumeNextWith(DataBufferUtils::release)
                .thenCancel()
                .verify();
        origin.assertCancelled();
        pass(Duration.ofHours(1));
    }

    @Test
    void errorsOfTheOriginPassThroughBoth() {
        Flux<DataBuffer> reset = Flux.error(new IllegalStateException("reset"));
        StepVerifier.create(ByteStreams.withDeadline(
                        ByteStreams.withMinimumRate(reset, ONE_KB_AFTER_5_S, time), Duration.ofSeconds(1), time))
                .verifyErrorMessage("reset");
    }

    @Test
    void demandGoesUpUnchanged() {
        AtomicInteger requested = new AtomicInteger();
        Flux<DataBuffer> source = buffers.many(100, 10).doOnRequest(n -> requested.addAndGet((int) n));
        StepVerifier.create(
                        ByteStreams.withDeadline(
                                ByteStreams.withMinimumRate(source, ONE_KB_AFTER_5_S, time),
                                Duration.ofSeconds(1),
                                time),
                        2)
                .consumeNextWith(DataBufferUtils::release)
                .consumeNextWith(DataBufferUtils::release)
                .thenCancel()
                .verify();
        assertThat(requested).hasValue(2);
    }

    @Test
    void deadlineAndBuffersFromTwoThreadsNeverOverlapAndNeverLeak() {
        for (int round = 0; round < 500; round++) {
            AtomicInteger inside = new AtomicInteger();
            AtomicInteger overlaps = new AtomicInteger();
            Flux<DataBuffer> fast = Flux.<DataBuffer>generate(sink -> sink.next(buffers.ofSize(1)))
                    .subscribeOn(Schedulers.parallel());
            Mono<Void> end = ByteStreams.withDeadline(fast, Duration.ofNanos(200_000), Schedulers.boundedElastic())
                    .doOnNext(buffer -> {
                        overlaps.addAndGet(inside.getAndIncrement());
                        DataBufferUtils.release(buffer);
                        inside.decrementAndGet();
                    })
                    .doOnError(error -> overlaps.addAndGet(inside.get()))
                    .then();
            StepVerifier.create(end).verifyError(DeadlineExceededException.class);
            assertThat(overlaps).hasValue(0);
        }
    }

    @Test
    void requestFromWithinABufferKeepsTheClockRunningAfterIt() {
        AtomicBoolean tooSlow = new AtomicBoolean();
        ByteStreams.withMinimumRate(origin.flux(), ONE_KB_AFTER_5_S, time).subscribe(new BaseSubscriber<>() {
            @Override
            protected void hookOnSubscribe(Subscription subscription) {
                request(1);
            }

            @Override
            protected void hookOnNext(DataBuffer buffer) {
                DataBufferUtils.release(buffer);
                request(1);
            }

            @Override
            protected void hookOnError(Throwable error) {
                tooSlow.set(true);
            }
        });
        origin.next(buffers.ofSize(1));
        pass(Duration.ofSeconds(6));
        assertThat(tooSlow).isTrue();
    }

    private void pass(Duration duration) {
        time.advanceTimeBy(duration);
    }
}
