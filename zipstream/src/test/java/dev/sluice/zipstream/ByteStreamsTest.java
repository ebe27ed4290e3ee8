package dev.sluice.zipstream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;
import reactor.test.publisher.TestPublisher;

class ByteStreamsTest {

    private final TrackedBuffers buffers = new TrackedBuffers();

    @AfterEach
    void nothingLeaks() {
        buffers.assertAllReleased();
    }

    /** Every operator that looks at buffers, set so that it lets all pass. */
    static Stream<UnaryOperator<Flux<DataBuffer>>> operators() {
        return Stream.of(
                source -> ByteStreams.counting(source, bytes -> {}),
                source -> ByteStreams.capped(source, Long.MAX_VALUE),
                source -> ByteStreams.totalled(source, new BodyTotals()),
                source -> ByteStreams.received(
                        source,
                        new BodyTotals(),
                        Long.MAX_VALUE,
                        new MinimumRate(1, Duration.ofHours(1)),
                        Schedulers.parallel()));
    }

    @ParameterizedTest
    @MethodSource("operators")
    void theSameBuffersPassInOrder(UnaryOperator<Flux<DataBuffer>> operator) {
        List<DataBuffer> sent = List.of(buffers.of("a"), buffers.of("bc"), buffers.ofSize(0));

        List<DataBuffer> received = new ArrayList<>();
        StepVerifier.create(operator.apply(Flux.fromIterable(sent)))
                .recordWith(() -> received)
                .expectNextCount(3)
                .verifyComplete();

        assertThat(received).usingElementComparator((a, b) -> a == b ? 0 : 1).isEqualTo(sent);
        received.forEach(DataBufferUtils::release);
    }

    @ParameterizedTest
    @MethodSource("operators")
    void demandGoesUpUnchanged(UnaryOperator<Flux<DataBuffer>> operator) {
        List<Long> requested = new ArrayList<>();
        StepVerifier.create(operator.apply(buffers.many(10, 8).doOnRequest(requested::add)), 0)
                .thenRequest(3)
                .consumeNextWith(DataBufferUtils::release)
                .consumeNextWith(DataBufferUtils::release)
                .consumeNextWith(DataBufferUtils::release)
                .thenRequest(1)
                .consumeNextWith(DataBufferUtils::release)
                .thenCancel()
                .verify();

        assertThat(requested).containsExactly(3L, 1L);
        assertThat(buffers.allocatedCount()).isEqualTo(4);
    }

    @ParameterizedTest
    @MethodSource("operators")
    void cancellationGoesUp(UnaryOperator<Flux<DataBuffer>> operator) {
        TestPublisher<DataBuffer> source = TestPublisher.create();
        StepVerifier.create(operator.apply(source.flux()))
                .then(() -> source.next(buffers.ofSize(5)))
                .consumeNextWith(DataBufferUtils::release)
                .thenCancel()
                .verify();

        source.assertCancelled();
    }

    @ParameterizedTest
    @MethodSource("operators")
    void errorsPassThrough(UnaryOperator<Flux<DataBuffer>> operator) {
        StepVerifier.create(
                        operator.apply(buffers.many(1, 4).concatWith(Flux.error(new IllegalStateException("reset")))))
                .consumeNextWith(DataBufferUtils::release)
                .verifyErrorMessage("reset");
    }

    @Test
    void countsReadableBytesOfEachBuffer() {
        List<Long> counts = new ArrayList<>();
        DataBuffer partlyRead = buffers.of("abcdef");
        partlyRead.readPosition(4);

        StepVerifier.create(
                        ByteStreams.counting(Flux.just(partlyRead, buffers.ofSize(0), buffers.ofSize(7)), counts::add))
                .thenConsumeWhile(buffer -> true, DataBufferUtils::release)
                .verifyComplete();

        assertThat(counts).containsExactly(2L, 0L, 7L);
    }

    @Test
    void throwingCallbackEndsTheStreamAndReleasesTheBuffer() {
        AtomicBoolean cancelled = new AtomicBoolean();
        Flux<DataBuffer> source = buffers.many(3, 10).doOnCancel(() -> cancelled.set(true));

        StepVerifier.create(ByteStreams.counting(source, bytes -> {
                    throw new IllegalStateException("no room for " + bytes);
                }))
                .verifyErrorMessage("no room for 10");

        assertThat(cancelled).isTrue();
        assertThat(buffers.allocatedCount()).isEqualTo(1);
    }

    @Test
    void capLetsExactlyItsLimitPass() {
        StepVerifier.create(ByteStreams.capped(buffers.many(4, 25), 100))
                .thenConsumeWhile(buffer -> true, DataBufferUtils::release)
                .verifyComplete();
    }

    @Test
    void capOfZeroLetsAnEmptyBodyPass() {
        StepVerifier.create(ByteStreams.capped(buffers.many(2, 0), 0))
                .thenConsumeWhile(buffer -> true, DataBufferUtils::release)
                .verifyComplete();
    }

    @Test
    void oneByteOverTheCapCancelsAtOnceAndSaysHowMuch() {
        AtomicBoolean cancelled = new AtomicBoolean();
        Flux<DataBuffer> source =
                Flux.concat(buffers.many(4, 25), buffers.many(100, 1)).doOnCancel(() -> cancelled.set(true));

        StepVerifier.create(ByteStreams.capped(source, 100))
                .thenConsumeWhile(buffer -> true, DataBufferUtils::release)
                .verifyErrorSatisfies(error -> {
                    assertThat(error).isInstanceOfSatisfying(ByteLimitExceededException.class, e -> {
                        assertThat(e.limit()).isEqualTo(100);
                        assertThat(e.count()).isEqualTo(101);
                    });
                    assertThat(cancelled).isTrue();
                });

        assertThat(buffers.allocatedCount()).isEqualTo(5);
    }

    @Test
    void buffersThatComeAfterTheCapAreReleased() {
        TestPublisher<DataBuffer> rude = TestPublisher.createNoncompliant(TestPublisher.Violation.CLEANUP_ON_TERMINATE);
        StepVerifier.create(ByteStreams.capped(rude.flux(), 3))
                .then(() -> rude.next(buffers.ofSize(4)))
                .then(() -> rude.next(buffers.ofSize(1)))
                .verifyError(ByteLimitExceededException.class);
    }

    @Test
    void eachSubscriptionIsCappedAnew() {
        Flux<DataBuffer> capped = ByteStreams.capped(buffers.many(4, 25), 100);
        for (int i = 0; i < 2; i++) {
            StepVerifier.create(capped)
                    .thenConsumeWhile(buffer -> true, DataBufferUtils::release)
                    .verifyComplete();
        }
    }

    @Test
    void negativeCapIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ByteStreams.capped(Flux.empty(), -1))
                .withMessage("maxBytes: -1 (expected: 0 or more)");
    }

    @Test
    void totalsAreThoseOfTheReadableBytesAndMoveNoPosition() {
        byte[] text = "Sluice gates let through what is counted".getBytes(StandardCharsets.UTF_8);
        DataBuffer first = buffers.of(new byte[] {9, 9, text[0], text[1], text[2]});
        first.readPosition(2);
        DataBuffer second = buffers.of(Arrays.copyOfRange(text, 3, text.length));
        BodyTotals totals = new BodyTotals();
        AtomicLong readable = new AtomicLong();

        StepVerifier.create(ByteStreams.totalled(Flux.just(first, second), totals))
                .thenConsumeWhile(buffer -> true, buffer -> {
                    readable.addAndGet(buffer.readableByteCount());
                    DataBufferUtils.release(buffer);
                })
                .verifyComplete();

        CRC32 expected = new CRC32();
        expected.update(text);
        assertThat(totals.crc32()).isEqualTo(expected.getValue());
        assertThat(totals.bytes()).isEqualTo(text.length);
        assertThat(readable).hasValue(text.length);
    }
}
