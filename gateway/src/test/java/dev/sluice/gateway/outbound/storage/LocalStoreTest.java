package dev.sluice.gateway.outbound.storage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.outbound.spool.ProcessDirectory;
import dev.sluice.gateway.outbound.storage.StorageException.Kind;
import dev.sluice.gateway.testing.Await;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.core.io.buffer.DataBuffer;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

class LocalStoreTest extends ObjectStoreContract {
    private static final ObjectKey KEY = new ObjectKey("images/2026/11/21/picture.png");

    @TempDir
    private Path root;

    private Scheduler disk;
    private LocalLayout directory;
    private LocalStore store;

    @BeforeEach
    void start() throws IOException {
        disk = Schedulers.newBoundedElastic(4, 1000, "disk");
        directory = LocalLayout.open(root);
        store = new LocalStore(directory, disk, Bodies.BUFFERS);
    }

    @AfterEach
    void stop() throws IOException {
        Await.until(SOON, "all steps have ended", this::isTidy);
        disk.disposeGracefully().block(SOON);
        directory.close();
    }

    @Override
    ObjectStore store() {
        return store;
    }

    /** As if its volume was not mounted any more. */
    @Override
    ObjectStore withoutItsPlace() {
        try {
            Files.delete(root.resolve("objects"));
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
        StepVerifier.create(store.probe()).expectError(StorageException.class).verify(SOON);
        return store;
    }

    @Override
    boolean isTidy() {
        return filesBelow(root.resolve("work")).stream().allMatch(file -> file.endsWith("lock"));
    }

    @Test
    void objectIsAPlainFile() throws IOException {
        byte[] bytes = Bodies.random(1000);
        put(KEY, bytes, Map.of("owner", "alice"));

        Path file = content(KEY).file();

        assertThat(file).isNotNull().startsWith(root.toRealPath());
        assertThat(Files.readAllBytes(file)).isEqualTo(bytes);
        assertThat(file.resolveSibling("about")).hasContent("image/png\nowner: alice\n");
    }

    @Test
    void oneKeyMayBeginWithAnother() {
        List<ObjectKey> keys =
                Stream.of("a", "a-b", "a/b", "a/b/c", "ab").map(ObjectKey::new).toList();
        keys.reversed().forEach(key -> put(key, key.value().getBytes(StandardCharsets.US_ASCII), Map.of()));

        assertThat(keys("")).isEqualTo(keys);
        assertThat(keys)
                .allSatisfy(
                        key -> assertThat(read(content(key).bytes())).asString().isEqualTo(key.value()));
        store.delete(keys.getFirst()).block(SOON);
        assertThat(keys("a/")).hasSize(2);
    }

    /** Cancelled between the store's request for a buffer and its arrival, again and again. */
    @Test
    void bufferThatComesAsThePutIsCancelledIsReleased() {
        Scheduler source = Schedulers.newSingle("source");
        for (int i = 0; i < 500; i++) {
            ObjectKey key = new ObjectKey("raced/" + i);
            Sinks.Empty<Void> reached = Sinks.empty();
            Flux<DataBuffer> body = Flux.range(0, 100)
                    .publishOn(source, 1)
                    .map(n -> Bodies.buffer(new byte[100]))
                    .doOnNext(buffer -> reached.tryEmitEmpty());
            Disposable put = store.put(key, new NewObject(TYPE, 10_000), body).subscribe();
            reached.asMono().block(SOON);
            put.dispose();
        }
        source.dispose();
        Await.until(SOON, "all is removed", this::isTidy);
    }

    @Test
    void fullDiskLeavesNothing() {
        LocalStore full = new LocalStore(
                directory,
                disk,
                Bodies.BUFFERS,
                file -> FileChannel.open(Path.of("/dev/full"), StandardOpenOption.WRITE));

        StepVerifier.create(full.put(KEY, new NewObject(TYPE, 100_000), Bodies.of(Bodies.random(100_000))))
                .expectErrorSatisfies(error -> {
                    is(Kind.FULL).accept(error);
                    assertThat(error).hasCauseInstanceOf(IOException.class);
                })
                .verify(SOON);

        assertThat(isTidy()).isTrue();
        assertThat(keys("")).isEmpty();
    }

    @Test
    void whatAKilledProcessLeftIsRemovedAtTheNextStart() throws IOException {
        Path process = root.resolve("work").resolve(UUID.randomUUID().toString());
        Path left = Files.createDirectories(process.resolve("3"));
        Files.writeString(process.resolve("lock"), "");
        Files.writeString(left.resolve("content"), "half");
        put(KEY, Bodies.random(10), Map.of());

        try (ProcessDirectory second = LocalLayout.open(root).staging()) {
            assertThat(left).doesNotExist();
            assertThat(second.next().getParent()).exists();
            assertThat(filesBelow(root.resolve("work"))).hasSize(2);
        }
        assertThat(keys("")).containsExactly(KEY);
        put(new ObjectKey("another"), Bodies.random(10), Map.of());
    }

    @Test
    void storesThatStartTogetherLeaveEachOtherAlone() {
        List<LocalLayout> opened = Flux.range(0, 40)
                .flatMap(
                        i -> Mono.fromCallable(() -> LocalLayout.open(root)).subscribeOn(Schedulers.boundedElastic()),
                        8)
                .collectList()
                .block(SOON);

        assertThat(opened).hasSize(40).allSatisfy(one -> {
            try (one) {
                assertThat(one.staging().next().resolveSibling("lock")).exists();
            }
        });
    }

    @Test
    void linksAreNotFollowedOutOfTheStore(@TempDir Path elsewhere) throws IOException {
        Files.createDirectories(elsewhere.resolve("secret@"));
        Files.writeString(elsewhere.resolve("secret@/content"), "secret");
        Files.writeString(elsewhere.resolve("secret@/about"), "text/plain\n");
        Files.createSymbolicLink(root.resolve("objects/images"), elsewhere);
        ObjectKey key = new ObjectKey("images/secret");

        for (var operation : List.of(
                store.stat(key).then(),
                store.open(key).then(),
                store.delete(key),
                store.put(key, new NewObject(TYPE, 1), Bodies.of(new byte[1])).then(),
                store.put(new ObjectKey("images/new"), new NewObject(TYPE, 1), Bodies.of(new byte[1]))
                        .then())) {
            StepVerifier.create(operation)
                    .expectErrorSatisfies(error ->
                            assertThat(((StorageException) error).kind()).isEqualTo(Kind.REFUSED))
                    .verify(SOON);
        }
        assertThat(keys("")).isEmpty();
        assertThat(filesBelow(elsewhere)).hasSize(2);
    }

    @Test
    void damagedObjectIsNotTakenForNone() throws IOException {
        put(KEY, Bodies.random(10), Map.of());
        Path file = content(KEY).file();
        assertThat(file).isNotNull();
        Files.delete(file.resolveSibling("about"));

        StepVerifier.create(store.stat(KEY))
                .expectErrorSatisfies(is(Kind.BROKEN))
                .verify(SOON);
        store.delete(KEY).block(SOON);
        assertThat(filesBelow(root.resolve("objects"))).isEmpty();
    }

    @Test
    void fileThatWasCutIsNotReadAsAWholeOne() throws IOException {
        put(KEY, Bodies.random(100_000), Map.of());
        ObjectContent content = content(KEY);
        assertThat(content.file()).isNotNull();
        Files.write(content.file(), new byte[70_000]);

        StepVerifier.create(Bodies.join(content.bytes()))
                .expectErrorSatisfies(is(Kind.BROKEN))
                .verify(SOON);
    }

    @Test
    void strangersAreNotListed() throws IOException {
        put(KEY, Bodies.random(10), Map.of());
        Files.writeString(root.resolve("objects/images/notes.txt"), "mine");
        Files.createDirectories(root.resolve("objects/with space@"));
        Files.createDirectories(root.resolve("objects/half@"));

        assertThat(keys("")).containsExactly(KEY);
    }

    private static List<String> filesBelow(Path directory) {
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(Files::isRegularFile).map(Path::toString).toList();
        } catch (IOException | UncheckedIOException changing) {
            return List.of("changing");
        }
    }
}
