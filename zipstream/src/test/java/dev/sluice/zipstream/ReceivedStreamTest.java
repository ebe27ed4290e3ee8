package dev.sluice.zipstream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import reactor.core.publisher.Flux;
import reactor.test.StepVerifier;
import reactor.test.publisher.TestPublisher;
import reactor.test.scheduler.VirtualTimeScheduler;

/** {@link ByteStreams#received}: totals, cap and minimum rate in one. */
class ReceivedStreamTest {

    private static final MinimumRate ONE_KB_AFTER_5_S = new MinimumRate(1024, Duration.ofSeconds(5));

    private final TrackedBuffers buffers = new TrackedBuffers();
    private final VirtualTimeScheduler time = VirtualTimeScheduler.create();
    private final TestPublisher<DataBuffer> origin = TestPublisher.create();
    private final BodyTotals totals = new BodyTotals();

    @AfterEach
    void nothingLeaks() {
        buffers.assertAllReleased();
        time.dispose();
    }

    private Flux<DataBuffer> received(long maxBytes) {
        return ByteStreams.received(origin.flux(), totals, maxBytes, ONE_KB_AFTER_5_S, time);
    }

    @Test
    void totalsAreThereBeforeTheBufferIsHandedOn() {
        StepVerifier.create(received(8))
                .then(() -> origin.next(buffers.ofSize(5)))
                .consumeNextWith(buffer -> {
                    assertThat(totals.bytes()).isEqualTo(5);
                    DataBufferUtils.release(buffer);
                })
                .then(() -> origin.next(buffers.ofSize(3)))
                .consumeNextWith(DataBufferUtils::release)
                .then(origin::complete)
                .verifyComplete();
        assertThat(totals.bytes()).isEqualTo(8);
    }

    @Test
    void bufferBeyondTheCapIsReleasedAndUpstreamCancelled() {
        StepVerifier.create(received(8))
                .then(() -> origin.next(buffers.ofSize(8)))
                .consumeNextWith(DataBufferUtils::release)
                .then(() -> origin.next(buffers.ofSize(1)))
                .verifyErrorSatisfies(error -> assertThat(error)
                        .isInstanceOf(ByteLimitExceededException.class)
                        .hasMessageContaining("8"));
        origin.assertCancelled();
        assertThat(totals.bytes()).isEqualTo(8);
    }

    @Test
    void capIsOnAllPartsOfABodyTogether() {
        StepVerifier.create(received(8))
                .then(() -> origin.next(buffers.ofSize(6)))
                .consumeNextWith(DataBufferUtils::release)
                .then(origin::complete)
                .verifyComplete();

        Flux<DataBuffer> rest = Flux.defer(() -> Flux.just(buffers.ofSize(3)));
        StepVerifier.create(ByteStreams.received(rest, totals, 8, ONE_KB_AFTER_5_S, time))
                .verifyError(ByteLimitExceededException.class);
    }

    @Test
    void upstreamThatSendsTooLittleEndsIt() {
        StepVerifier.create(received(1 << 20))
                .then(() -> time.advanceTimeBy(Duration.ofSeconds(5)))
                .verifyError(BodyTooSlowException.class);
        origin.assertCancelled();
    }

    @Test
    void bufferAfterTheEndIsReleasedAndNotCounted() {
        TestPublisher<DataBuffer> rude = TestPublisher.createNoncompliant(TestPublisher.Violation.CLEANUP_ON_TERMINATE);
        StepVerifier.create(ByteStreams.received(rude.flux(), totals, 8, ONE_KB_AFTER_5_S, time))
                .then(() -> time.advanceTimeBy(Duration.ofSeconds(5)))
                .then(() -> rude.next(buffers.ofSize(4)))
                .verifyError(BodyTooSlowException.class);
        assertThat(totals.bytes()).isZero();
    }

    @Test
    void negativeCapIsRefusedAtOnce() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> received(-1))
                .withMessage("maxBytes: -1 (expected: 0 or more)");
    }
}
