package dev.sluice.zipstream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.tuple;

import java.io.ByteArrayOutputStream;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.zip.ZipException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.reactivestreams.Subscription;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.core.io.buffer.NettyDataBuffer;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

class ZipStreamTest {

    private final TrackedBuffers buffers = new TrackedBuffers();
    private final TestEntries entries = new TestEntries(buffers);

    @AfterEach
    void nothingLeaks() {
        buffers.assertAllReleased();
        entries.assertAllDiscardedOrRead();
    }

    @Test
    void everyReaderFindsWhatWasPutIn() {
        byte[] archive = archive(Flux.just(
                entries.entry("cat.jpg", 100_000),
                entries.entry("empty.png", 0),
                entries.entry("one byte.gif", 1),
                entries.entry("dir/\u00FCber \u732B \uD83D\uDE00.webp", 65_536)));

        assertThat(ArchiveReaders.readAll(archive))
                .extracting(ArchiveReaders.Found::name, ArchiveReaders.Found::size)
                .containsExactly(
                        tuple("cat.jpg", 100_000L),
                        tuple("empty.png", 0L),
                        tuple("one byte.gif", 1L),
                        tuple("dir/\u00FCber \u732B \uD83D\uDE00.webp", 65_536L));
    }

    @Test
    void noEntriesMakeAnEmptyArchive() {
        byte[] archive = archive(Flux.empty());
        assertThat(archive).hasSize(22);
        assertThat(ArchiveReaders.readAll(archive)).isEmpty();
    }

    @Test
    void payloadBuffersAreTheVeryOnesOfTheContent() {
        DataBuffer first = buffers.of("pay");
        DataBuffer second = buffers.of("load");
        List<DataBuffer> received = new ArrayList<>();

        StepVerifier.create(ZipStream.of(Flux.just(entries.of("a.txt", "payload", Flux.just(first, second))), buffers))
                .recordWith(() -> received)
                .expectNextCount(4)
                .verifyComplete();

        assertThat(received.get(1)).isSameAs(first);
        assertThat(received.get(2)).isSameAs(second);
        assertThat(received)
                .allSatisfy(buffer -> assertThat(
                                ((NettyDataBuffer) buffer).getNativeBuffer().isDirect())
                        .isTrue());
        received.forEach(DataBufferUtils::release);
    }

    @Test
    void entriesAndBuffersAreMadeOnlyWhenRequested() {
        List<Long> entriesRequested = new ArrayList<>();
        Flux<ArchiveEntry> source = Flux.range(0, 10)
                .map(i -> entries.entry(i + ".jpg", 3 * TestEntries.BUFFER))
                .doOnRequest(entriesRequested::add);

        StepVerifier.create(ZipStream.of(source, buffers), 0)
                .thenAwait()
                .then(() -> assertThat(buffers.allocatedCount()).isZero())
                .thenRequest(1)
                .consumeNextWith(DataBufferUtils::release)
                .then(() ->
                        assertThat(buffers.allocatedCount()).as("the header").isEqualTo(1))
                .thenRequest(2)
                .consumeNextWith(DataBufferUtils::release)
                .consumeNextWith(DataBufferUtils::release)
                .then(() -> assertThat(buffers.allocatedCount()).isEqualTo(3))
                .then(() -> assertThat(entries.made()).isEqualTo(1))
                .thenRequest(2)
                .consumeNextWith(DataBufferUtils::release)
                .consumeNextWith(DataBufferUtils::release)
                .then(() -> assertThat(entries.made()).isEqualTo(2))
                .thenCancel()
                .verify();

        assertThat(entriesRequested).containsExactly(1L, 1L);
    }

    @Test
    void failingContentFailsTheArchive() {
        Flux<DataBuffer> broken =
                Flux.concat(Flux.defer(() -> Flux.just(buffers.ofSize(5))), Flux.error(new ZipException("reset")));
        Flux<ArchiveEntry> source = Flux.just("a.jpg", "b.jpg", "c.jpg")
                .map(name -> name.equals("b.jpg") ? entries.of(name, "0123456789", broken) : entries.entry(name, 10));

        ByteArrayOutputStream received = new ByteArrayOutputStream();
        StepVerifier.create(ZipStream.of(source, buffers))
                .thenConsumeWhile(buffer -> true, buffer -> received.writeBytes(TrackedBuffers.drain(buffer)))
                .verifyError(ZipException.class);

        assertNoArchive(received.toByteArray());
    }

    @Test
    void failingEntriesFailTheArchive() {
        Flux<ArchiveEntry> source = Flux.concat(
                Flux.defer(() -> Flux.just(entries.entry("a.jpg", 10))),
                Flux.error(new IllegalStateException("image 15")));

        ByteArrayOutputStream received = new ByteArrayOutputStream();
        StepVerifier.create(ZipStream.of(source, buffers))
                .thenConsumeWhile(buffer -> true, buffer -> received.writeBytes(TrackedBuffers.drain(buffer)))
                .verifyErrorMessage("image 15");

        assertNoArchive(received.toByteArray());
    }

    @Test
    void contentLongerThanItsSizeIsAnError() {
        Flux<ArchiveEntry> source =
                Flux.just(entries.of("a.txt", "payload", Flux.just(buffers.of("pay"), buffers.of("loads"))));

        StepVerifier.create(ZipStream.of(source, buffers))
                .thenConsumeWhile(buffer -> true, DataBufferUtils::release)
                .verifyErrorSatisfies(error -> assertThat(error)
                        .isInstanceOfSatisfying(EntrySizeMismatchException.class, e -> {
                            assertThat(e.name()).isEqualTo("a.txt");
                            assertThat(e.expected()).isEqualTo(7);
                            assertThat(e.actual()).isEqualTo(8);
                        }));
    }

    @Test
    void contentShorterThanItsSizeIsAnError() {
        Flux<ArchiveEntry> source = Flux.just(entries.of("a.txt", "payload", Flux.just(buffers.of("pay"))));

        StepVerifier.create(ZipStream.of(source, buffers))
                .thenConsumeWhile(buffer -> true, DataBufferUtils::release)
                .verifyErrorMessage("entry 'a.txt': content of 3 bytes (expected: exactly 7)");
    }

    @Test
    void theSameNameTwiceIsAnError() {
        Flux<ArchiveEntry> source = Flux.defer(() -> Flux.just(entries.entry("a.jpg", 10), entries.entry("a.jpg", 20)));

        StepVerifier.create(ZipStream.of(source, buffers))
                .thenConsumeWhile(buffer -> true, DataBufferUtils::release)
                .verifyErrorMessage("name: 'a.jpg' twice in one archive");
    }

    @Test
    void cancellationAtEveryBufferFreesEverything() {
        int inAll = 4 * (1 + 3) + 1;
        for (int after = 1; after < inAll; after++) {
            Flux<ArchiveEntry> source = Flux.range(0, 4).map(i -> entries.entry(i + ".jpg", 3 * TestEntries.BUFFER));
            List<DataBuffer> received = new ArrayList<>();
            BaseSubscriber<DataBuffer> client = new ByHand(received::add);
            ZipStream.of(source, buffers).subscribe(client);
            client.request(after);
            client.cancel();

            assertThat(received).hasSize(after);
            received.forEach(DataBufferUtils::release);
            buffers.assertAllReleased();
            entries.assertAllDiscardedOrRead();
        }
    }

    @Test
    void cancellationDiscardsEntriesQueuedUpstream() {
        List<ArchiveEntry> ready = List.of(entries.entry("a", 9), entries.entry("b", 9), entries.entry("c", 9));
        Flux<ArchiveEntry> queued = Flux.fromIterable(ready).publishOn(Schedulers.immediate(), 3);

        StepVerifier.create(ZipStream.of(queued, buffers), 1)
                .consumeNextWith(DataBufferUtils::release)
                .thenCancel()
                .verify();

        assertThat(entries.discarded()).isEqualTo(3);
    }

    @Test
    void timesAreUtcInTwoSecondSteps() {
        assertThat(DosTime.of(Instant.parse("2026-03-29T02:30:59Z"))).isEqualTo(0x5C7D_13DD);
        assertThat(DosTime.of(Instant.parse("1969-07-20T20:17:40Z"))).isEqualTo(0x0021_0000);
        assertThat(DosTime.of(Instant.MIN)).isEqualTo(0x0021_0000);
        assertThat(DosTime.of(Instant.MAX)).isEqualTo(DosTime.of(Instant.parse("2107-12-31T23:59:59Z")));
    }

    private byte[] archive(Flux<ArchiveEntry> source) {
        ByteArrayOutputStream archive = new ByteArrayOutputStream();
        StepVerifier.create(ZipStream.of(source, buffers))
                .thenConsumeWhile(buffer -> true, buffer -> archive.writeBytes(TrackedBuffers.drain(buffer)))
                .verifyComplete();
        return archive.toByteArray();
    }

    private static void assertNoArchive(byte[] bytes) {
        assertThatExceptionOfType(AssertionError.class).isThrownBy(() -> ArchiveReaders.readAll(bytes));
    }

    /** Requests only when told to. */
    private static final class ByHand extends BaseSubscriber<DataBuffer> {

        private final Consumer<DataBuffer> consumer;

        ByHand(Consumer<DataBuffer> consumer) {
            this.consumer = consumer;
        }

        @Override
        protected void hookOnSubscribe(Subscription subscription) {}

        @Override
        protected void hookOnNext(DataBuffer buffer) {
            consumer.accept(buffer);
        }
    }
}
