package dev.sluice.gateway.outbound.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.gateway.contract.CannotStartException;
import dev.sluice.gateway.outbound.storage.StorageProperties.S3;
import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.NoLeaks;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.logging.LogLevel;
import org.springframework.boot.logging.LoggingSystem;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

/** What a store is asked at start, and what becomes of the answers. */
@ExtendWith({NoLeaks.class, OutputCaptureExtension.class})
class S3StartTest {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final Duration STEP = Duration.ofSeconds(5);

    private static S3Server server;

    @BeforeAll
    static void startServer() {
        server = S3Server.start();
    }

    @AfterAll
    static void stopServer() {
        server.close();
    }

    private static S3 settings(String endpoint, String bucket) {
        return S3Server.settings(endpoint, bucket, S3Server.SECRET_KEY, Duration.ofSeconds(2));
    }

    /** All that a start makes. */
    private static final class Rig implements AutoCloseable {
        private final S3Connection connection;
        private final S3Store store;
        private final S3AbilityProbe probe;
        private final S3Start start;

        Rig(S3 settings) {
            this(settings, STEP);
        }

        Rig(S3 settings, Duration step) {
            connection = new S3Connection(settings);
            store = new S3Store(connection, settings, Schedulers.boundedElastic(), Clock.systemUTC());
            probe = new S3AbilityProbe(
                    store,
                    new S3PresignedUploads(connection.presigner(), settings.bucket(), Schedulers.boundedElastic()),
                    connection.http(),
                    step,
                    Clock.systemUTC());
            start = new S3Start(store, probe, settings);
        }

        @Override
        public void close() {
            start.close();
            // It takes the SDK two seconds, which nobody here needs to wait for.
            Thread.ofVirtual().start(connection::close);
        }
    }

    @Test
    void storeThatChecksEverythingIsSeenToAndKeepsNothingOfIt(CapturedOutput output) {
        String bucket = server.newBucket();
        LoggingSystem logs = LoggingSystem.get(S3Start.class.getClassLoader());
        logs.setLogLevel(S3Start.class.getName(), LogLevel.INFO);
        try (Rig rig = new Rig(settings(server.endpoint(), bucket))) {
            rig.start.start();
            Await.until(SOON, "it was tried", () -> rig.start.details().containsKey("ranges"));

            assertThat(rig.start.details())
                    .containsExactlyInAnyOrderEntriesOf(Map.of(
                            "ranges", "yes",
                            "listsAtOnce", "yes",
                            "etagIsMd5", "yes",
                            "replacesNothing", "yes",
                            "takesUploads", "yes",
                            "checksUploadType", "yes",
                            "checksUploadLength", "yes",
                            "dropsCutUploads", "yes"));
            String line = "bucket " + bucket + " at " + server.endpoint() + ": ranges: yes, listsAtOnce: yes, ";
            Await.until(SOON, "it is told", () -> output.getOut().contains(line));
            assertThat(rig.store.list("").collectList().block(SOON)).isEmpty();
        } finally {
            logs.setLogLevel(S3Start.class.getName(), null);
        }
    }

    @Test
    void storeThatTakesEverythingIsSeenToAndKeepsNothingOfIt() {
        try (LaxS3 lax = new LaxS3();
                Rig rig = new Rig(settings(lax.endpoint(), LaxS3.BUCKET))) {
            rig.start.start();
            Await.until(SOON, "it was tried", () -> rig.start.details().containsKey("ranges"));

            assertThat(rig.start.details())
                    .containsExactlyInAnyOrderEntriesOf(Map.of(
                            "ranges", "no",
                            "listsAtOnce", "yes",
                            "etagIsMd5", "yes",
                            "replacesNothing", "no",
                            "takesUploads", "yes",
                            "checksUploadType", "no",
                            "checksUploadLength", "no",
                            "dropsCutUploads", "no"));
            assertThat(lax.keys("")).isEmpty();
        }
    }

    @Test
    void credentialsThatAreRefusedEndTheStartInTheStoresWords() {
        S3 wrong = S3Server.settings(server.endpoint(), server.newBucket(), "not-the-secret", Duration.ofSeconds(2));
        try (Rig rig = new Rig(wrong)) {
            assertThatThrownBy(rig.start::start)
                    .isInstanceOf(CannotStartException.class)
                    .hasMessageStartingWith("No place for images: bucket " + wrong.bucket() + " at ")
                    .hasMessageContaining("403 SignatureDoesNotMatch: ")
                    .hasMessageNotContaining("not-the-secret")
                    .asInstanceOf(InstanceOfAssertFactories.type(CannotStartException.class))
                    .extracting(CannotStartException::action)
                    .asString()
                    .contains("S3_BUCKET", "s3:ListBucket");
        }
    }

    @Test
    void bucketThatIsNotThereEndsTheStartInTheStoresWords() {
        try (Rig rig = new Rig(settings(server.endpoint(), "nobody-made-this-one"))) {
            assertThatThrownBy(rig.start::start)
                    .isInstanceOf(CannotStartException.class)
                    .hasMessageContaining("404 NoSuchBucket: ");
        }
    }

    @Test
    void storeThatDoesNotAnswerIsWaitedForOnceAndUsedWhenItDoes(CapturedOutput output) {
        AtomicBoolean isSilent = new AtomicBoolean(true);
        String bucket = server.newBucket();
        URI own = URI.create(server.endpoint());
        try (S3Stub way = S3Stub.start((head, in, out) -> {
                    if (isSilent.get()) {
                        S3Stub.hang(in);
                    } else {
                        S3Stub.pass(own, head, in, out);
                    }
                });
                Rig rig = new Rig(
                        S3Server.settings(way.endpoint(), bucket, S3Server.SECRET_KEY, Duration.ofMillis(300)))) {
            rig.start.start();
            assertThat(rig.start.details()).extractingByKey("probe").asString().isNotEqualTo("under way");
            assertThat(output.getOut()).contains("does not answer, asked again later");

            isSilent.set(false);

            Await.until(
                    SOON, "it was tried", () -> "yes".equals(rig.start.details().get("ranges")));
        }
    }

    /** Of which there are some; the rest of the steps is taken all the same. */
    @Test
    void storeThatWaitsForTheRestOfABodyForEverHoldsUpNothing() {
        List<String> hung = new CopyOnWriteArrayList<>();
        String bucket = server.newBucket();
        URI own = URI.create(server.endpoint());
        try (S3Stub way = S3Stub.start((head, in, out) -> {
                    if (head.contains("/type?") || head.contains("/cut?")) {
                        hung.add(head);
                        S3Stub.hang(in);
                    } else {
                        S3Stub.pass(own, head, in, out);
                    }
                });
                Rig rig = new Rig(settings(way.endpoint(), bucket), Duration.ofSeconds(2))) {
            Map<String, String> seen =
                    Objects.requireNonNull(rig.probe.run().block(SOON)).shown();

            assertThat(seen).containsEntry("checksUploadType", "unknown: no answer in time");
            assertThat(seen).containsEntry("ranges", "yes");
            assertThat(hung).isNotEmpty();
        }
    }

    @Test
    void storeThatTakesNoObjectSaysSo() {
        URI own = URI.create(server.endpoint());
        String bucket = server.newBucket();
        try (S3Stub way = S3Stub.start((head, in, out) -> {
                    if (head.startsWith("PUT")) {
                        S3Stub.status(out, "507 Insufficient Storage", "Content-Length: 0", "Connection: close");
                    } else {
                        S3Stub.pass(own, head, in, out);
                    }
                });
                Rig rig = new Rig(settings(way.endpoint(), bucket))) {
            Mono<S3Abilities> run = rig.probe.run();

            StepVerifier.create(run)
                    .expectErrorSatisfies(error ->
                            assertThat(((StorageException) error).kind()).isEqualTo(StorageException.Kind.FULL))
                    .verify(SOON);
        }
    }
}
