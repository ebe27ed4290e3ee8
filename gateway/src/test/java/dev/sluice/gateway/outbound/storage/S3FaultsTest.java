package dev.sluice.gateway.outbound.storage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.outbound.storage.S3Stub.Behaviour;
import dev.sluice.gateway.outbound.storage.StorageException.Kind;
import dev.sluice.gateway.outbound.storage.StorageProperties.S3;
import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.NoLeaks;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.core.io.buffer.DataBuffer;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

/** An S3 that fails, hangs, cuts off and answers nonsense. */
@ExtendWith(NoLeaks.class)
class S3FaultsTest {
    private static final Duration SOON = Duration.ofSeconds(30);
    /** For a store that says no more. */
    private static final Duration SHORT = Duration.ofMillis(400);
    /** For one that answers: it is not to be taken for one that hangs where the machine is slow. */
    private static final Duration LONG = Duration.ofSeconds(10);
    /** For one whose failure is not to be noticed by the timeout: longer than a test waits for anything. */
    private static final Duration TOO_LONG = Duration.ofMinutes(3);

    private static final ObjectKey KEY = new ObjectKey("images/a.png");
    private static final int LENGTH = 1_000_000;

    @ParameterizedTest
    @CsvSource({
        "503 Slow Down, UNAVAILABLE, 3",
        "500 Internal Server Error, UNAVAILABLE, 3",
        "429 Too Many Requests, UNAVAILABLE, 3",
        "403 Forbidden, REFUSED, 1",
        "507 Insufficient Storage, FULL, 3",
        "400 Bad Request, BROKEN, 1"
    })
    void answersThatAreNoneAreTold(String status, Kind kind, int tries) {
        for (Call call : Call.values()) {
            try (S3Stub stub = S3Stub.start((head, in, out) -> S3Stub.status(out, status, "Content-Length: 0"))) {
                expect(stub.endpoint(), call, kind);
                if (call == Call.PUT) {
                    assertThat(stub.requests()).as("a body comes once").isEqualTo(1);
                } else {
                    assertThat(stub.requests()).as(call.name()).isLessThanOrEqualTo(tries);
                }
            }
        }
    }

    @Test
    void putIsOnePlainRequestThatWaitsForLeaveToSendItsBody() {
        List<String> heads = new CopyOnWriteArrayList<>();
        Behaviour refuse = (head, in, out) -> {
            heads.add(head.toLowerCase(Locale.ROOT));
            S3Stub.status(out, "412 Precondition Failed", "Content-Length: 0");
        };
        try (S3Stub stub = S3Stub.start(refuse)) {
            expect(stub.endpoint(), Call.PUT, Kind.EXISTS);
        }
        assertThat(heads)
                .singleElement()
                .asString()
                .contains(
                        "put /pictures/images/a.png http/1.1",
                        "content-length: " + LENGTH,
                        "content-type: image/png",
                        "expect: 100-continue",
                        "if-none-match: *",
                        "x-amz-content-sha256: unsigned-payload")
                .doesNotContain("chunked", "checksum");
    }

    /** The tag of a put that succeeded, then what the object's HEAD answers; none if it must not be asked. */
    @ParameterizedTest(name = "{0}; {1}: {2}")
    @CsvSource({
        "MD5, none, OK",
        "W/MD5, none, OK",
        "'parts-2', '200 OK, 1000000, parts-2', OK",
        "'key-of-kms', '200 OK, 1000000, key-of-kms', OK",
        "none, '200 OK, 1000000, anything', OK",
        "'key-of-kms', '200 OK, 1000000, another', BROKEN",
        "'parts-2', '200 OK, 1000000, parts-3', BROKEN",
        "'parts-2', '200 OK, 999999, parts-2', BROKEN",
        "none, '200 OK, 0, anything', BROKEN",
        "none, '404 Not Found, 0, none', BROKEN",
        "none, '500 Internal Server Error, 0, none', UNAVAILABLE",
        "none, '403 Forbidden, 0, none', REFUSED"
    })
    void whatIsKeptIsComparedWithWhatWasSent(String tag, String there, String expected) {
        byte[] bytes = new byte[LENGTH];
        String etag = tag.replace("MD5", '"' + S3Body.etag(bytes) + '"');
        List<String> calls = new CopyOnWriteArrayList<>();
        Behaviour store = (head, in, out) -> {
            String method = head.substring(0, head.indexOf(' '));
            calls.add(method);
            if (method.equals("PUT")) {
                S3Stub.status(out, "100 Continue");
                in.readNBytes(LENGTH);
                S3Stub.status(out, "200 OK", tagged(etag, "Content-Length: 0", "Connection: close"));
            } else if (method.equals("HEAD")) {
                String[] answer = there.split(", ", -1);
                S3Stub.status(out, answer[0], tagged(answer[2], headers(Integer.parseInt(answer[1]))));
            } else {
                S3Stub.status(out, "204 No Content", "Connection: close");
            }
        };
        try (S3Stub stub = S3Stub.start(store);
                Rig rig = new Rig(stub.endpoint())) {
            Mono<StoredObject> put = rig.store.put(KEY, new NewObject("image/png", LENGTH), Bodies.of(bytes));
            if (expected.equals("OK")) {
                assertThat(put.block(SOON)).extracting(StoredObject::length).isEqualTo((long) LENGTH);
                assertThat(calls).hasSize(there.equals("none") ? 1 : 2);
            } else {
                StepVerifier.create(put)
                        .expectErrorSatisfies(error -> assertKind(error, Kind.valueOf(expected)))
                        .verify(SOON);
                assertThat(calls.contains("DELETE"))
                        .as("what is not as it was sent is removed")
                        .isEqualTo(expected.equals("BROKEN"));
            }
        }
    }

    private static String[] tagged(String etag, String... headers) {
        List<String> all = new ArrayList<>(List.of(headers));
        if (!etag.equals("none")) {
            all.add("ETag: " + etag);
        }
        return all.toArray(String[]::new);
    }

    /** A HEAD that finds nothing does not say what is not there. */
    @ParameterizedTest
    @CsvSource({
        "200 OK, EMPTY",
        "403 Forbidden, EMPTY",
        "404 Not Found, MISSING",
        "500 Internal Server Error, UNAVAILABLE"
    })
    void objectThatIsNotThereIsOfABucketThatIs(String ofBucket, String expected) {
        Behaviour store = (head, in, out) -> S3Stub.status(
                out, head.contains(KEY.value()) ? "404 Not Found" : ofBucket, "Content-Length: 0", "Connection: close");
        try (S3Stub stub = S3Stub.start(store);
                Rig rig = new Rig(stub.endpoint())) {
            for (Mono<?> call : new Mono<?>[] {rig.store.stat(KEY), rig.store.open(KEY), rig.store.delete(KEY)}) {
                if (expected.equals("EMPTY")) {
                    StepVerifier.create(call).verifyComplete();
                } else {
                    StepVerifier.create(call)
                            .expectErrorSatisfies(error -> assertKind(error, Kind.valueOf(expected)))
                            .verify(SOON);
                }
            }
        }
    }

    @Test
    void whatTheStoreSaysIsALineOfTheFailure() {
        String body = "<Error><Code>AccessDenied</Code><Message>Not\nby you " + "x".repeat(300) + "</Message></Error>";
        Behaviour refusing = (head, in, out) -> {
            S3Stub.status(out, "403 Forbidden", "Content-Type: application/xml", "Content-Length: " + body.length());
            out.write(body.getBytes(StandardCharsets.US_ASCII));
        };
        try (S3Stub stub = S3Stub.start(refusing);
                Rig rig = new Rig(stub.endpoint())) {
            StepVerifier.create(rig.store.listOne())
                    .expectErrorSatisfies(error -> {
                        assertKind(error, Kind.REFUSED);
                        assertThat(error)
                                .hasMessageStartingWith("bucket pictures: S3 answered 403 AccessDenied: Not by you xxx")
                                .hasMessageEndingWith("x…");
                    })
                    .verify(SOON);
        }
    }

    @Test
    void failureThatPassesIsTriedAgain() {
        AtomicBoolean failed = new AtomicBoolean();
        Behaviour once = (head, in, out) ->
                S3Stub.status(out, failed.getAndSet(true) ? "204 No Content" : "503 Slow Down", "Content-Length: 0");
        try (S3Stub stub = S3Stub.start(once)) {
            expectComplete(stub.endpoint(), store -> store.delete(KEY));
            assertThat(stub.requests()).isEqualTo(2);
        }
    }

    @Test
    void storeThatNeverAnswersIsGivenUp() {
        for (Call call : Call.values()) {
            try (S3Stub stub = S3Stub.start((head, in, out) -> S3Stub.hang(in))) {
                expect(stub.endpoint(), SHORT, call, Kind.UNAVAILABLE);
                Await.until(SOON, "no connection is kept", () -> stub.connections() == 0);
            }
        }
    }

    @Test
    void storeThatIsNotThereIsUnavailable() throws IOException {
        int closed;
        try (ServerSocket socket = new ServerSocket(0)) {
            closed = socket.getLocalPort();
        }
        for (Call call : Call.values()) {
            expect("http://127.0.0.1:" + closed, call, Kind.UNAVAILABLE);
        }
    }

    @Test
    void connectionThatBreaksInADownloadFailsIt() {
        expectRead(halfThen((in, out) -> {}), TOO_LONG, Kind.UNAVAILABLE);
    }

    /** It asks for a piece at a time; what has come beyond it when the connection breaks is released. */
    @Test
    void connectionThatBreaksFailsAlsoAReaderThatTakesItsTime() {
        try (S3Stub stub = S3Stub.start(halfThen((in, out) -> {}));
                Rig rig = new Rig(stub.endpoint(), TOO_LONG)) {
            Flux<DataBuffer> slowly =
                    rig.store.open(KEY).flatMapMany(ObjectContent::bytes).limitRate(1);
            StepVerifier.create(slowly.map(buffer -> Bodies.take(buffer).length), 1)
                    .expectNextCount(1)
                    .then(() -> Await.until(SOON, "the store has ended", () -> stub.connections() == 0))
                    .thenRequest(Long.MAX_VALUE)
                    .thenConsumeWhile(length -> length > 0)
                    .expectErrorSatisfies(error -> assertKind(error, Kind.UNAVAILABLE))
                    .verify(SOON);
        }
    }

    @Test
    void storeThatFallsSilentInADownloadIsGivenUp() {
        expectRead(halfThen((in, out) -> S3Stub.hang(in)), SHORT, Kind.UNAVAILABLE);
    }

    @Test
    void storeThatKnowsNoRangesIsNotTakenAtItsWord() {
        Behaviour everything = (head, in, out) -> {
            S3Stub.status(out, "200 OK", headers(LENGTH));
            if (!head.startsWith("HEAD")) {
                out.write(new byte[LENGTH / 2]);
                out.flush();
                S3Stub.hang(in);
            }
        };
        try (S3Stub stub = S3Stub.start(everything);
                Rig rig = new Rig(stub.endpoint(), TOO_LONG)) {
            StepVerifier.create(rig.store.open(KEY).flatMapMany(content -> content.bytes(5, 10)))
                    .expectErrorSatisfies(error -> assertKind(error, Kind.BROKEN))
                    .verify(SOON);
            Await.until(SOON, "the connection is given up", () -> stub.connections() == 0);
        }
    }

    /** The store has answered, and may well wait for its reader. */
    @Test
    void readerThatTakesItsTimeIsNotAStoreThatHangs() {
        Behaviour all = (head, in, out) -> {
            S3Stub.status(out, head.startsWith("HEAD") ? "200 OK" : "206 Partial Content", headers(LENGTH));
            if (!head.startsWith("HEAD")) {
                out.write(new byte[LENGTH]);
            }
        };
        try (S3Stub stub = S3Stub.start(all);
                Rig rig = new Rig(stub.endpoint(), SHORT)) {
            Mono<Integer> slowly = rig.store
                    .open(KEY)
                    .flatMapMany(ObjectContent::bytes)
                    .index()
                    .concatMap(
                            part -> {
                                int size = Bodies.take(part.getT2()).length;
                                Duration pause = part.getT1() == 0 ? SHORT.multipliedBy(4) : Duration.ZERO;
                                return Mono.delay(pause).thenReturn(size);
                            },
                            1)
                    .reduce(Integer::sum);
            assertThat(slowly.block(SOON)).isEqualTo(LENGTH);
        }
    }

    @Test
    void connectionThatBreaksInAnUploadFailsItAndReleasesTheBody() {
        Behaviour cut = (head, in, out) -> {
            S3Stub.status(out, "100 Continue");
            in.readNBytes(100_000);
        };
        try (S3Stub stub = S3Stub.start(cut)) {
            expect(stub.endpoint(), Call.PUT, Kind.UNAVAILABLE);
            assertThat(stub.requests()).isEqualTo(1);
        }
    }

    @Test
    void storeThatStopsReadingAnUploadIsGivenUp() {
        AtomicBoolean over = new AtomicBoolean();
        Behaviour silent = (head, in, out) -> {
            S3Stub.status(out, "100 Continue");
            Await.until(SOON, "the test is over", over::get);
        };
        try (S3Stub stub = S3Stub.start(silent)) {
            byte[] chunk = new byte[1_000_000];
            Flux<DataBuffer> endless = Flux.range(0, 50).map(i -> Bodies.buffer(chunk));
            try (Rig rig = new Rig(stub.endpoint(), SHORT)) {
                StepVerifier.create(rig.store.put(KEY, new NewObject("image/png", 50_000_000), endless))
                        .expectErrorSatisfies(error -> assertKind(error, Kind.UNAVAILABLE))
                        .verify(SOON);
            } finally {
                over.set(true);
            }
        }
    }

    @Test
    void bodyThatFailsIsNotTheStoresFaultAndTheRestIsNotSent() {
        Behaviour all = (head, in, out) -> {
            S3Stub.status(out, "100 Continue");
            S3Stub.hang(in);
        };
        RuntimeException fault = new IllegalStateException("origin");
        try (S3Stub stub = S3Stub.start(all);
                Rig rig = new Rig(stub.endpoint())) {
            StepVerifier.create(rig.store.put(
                            KEY,
                            new NewObject("image/png", LENGTH),
                            Bodies.of(new byte[LENGTH]).take(10).concatWith(Mono.error(fault))))
                    .expectErrorSatisfies(error -> assertThat(error).isSameAs(fault))
                    .verify(SOON);
            Await.until(SOON, "the connection is given up", () -> stub.connections() == 0);
        }
    }

    @Test
    void downloadThatIsCancelledGivesItsConnectionBack() {
        try (S3Stub stub = S3Stub.start(halfThen((in, out) -> S3Stub.hang(in)));
                Rig rig = new Rig(stub.endpoint())) {
            StepVerifier.create(rig.store.open(KEY).flatMapMany(ObjectContent::bytes))
                    .expectNextCount(1)
                    .thenCancel()
                    .verify(SOON);
            Await.until(SOON, "the connection is given up", () -> stub.connections() == 0);
        }
    }

    private enum Call {
        PUT,
        STAT,
        DELETE,
        LIST,
        PROBE;

        Mono<?> on(S3Store store) {
            return switch (this) {
                case PUT -> store.put(KEY, new NewObject("image/png", LENGTH), Bodies.of(new byte[LENGTH]));
                case STAT -> store.stat(KEY);
                case DELETE -> store.delete(KEY);
                case LIST -> store.list("images/").then();
                case PROBE -> store.probe();
            };
        }
    }

    private interface Rest {
        void go(InputStream in, OutputStream out) throws IOException;
    }

    private static Behaviour halfThen(Rest rest) {
        return (head, in, out) -> {
            if (head.startsWith("HEAD")) {
                S3Stub.status(out, "200 OK", headers(LENGTH));
                return;
            }
            S3Stub.status(out, "206 Partial Content", headers(LENGTH));
            out.write(new byte[LENGTH / 2]);
            out.flush();
            rest.go(in, out);
        };
    }

    private static String[] headers(int length) {
        return new String[] {
            "Content-Length: " + length,
            "Content-Type: image/png",
            "Last-Modified: Sat, 21 Nov 2026 10:00:00 GMT",
            "Connection: close"
        };
    }

    private static void expectRead(Behaviour behaviour, Duration timeout, Kind kind) {
        try (S3Stub stub = S3Stub.start(behaviour);
                Rig rig = new Rig(stub.endpoint(), timeout)) {
            StepVerifier.create(rig.store.open(KEY).flatMapMany(ObjectContent::bytes))
                    .thenConsumeWhile(buffer -> Bodies.take(buffer).length > 0)
                    .expectErrorSatisfies(error -> assertKind(error, kind))
                    .verify(SOON);
            Await.until(SOON, "no connection is kept", () -> stub.connections() == 0);
        }
    }

    private static void expect(String endpoint, Call call, Kind kind) {
        expect(endpoint, LONG, call, kind);
    }

    private static void expect(String endpoint, Duration timeout, Call call, Kind kind) {
        try (Rig rig = new Rig(endpoint, timeout)) {
            StepVerifier.create(call.on(rig.store))
                    .expectErrorSatisfies(error -> assertKind(error, kind))
                    .verify(SOON);
        }
    }

    private static void expectComplete(String endpoint, Function<S3Store, Mono<?>> call) {
        try (Rig rig = new Rig(endpoint)) {
            StepVerifier.create(call.apply(rig.store)).verifyComplete();
        }
    }

    private static void assertKind(Throwable error, Kind kind) {
        assertThat(error).isInstanceOf(StorageException.class);
        assertThat(((StorageException) error).kind()).as(error.toString()).isEqualTo(kind);
    }

    /** A store as the gateway has it. */
    private static final class Rig implements AutoCloseable {
        private final S3Connection connection;
        private final S3Store store;

        Rig(String endpoint) {
            this(endpoint, LONG);
        }

        Rig(String endpoint, Duration timeout) {
            S3 settings = S3Server.settings(endpoint, "pictures", S3Server.SECRET_KEY, timeout);
            this.connection = new S3Connection(settings);
            this.store = new S3Store(connection, settings, Schedulers.boundedElastic(), Clock.systemUTC());
        }

        /** It takes the SDK two seconds, which nobody here needs to wait for. */
        @Override
        public void close() {
            Thread.ofVirtual().start(connection::close);
        }
    }
}
