package dev.sluice.gateway.outbound.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.gateway.contract.CannotStartException;
import dev.sluice.gateway.outbound.storage.StorageProperties.S3;
import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.NoLeaks;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import reactor.core.scheduler.Schedulers;

/** What a store is asked at start, and what becomes of the answers. */
@ExtendWith({NoLeaks.class, OutputCaptureExtension.class})
class S3StartupCheckTest {
    private static final Duration SOON = Duration.ofSeconds(30);

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
        private final LastWrite lastWrite;
        private final S3StartupCheck start;

        Rig(S3 settings) {
            connection = new S3Connection(settings);
            store = new S3Store(connection, settings, Schedulers.boundedElastic(), Clock.systemUTC());
            PresignedUploads uploads =
                    new S3PresignedUploads(connection.ownPresigner(), settings.bucket(), Schedulers.boundedElastic());
            S3Probe probe = new S3Probe(store, connection.calls(), uploads, settings, Schedulers.boundedElastic());
            lastWrite = new LastWrite(probe::access, Clock.systemUTC());
            start = new S3StartupCheck(store, probe, lastWrite, settings);
        }

        @Override
        public void close() {
            start.close();
            // It takes the SDK two seconds, which nobody here needs to wait for.
            Thread.ofVirtual().start(connection::close);
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
            assertThat(rig.start.details()).containsOnlyKeys("start");
            assertThat(output.getOut()).contains("does not answer, asked again later");

            isSilent.set(false);

            Await.until(SOON, "it answers", () -> rig.start.details().containsKey("abilities"));
        }
    }

    @Test
    void storeIsTriedUnderKeysThatAreGoneAfterwards(CapturedOutput output) {
        String bucket = server.newBucket();
        try (Rig rig = new Rig(settings(server.endpoint(), bucket))) {
            rig.start.start();

            Await.until(SOON, "it was tried", () -> rig.start.details().containsKey("abilities"));
            assertThat(rig.start.details())
                    .containsEntry(
                            "abilities",
                            Map.of(
                                    "ifNoneMatch", true,
                                    "ranges", true,
                                    "listing", true,
                                    "signedType", true,
                                    "signedLength", true,
                                    "wholeUploads", true));
            assertThat(output.getOut()).doesNotContain("does not do all", "nothing could be stored");
            assertThat(rig.store.list("").collectList().block(SOON)).isEmpty();
        }
    }

    @Test
    void whatAStoreLacksIsToldAndWhetherItMatters(CapturedOutput output) {
        try (LaxS3 lax = new LaxS3();
                Rig rig = new Rig(settings(lax.endpoint(), LaxS3.BUCKET))) {
            rig.start.start();

            Await.until(SOON, "it was tried", () -> rig.start.details().containsKey("abilities"));
            assertThat(rig.start.details())
                    .containsEntry(
                            "abilities",
                            Map.of(
                                    "ifNoneMatch", false,
                                    "ranges", false,
                                    "listing", true,
                                    "signedType", false,
                                    "signedLength", false,
                                    "wholeUploads", false));
            assertThat(output.getOut())
                    .containsPattern("WARN.*does not do all that the gateway needs: .*no part of an image can be read");
            assertThat(lax.keys("")).isEmpty();
        }
    }

    /** A store that answers one operation on objects itself, and leaves the rest to the server. */
    private static S3Stub except(String method, String status, String body) {
        URI own = URI.create(server.endpoint());
        return S3Stub.start((head, in, out) -> {
            if (head.startsWith(method) && head.lines().findFirst().orElse("").contains("/probe/")) {
                S3Stub.status(out, status, "Content-Length: " + body.length(), "Connection: close");
                out.write(body.getBytes(StandardCharsets.US_ASCII));
            } else {
                S3Stub.pass(own, head, in, out);
            }
        });
    }

    @ParameterizedTest
    @CsvSource({"PUT, PutObject", "GET, GetObject", "DELETE, DeleteObject"})
    void operationOnObjectsThatIsRefusedEndsTheStartInTheStoresWords(String method, String operation) {
        String refusal = "<Error><Code>AccessDenied</Code><Message>Not yours.</Message></Error>";
        try (S3Stub way = except(method, "403 Forbidden", refusal);
                Rig rig = new Rig(settings(way.endpoint(), server.newBucket()))) {
            assertThatThrownBy(rig.start::start)
                    .isInstanceOf(CannotStartException.class)
                    .hasMessageContaining(": " + operation + " probe/")
                    .hasMessageContaining("403 AccessDenied: Not yours.")
                    .asInstanceOf(InstanceOfAssertFactories.type(CannotStartException.class))
                    .extracting(CannotStartException::action)
                    .asString()
                    .contains("s3:" + operation);
            assertThat(rig.store.list("").collectList().block(SOON)).isEmpty();
        }
    }

    @Test
    void storeThatIsFullIsStartedWithSoThatSomebodyCanDelete(CapturedOutput output) {
        try (S3Stub way = except("PUT", "507 Insufficient Storage", "");
                Rig rig = new Rig(settings(way.endpoint(), server.newBucket()))) {
            rig.start.start();

            assertThat(rig.start.details()).containsOnlyKeys("start");
            LastWrite.Refusal refusal = rig.lastWrite.refusal().block(SOON);
            assertThat(refusal).isNotNull();
            assertThat(refusal.kind()).isEqualTo(StorageException.Kind.FULL);
            assertThat(refusal.words()).startsWith("PutObject probe/").contains("507");
            assertThat(output.getOut()).contains("cannot be used, asked again later: PutObject probe/");
        }
    }
}
