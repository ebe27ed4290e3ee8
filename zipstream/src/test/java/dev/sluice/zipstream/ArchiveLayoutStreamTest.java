package dev.sluice.zipstream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.ZipException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.reactivestreams.Subscription;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.core.io.buffer.NettyDataBuffer;
import reactor.core.Disposable;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;
import reactor.test.publisher.TestPublisher;

/** How the bytes of a layout flow: when they are asked for, who frees them, and what ends them. */
class ArchiveLayoutStreamTest {

    private static final int HEADER = 30 + 1;
    private static final int PART = 100;
    private static final int PARTS = 3;
    private static final int SIZE = PARTS * PART;
    private static final int FILES = 4;

    private final TrackedBuffers buffers = new TrackedBuffers();
    private final ArchiveLayout layout = ArchiveLayout.of(IntStream.range(0, FILES)
            .mapToObj(i -> new EntryHeader("" + i, SIZE, i, Instant.EPOCH))
            .toList());
    private final List<ArchiveSegment.Payload> asked = Collections.synchronizedList(new ArrayList<>());

    @AfterEach
    void nothingLeaks() {
        buffers.assertAllReleased();
    }

    @Test
    void payloadBuffersAreHandedOnAsTheyAre() {
        List<DataBuffer> payload = List.of(buffers.ofSize(PART), buffers.ofSize(2 * PART));
        List<DataBuffer> received = new ArrayList<>();

        StepVerifier.create(layout.bytes(HEADER - 1, 1 + SIZE + HEADER, part -> Flux.fromIterable(payload), buffers))
                .recordWith(() -> received)
                .expectNextCount(4)
                .verifyComplete();

        assertThat(received.get(1)).isSameAs(payload.get(0));
        assertThat(received.get(2)).isSameAs(payload.get(1));
        assertThat(received)
                .allSatisfy(buffer -> assertThat(
                                ((NettyDataBuffer) buffer).getNativeBuffer().isDirect())
                        .isTrue());
        received.forEach(DataBufferUtils::release);
    }

    @Test
    void payloadIsAskedForInItsTurnAndOnlyWhenABufferIsWanted() {
        StepVerifier.create(layout.bytes(0, layout.length(), this::zeros, buffers), 0)
                .thenAwait()
                .then(() -> assertThat(buffers.allocatedCount()).isZero())
                .thenRequest(1)
                .consumeNextWith(DataBufferUtils::release)
                .then(() -> assertThat(buffers.allocatedCount()).isEqualTo(1))
                .then(() -> assertThat(asked).isEmpty())
                .thenRequest(1)
                .consumeNextWith(DataBufferUtils::release)
                .then(() -> assertThat(asked).containsExactly(new ArchiveSegment.Payload(HEADER, 0, 0, SIZE)))
                .thenRequest(PARTS)
                .consumeNextWith(DataBufferUtils::release)
                .consumeNextWith(DataBufferUtils::release)
                .consumeNextWith(DataBufferUtils::release)
                .then(() -> assertThat(asked).as("the second header is out").hasSize(1))
                .then(() -> assertThat(buffers.allocatedCount()).isEqualTo(1 + PARTS + 1))
                .thenCancel()
                .verify();
    }

    @Test
    void onlyPayloadOfTheRangeIsAskedFor() {
        long second = 2L * HEADER + SIZE;
        StepVerifier.create(layout.bytes(second + 50, SIZE - 50 + HEADER + PART, this::zeros, buffers))
                .thenConsumeWhile(buffer -> true, DataBufferUtils::release)
                .verifyComplete();

        assertThat(asked)
                .containsExactly(
                        new ArchiveSegment.Payload(second + 50, 1, 50, SIZE - 50),
                        new ArchiveSegment.Payload(second + SIZE + HEADER, 2, 0, PART));
    }

    @Test
    void headersNeedNoPayload() {
        StepVerifier.create(layout.bytes(0, HEADER, this::zeros, buffers))
                .assertNext(buffer -> assertThat(TrackedBuffers.drain(buffer)).hasSize(HEADER))
                .verifyComplete();
        StepVerifier.create(layout.bytes(5, 0, this::zeros, buffers)).verifyComplete();
        assertThat(asked).isEmpty();
    }

    @Test
    void longDirectoriesComeInPartsThatAreMadeWhenRequested() {
        ArchiveLayout many = ArchiveLayout.of(IntStream.range(0, 3_000)
                .mapToObj(i -> new EntryHeader("entry number " + i, 0, 0, Instant.EPOCH))
                .toList());
        ArchiveSegment directory = many.segments().getLast();
        List<Integer> sizes = new ArrayList<>();

        StepVerifier.create(many.bytes(directory.position(), directory.length(), this::zeros, buffers), 1)
                .consumeNextWith(buffer -> sizes.add(TrackedBuffers.drain(buffer).length))
                .then(() -> assertThat(buffers.allocatedCount()).isEqualTo(1))
                .thenRequest(Long.MAX_VALUE)
                .thenConsumeWhile(buffer -> true, buffer -> sizes.add(TrackedBuffers.drain(buffer).length))
                .verifyComplete();

        assertThat(sizes).hasSizeGreaterThan(2).allMatch(size -> size <= 64 * 1024);
        assertThat(sizes.stream().mapToLong(size -> size).sum()).isEqualTo(directory.length());
    }

    @Test
    void rangesOutsideAreRefusedAtOnce() {
        assertThatIllegalArgumentException().isThrownBy(() -> layout.bytes(1, layout.length(), this::zeros, buffers));
    }

    @Test
    void payloadThatIsTooShortIsAnError() {
        StepVerifier.create(layout.bytes(0, layout.length(), part -> buffers.many(2, PART), buffers))
                .thenConsumeWhile(buffer -> true, DataBufferUtils::release)
                .verifyErrorSatisfies(error -> assertThat(error)
                        .isInstanceOfSatisfying(EntrySizeMismatchException.class, e -> {
                            assertThat(e.name()).isEqualTo("0");
                            assertThat(e.expected()).isEqualTo(SIZE);
                            assertThat(e.actual()).isEqualTo(2 * PART);
                        }));
    }

    @Test
    void noByteTooMuchOfAPayloadGoesOut() {
        TestPublisher<DataBuffer> payload = TestPublisher.create();
        StepVerifier.create(layout.bytes(HEADER + 10, PART, part -> payload, buffers))
                .then(() -> payload.next(buffers.ofSize(PART)))
                .consumeNextWith(DataBufferUtils::release)
                .then(() -> payload.next(buffers.ofSize(1)))
                .verifyErrorMessage("entry '0': content of 101 bytes (expected: exactly 100)");
        payload.assertCancelled();
    }

    @Test
    void failingPayloadFailsTheStream() {
        Flux<DataBuffer> broken = Flux.concat(buffers.many(1, PART), Flux.error(new ZipException("reset")));
        StepVerifier.create(layout.bytes(0, layout.length(), part -> part.entry() == 1 ? broken : zeros(part), buffers))
                .thenConsumeWhile(buffer -> true, DataBufferUtils::release)
                .verifyError(ZipException.class);
        assertThat(asked).hasSize(1);
    }

    @Test
    void payloadThatCannotEvenBeAskedForFailsTheStream() {
        StepVerifier.create(layout.bytes(
                        0,
                        layout.length(),
                        part -> {
                            throw new IllegalStateException("no such object");
                        },
                        buffers))
                .consumeNextWith(DataBufferUtils::release)
                .verifyErrorMessage("no such object");
    }

    @Test
    void cancellationAtEveryBufferFreesEverything() {
        int inAll = FILES * (1 + PARTS) + 1;
        for (int after = 1; after <= inAll; after++) {
            AtomicInteger reading = new AtomicInteger();
            List<DataBuffer> received = new ArrayList<>();
            ByHand client = new ByHand(received);
            layout.bytes(
                            0,
                            layout.length(),
                            part -> Flux.using(
                                    reading::incrementAndGet,
                                    opened -> zeros(part),
                                    opened -> reading.decrementAndGet()),
                            buffers)
                    .subscribe(client);
            client.request(after);
            client.cancel();

            assertThat(received).hasSize(after);
            assertThat(reading).hasValue(0);
            received.forEach(DataBufferUtils::release);
            buffers.assertAllReleased();
        }
    }

    static Stream<UnaryOperator<Flux<DataBuffer>>> threads() {
        return Stream.of(
                UnaryOperator.identity(),
                content -> content.subscribeOn(Schedulers.parallel()),
                content -> content.publishOn(Schedulers.immediate(), 2));
    }

    @ParameterizedTest
    @MethodSource("threads")
    void cancellationAtAnyMomentFreesEverything(UnaryOperator<Flux<DataBuffer>> how) {
        Random random = new Random(42);
        AtomicInteger received = new AtomicInteger();
        AtomicInteger reading = new AtomicInteger();
        for (int round = 0; round < 5_000; round++) {
            Disposable client = layout.bytes(
                            0,
                            layout.length(),
                            part -> Flux.using(
                                    reading::incrementAndGet,
                                    opened -> how.apply(zeros(part)),
                                    opened -> reading.decrementAndGet()),
                            buffers)
                    .subscribeOn(Schedulers.parallel())
                    .subscribe(buffer -> {
                        received.incrementAndGet();
                        DataBufferUtils.release(buffer);
                    });
            for (int spin = random.nextInt(4_000); spin > 0; spin--) {
                Thread.onSpinWait();
            }
            client.dispose();
        }

        TrackedBuffers.eventually(() -> assertThat(reading).hasValue(0));
        buffers.assertAllReleased();
        assertThat(received).as("buffers before the cancellations").hasPositiveValue();
    }

    private Flux<DataBuffer> zeros(ArchiveSegment.Payload part) {
        asked.add(part);
        int whole = (int) part.length() / PART;
        int rest = (int) part.length() % PART;
        return Flux.concat(buffers.many(whole, PART), rest == 0 ? Flux.empty() : buffers.many(1, rest));
    }

    /** Requests only when told to. */
    private static final class ByHand extends BaseSubscriber<DataBuffer> {

        private final List<DataBuffer> received;

        ByHand(List<DataBuffer> received) {
            this.received = received;
        }

        @Override
        protected void hookOnSubscribe(Subscription subscription) {}

        @Override
        protected void hookOnNext(DataBuffer buffer) {
            received.add(buffer);
        }
    }
}
