package dev.sluice.gateway.outbound.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.gateway.outbound.storage.StorageException.Kind;
import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.NoLeaks;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

/** What every store does. */
@ExtendWith(NoLeaks.class)
abstract class ObjectStoreContract {
    static final Duration SOON = Duration.ofSeconds(30);
    static final String TYPE = "image/png";
    private static final ObjectKey KEY = new ObjectKey("images/2026/11/21/picture.png");

    /** An empty store; the same one for all calls of a test. */
    abstract ObjectStore store();

    /** The same, after somebody has taken the place of all its objects away. */
    abstract ObjectStore withoutItsPlace();

    @ParameterizedTest
    @CsvSource({"0", "1", "9999", "10000", "1000003"})
    void whatIsPutIsReadBack(int length) {
        byte[] bytes = Bodies.random(length);
        Instant before = Instant.now().minusSeconds(5);

        StoredObject put = put(KEY, bytes, Map.of("owner", "alice", "note", "a: b c"));

        assertThat(put.key()).isEqualTo(KEY);
        assertThat(put.length()).isEqualTo(length);
        assertThat(put.contentType()).isEqualTo(TYPE);
        assertThat(put.metadata()).isEqualTo(Map.of("owner", "alice", "note", "a: b c"));
        assertThat(put.lastModified()).isBetween(before, Instant.now().plusSeconds(5));
        StoredObject known = store().stat(KEY).block(SOON);
        assertThat(known).isNotNull();
        assertThat(known)
                .usingRecursiveComparison()
                .ignoringFields("lastModified")
                .isEqualTo(put);
        assertThat(known.lastModified()).isBetween(before, Instant.now().plusSeconds(5));
        assertThat(content(KEY).object()).isEqualTo(known);
        assertThat(read(content(KEY).bytes())).isEqualTo(bytes);
        assertThat(read(content(KEY).bytes())).isEqualTo(bytes);
    }

    @ParameterizedTest
    @CsvSource({"0,1", "0,300000", "299999,1", "65536,65536", "1,299998", "123456,70000", "300000,0", "5,0"})
    void rangeIsExactlyThoseBytes(int position, int count) {
        byte[] bytes = Bodies.random(300_000);
        put(KEY, bytes, Map.of());

        assertThat(read(content(KEY).bytes(position, count)))
                .isEqualTo(Arrays.copyOfRange(bytes, position, position + count));
    }

    @ParameterizedTest
    @CsvSource({"0,101", "100,1", "101,0", "-1,5", "5,-1", "1,9223372036854775807"})
    void rangeOutsideTheObjectIsRefusedAtOnce(long position, long count) {
        put(KEY, Bodies.random(100), Map.of());
        ObjectContent content = content(KEY);

        assertThatThrownBy(() -> content.bytes(position, count)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void whatIsNotThereIsEmptyAndCanBeDeleted() {
        StepVerifier.create(store().stat(KEY)).verifyComplete();
        StepVerifier.create(store().open(KEY)).verifyComplete();
        StepVerifier.create(store().delete(KEY)).verifyComplete();
        StepVerifier.create(store().list("")).verifyComplete();
    }

    /** Else everything would be taken for deleted. */
    @Test
    void storeThatIsNotThereIsNotAnEmptyOne() {
        ObjectStore nowhere = withoutItsPlace();

        for (Mono<?> call : new Mono<?>[] {
            nowhere.stat(KEY),
            nowhere.open(KEY),
            nowhere.delete(KEY),
            nowhere.list("").then(),
            nowhere.list("t/").then(),
            nowhere.put(KEY, new NewObject(TYPE, 10), Bodies.of(Bodies.random(10)))
        }) {
            StepVerifier.create(call)
                    .expectErrorSatisfies(error -> assertThat(((StorageException) error).kind())
                            .as(error.toString())
                            .isEqualTo(Kind.MISSING))
                    .verify(SOON);
        }
    }

    @Test
    void deletedObjectIsGone() {
        put(KEY, Bodies.random(1000), Map.of());
        ObjectContent opened = content(KEY);

        store().delete(KEY).block(SOON);

        assertThat(store().stat(KEY).block(SOON)).isNull();
        assertThat(store().open(KEY).block(SOON)).isNull();
        assertThat(keys("")).isEmpty();
        StepVerifier.create(opened.bytes()).expectErrorSatisfies(is(Kind.GONE)).verify(SOON);
        store().delete(KEY).block(SOON);
    }

    @Test
    void objectIsNeverReplaced() {
        byte[] bytes = Bodies.random(1000);
        put(KEY, bytes, Map.of("owner", "alice"));

        StepVerifier.create(store().put(KEY, new NewObject("image/gif", 5), Bodies.of(Bodies.random(5))))
                .expectErrorSatisfies(is(Kind.EXISTS))
                .verify(SOON);

        assertThat(read(content(KEY).bytes())).isEqualTo(bytes);
        assertThat(content(KEY).object().contentType()).isEqualTo(TYPE);
        assertThat(content(KEY).object().metadata()).isEqualTo(Map.of("owner", "alice"));
    }

    @Test
    void oneOfManyPutsOfOneKeyWins() {
        List<Integer> lengths = List.of(30_001, 30_002, 30_003, 30_004, 30_005, 30_006);
        List<Integer> won = Flux.fromIterable(lengths)
                .flatMap(
                        length -> store().put(KEY, new NewObject(TYPE, length), Bodies.of(Bodies.random(length)))
                                .map(stored -> length)
                                .onErrorResume(StorageException.class, failure -> {
                                    assertThat(failure.kind()).isIn(Kind.EXISTS, Kind.UNAVAILABLE);
                                    return Mono.empty();
                                }),
                        lengths.size())
                .collectList()
                .block(SOON);

        assertThat(won).hasSize(1);
        assertThat(read(content(KEY).bytes())).isEqualTo(Bodies.random(won.getFirst()));
    }

    @ParameterizedTest
    @CsvSource({"100000,99999", "100000,0", "100000,100001", "0,1", "100000,250000"})
    void bodyOfAnotherLengthLeavesNothing(int announced, int length) {
        StepVerifier.create(store().put(KEY, new NewObject(TYPE, announced), Bodies.of(Bodies.random(length))))
                .expectErrorSatisfies(is(Kind.LENGTH_MISMATCH))
                .verify(SOON);

        assertNothingIsThere();
    }

    @Test
    void failureOfTheBodyPassesThroughAndLeavesNothing() {
        byte[] bytes = Bodies.random(200_000);
        RuntimeException fault = new UncheckedIOException("origin", new IOException("broke off"));

        StepVerifier.create(store().put(
                                KEY,
                                new NewObject(TYPE, bytes.length),
                                Bodies.of(bytes).take(15).concatWith(Mono.error(fault))))
                .expectErrorSatisfies(error -> assertThat(error).isSameAs(fault))
                .verify(SOON);

        assertNothingIsThere();
    }

    @ParameterizedTest
    @CsvSource({"0", "1", "7", "20"})
    void putThatIsCancelledLeavesNothing(int chunks) {
        byte[] bytes = Bodies.random(300_000);
        Sinks.Empty<Void> reached = Sinks.empty();
        Sinks.Empty<Void> ended = Sinks.empty();
        Flux<DataBuffer> body = Bodies.of(bytes)
                .take(chunks)
                .concatWith(Flux.<DataBuffer>never().doOnSubscribe(s -> reached.tryEmitEmpty()))
                .doOnCancel(ended::tryEmitEmpty);

        Disposable put =
                store().put(KEY, new NewObject(TYPE, bytes.length), body).subscribe();
        reached.asMono().block(SOON);
        put.dispose();

        ended.asMono().block(SOON);
        assertNothingIsThere();
    }

    @Test
    void putsCancelledAtAnyMomentLeaveNoHalfObject() {
        byte[] bytes = Bodies.random(60_000);
        for (int i = 0; i < 60; i++) {
            ObjectKey key = new ObjectKey("cancelled/" + i);
            Disposable put = store().put(key, new NewObject(TYPE, bytes.length), Bodies.of(bytes))
                    .subscribe(stored -> {}, error -> {});
            long end = System.nanoTime() + i * 100_000L;
            while (System.nanoTime() < end) {
                Thread.onSpinWait();
            }
            put.dispose();
        }

        for (ObjectKey key : keys("cancelled/")) {
            // The last of them may be taken back between listing and opening.
            store().open(key)
                    .blockOptional(SOON)
                    .ifPresent(content -> assertThat(read(content.bytes())).isEqualTo(bytes));
        }
    }

    @Test
    void unfinishedPutIsInvisible() {
        byte[] bytes = Bodies.random(200_000);
        Sinks.Empty<Void> half = Sinks.empty();
        Sinks.Empty<Void> goOn = Sinks.empty();
        Flux<DataBuffer> body = Bodies.of(bytes).take(10).concatWith(Flux.defer(() -> {
            half.tryEmitEmpty();
            return goOn.asMono()
                    .thenMany(Bodies.of(bytes).skip(10).doOnDiscard(DataBuffer.class, DataBufferUtils::release));
        }));
        Mono<StoredObject> put =
                store().put(KEY, new NewObject(TYPE, bytes.length), body).cache();
        Disposable running = put.subscribe();
        half.asMono().block(SOON);

        assertThat(store().stat(KEY).block(SOON)).isNull();
        assertThat(store().open(KEY).block(SOON)).isNull();
        assertThat(keys("")).doesNotContain(KEY);

        goOn.tryEmitEmpty();
        assertThat(put.block(SOON)).isNotNull();
        assertThat(read(content(KEY).bytes())).isEqualTo(bytes);
        running.dispose();
    }

    @Test
    void nothingHappensBeforeSubscriptionAndABodyIsSubscribedToOnce() {
        AtomicInteger subscriptions = new AtomicInteger();
        byte[] bytes = Bodies.random(100);
        Mono<StoredObject> put = store().put(
                        KEY,
                        new NewObject(TYPE, 100),
                        Bodies.of(bytes).doOnSubscribe(s -> subscriptions.incrementAndGet()));

        assertThat(subscriptions).hasValue(0);
        put.block(SOON);
        assertThat(subscriptions).hasValue(1);
    }

    @Test
    void bytesComeAsTheyAreAskedForAndStopWhenCancelled() {
        byte[] bytes = Bodies.random(5_000_000);
        put(KEY, bytes, Map.of());
        List<byte[]> received = new ArrayList<>();

        StepVerifier.create(content(KEY).bytes(), 0)
                .expectSubscription()
                .thenRequest(1)
                .consumeNextWith(buffer -> received.add(Bodies.take(buffer)))
                .thenRequest(2)
                .consumeNextWith(buffer -> received.add(Bodies.take(buffer)))
                .consumeNextWith(buffer -> received.add(Bodies.take(buffer)))
                .thenCancel()
                .verify(SOON);

        int count = received.stream().mapToInt(part -> part.length).sum();
        assertThat(count).isBetween(3, 1_000_000);
        assertThat(concat(received)).isEqualTo(Arrays.copyOf(bytes, count));
    }

    @Test
    void downloadThatHasBegunOutlivesItsObject() {
        byte[] bytes = Bodies.random(3_000_000);
        put(KEY, bytes, Map.of());
        List<byte[]> received = new ArrayList<>();

        StepVerifier.create(content(KEY).bytes(), 0)
                .thenRequest(1)
                .consumeNextWith(buffer -> received.add(Bodies.take(buffer)))
                .then(() -> store().delete(KEY).block(SOON))
                .thenRequest(Long.MAX_VALUE)
                .thenConsumeWhile(buffer -> true, buffer -> received.add(Bodies.take(buffer)))
                .expectComplete()
                .verify(SOON);

        assertThat(concat(received)).isEqualTo(bytes);
    }

    @Test
    void keysAreListedInTheirOrderByPrefix() {
        List<String> keys = List.of(
                "a-b/x",
                "a.b/x",
                "a/b",
                "a/b.c",
                "a/c/d",
                "a0",
                "A",
                "images/1",
                "images/10",
                "images/2",
                "t/0123/images/1");
        Flux.fromIterable(keys)
                .concatMap(key -> store().put(new ObjectKey(key), new NewObject(TYPE, 3), Bodies.of(new byte[3])))
                .blockLast(SOON);

        for (String prefix :
                List.of("", "a", "a/", "a/b", "a/b/", "a/c/", "images/1", "images", "t/", "u", "images/1/")) {
            assertThat(keys(prefix).stream().map(ObjectKey::value))
                    .as("prefix '%s'", prefix)
                    .containsExactlyElementsOf(keys.stream()
                            .filter(key -> key.startsWith(prefix))
                            .sorted()
                            .toList());
        }
        ObjectStore.Summary first = store().list("images/").blockFirst(SOON);
        assertThat(first).isNotNull();
        assertThat(first.length()).isEqualTo(3);
        assertThat(first.lastModified()).isAfter(Instant.now().minusSeconds(60));
    }

    @Test
    void thousandsOfObjectsAreListedPageByPage() {
        List<ObjectKey> keys = Stream.iterate(1, i -> i <= 2500, i -> i + 1)
                .map(i -> new ObjectKey("images/2026/11/%02d/%04d.png".formatted(i % 28 + 1, i)))
                .sorted()
                .toList();
        Flux.fromIterable(keys)
                .flatMap(key -> store().put(key, new NewObject(TYPE, 1), Bodies.of(new byte[1])), 8)
                .blockLast(Duration.ofMinutes(2));

        assertThat(keys("images/")).isEqualTo(keys);
        assertThat(store().list("")
                        .take(3)
                        .map(ObjectStore.Summary::key)
                        .collectList()
                        .block(SOON))
                .isEqualTo(keys.subList(0, 3));
        StepVerifier.create(store().list(""), 0)
                .thenRequest(1001)
                .expectNextCount(1001)
                .thenCancel()
                .verify(SOON);
    }

    @Test
    void threadThatMustNotBlockIsNotBlocked() {
        byte[] bytes = Bodies.random(100_000);
        // A wait on one of these threads is an error of Reactor's.
        byte[] read = Mono.defer(() -> store().put(KEY, new NewObject(TYPE, bytes.length), Bodies.of(bytes)))
                .then(Mono.defer(() -> store().open(KEY)))
                .publishOn(Schedulers.parallel())
                .flatMap(content -> Bodies.join(content.bytes()))
                .publishOn(Schedulers.parallel())
                .delayUntil(all -> store().list("").then())
                .delayUntil(all -> store().delete(KEY))
                .subscribeOn(Schedulers.parallel())
                .block(SOON);

        assertThat(read).isEqualTo(bytes);
    }

    final StoredObject put(ObjectKey key, byte[] bytes, Map<String, String> metadata) {
        StoredObject stored = store().put(key, new NewObject(TYPE, bytes.length, metadata), Bodies.of(bytes))
                .block(SOON);
        assertThat(stored).isNotNull();
        return stored;
    }

    final ObjectContent content(ObjectKey key) {
        ObjectContent content = store().open(key).block(SOON);
        assertThat(content).isNotNull();
        return content;
    }

    final List<ObjectKey> keys(String prefix) {
        List<ObjectKey> keys =
                store().list(prefix).map(ObjectStore.Summary::key).collectList().block(SOON);
        assertThat(keys).isNotNull();
        return keys;
    }

    static byte[] read(Flux<DataBuffer> body) {
        byte[] bytes = Bodies.join(body).block(SOON);
        assertThat(bytes).isNotNull();
        return bytes;
    }

    static Consumer<Throwable> is(Kind kind) {
        return error -> {
            assertThat(error).isInstanceOf(StorageException.class).hasMessageContaining(KEY.value());
            assertThat(((StorageException) error).kind()).isEqualTo(kind);
        };
    }

    /** At once, and also a moment later. */
    private void assertNothingIsThere() {
        Await.until(SOON, "what was left is removed", this::isTidy);
        assertThat(store().stat(KEY).block(SOON)).isNull();
        assertThat(keys("")).isEmpty();
        put(KEY, Bodies.random(10), Map.of());
    }

    /** Whether the store keeps nothing of puts that have ended. */
    boolean isTidy() {
        return true;
    }

    private static byte[] concat(List<byte[]> parts) {
        return read(Flux.fromIterable(parts).map(Bodies::buffer));
    }
}
