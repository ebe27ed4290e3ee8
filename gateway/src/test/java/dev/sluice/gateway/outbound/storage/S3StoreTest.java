package dev.sluice.gateway.outbound.storage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.contract.Caller;
import dev.sluice.gateway.outbound.storage.StorageException.Kind;
import dev.sluice.gateway.outbound.storage.StorageProperties.S3;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.core.io.buffer.DataBufferUtils;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

class S3StoreTest extends ObjectStoreContract {
    private static final ObjectKey KEY = new ObjectKey("images/2026/11/21/picture.png");

    private static S3Server server;
    private static Scheduler calling;
    private static S3Connection connection;
    private S3 settings;
    private S3Store store;

    @BeforeAll
    static void startServer() {
        server = S3Server.start();
        calling = Schedulers.newBoundedElastic(4, 1000, "calling");
        connection = new S3Connection(server.settings("any"));
    }

    @AfterAll
    static void stopServer() {
        connection.close();
        server.close();
        calling.dispose();
    }

    @BeforeEach
    void start() {
        settings = server.settings(S3Server.newBucket(connection));
        store = new S3Store(connection, settings, calling, Clock.systemUTC());
    }

    @Override
    ObjectStore store() {
        return store;
    }

    @Override
    ObjectStore withoutItsPlace() {
        connection
                .calls()
                .deleteBucket(delete -> delete.bucket(settings.bucket()))
                .join();
        StepVerifier.create(store.probe())
                .expectErrorSatisfies(
                        error -> assertThat(((StorageException) error).kind()).isEqualTo(Kind.MISSING))
                .verify(SOON);
        return store;
    }

    @Test
    void objectHasNoFile() {
        put(KEY, Bodies.random(10), Map.of());

        assertThat(content(KEY).file()).isNull();
    }

    /** With one connection each, of four. */
    @Test
    void readerThatTakesNothingKeepsOthersFromNoConnection() throws InterruptedException {
        put(KEY, Bodies.random(3_000_000), Map.of());
        S3 few = new S3(
                settings.bucket(),
                settings.endpoint(),
                settings.publicEndpoint(),
                settings.region(),
                settings.pathStyle(),
                settings.accessKey(),
                settings.secretKey(),
                Duration.ofSeconds(2),
                Duration.ofSeconds(10),
                Duration.ofSeconds(10),
                1,
                4);
        try (S3Connection other = new S3Connection(few)) {
            S3Store narrow = new S3Store(other, few, calling, Clock.systemUTC());
            ObjectContent content = Objects.requireNonNull(narrow.open(KEY).block(SOON));
            CountDownLatch begun = new CountDownLatch(1);
            Disposable idle = content.bytes()
                    .contextWrite(caller("alice")::into)
                    .doOnNext(DataBufferUtils::release)
                    .doOnNext(first -> begun.countDown())
                    .limitRate(1)
                    .delayUntil(first -> Mono.never())
                    .subscribe();
            assertThat(begun.await(SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();

            StepVerifier.create(content.bytes().contextWrite(caller("alice")::into))
                    .expectErrorSatisfies(error ->
                            assertThat(((StorageException) error).kind()).isEqualTo(Kind.UNAVAILABLE))
                    .verify(SOON);
            StepVerifier.create(content.bytes()
                            .doOnNext(DataBufferUtils::release)
                            .contextWrite(caller("bob")::into)
                            .then())
                    .expectComplete()
                    .verify(SOON);

            idle.dispose();
            StepVerifier.create(content.bytes()
                            .doOnNext(DataBufferUtils::release)
                            .contextWrite(caller("alice")::into)
                            .then())
                    .expectComplete()
                    .verify(SOON);
        }
    }

    private static Caller caller(String user) {
        return new Caller(Caller.Kind.USER, user, Set.of(), Set.of(), "127.0.0.1");
    }

    @Test
    void wrongCredentialsAreRefused() {
        S3 wrong = S3Server.settings(server.endpoint(), settings.bucket(), "not-the-secret", Duration.ofSeconds(10));
        try (S3Connection other = new S3Connection(wrong)) {
            S3Store refused = new S3Store(other, wrong, calling, Clock.systemUTC());
            for (Mono<?> call : new Mono<?>[] {
                refused.stat(KEY),
                refused.open(KEY),
                refused.delete(KEY),
                refused.list("").then(),
                refused.probe(),
                // Few bytes: this server gives leave to send, and resets the connection if much is left unread.
                refused.put(KEY, new NewObject(TYPE, 100), Bodies.of(Bodies.random(100)))
            }) {
                StepVerifier.create(call)
                        .expectErrorSatisfies(error -> {
                            assertThat(((StorageException) error).kind()).isEqualTo(Kind.REFUSED);
                            assertThat(error.getMessage()).doesNotContain(wrong.secretKey());
                            assertThat(error).hasCauseInstanceOf(Exception.class);
                        })
                        .verify(SOON);
            }
        }
        assertThat(keys("")).isEmpty();
    }

    @Test
    void probeIsContentWithABucketThatIsThere() {
        StepVerifier.create(store.probe()).verifyComplete();
    }
}
