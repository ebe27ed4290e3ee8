package dev.sluice.gateway.outbound.storage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.outbound.spool.WorkDirectory;
import dev.sluice.gateway.outbound.storage.StorageException.Kind;
import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.NoLeaks;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.ReactiveHealthIndicator;
import org.springframework.boot.health.contributor.Status;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ApplicationContext;
import reactor.core.publisher.Flux;
import reactor.test.StepVerifier;

@ExtendWith(NoLeaks.class)
class StorageConfigurationTest {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final ObjectKey KEY = new ObjectKey("images/a.png");

    @TempDir
    private Path directory;

    private final ApplicationContextRunner runner = new ApplicationContextRunner()
            .withBean(MeterRegistry.class, SimpleMeterRegistry::new)
            .withUserConfiguration(StorageConfiguration.class);

    @Test
    void storesInADirectoryByItself() {
        runner.withPropertyValues("sluice.storage.directory=" + directory, "sluice.storage.s3.bucket=")
                .run(context -> {
                    assertThat(context).hasSingleBean(ObjectStore.class).doesNotHaveBean(PresignedUploads.class);
                    assertThat(health(context))
                            .isEqualTo(
                                    Health.up().withDetail("kind", "directory").build());

                    roundTrip(context.getBean(ObjectStore.class));

                    assertThat(directory.resolve("objects/images/a.png@/content"))
                            .exists();
                });
        assertThat(directory.resolve("work")).isEmptyDirectory();
    }

    @Test
    void storesInTheBucketThatIsNamed() {
        try (S3Server server = S3Server.start();
                S3Connection maker = new S3Connection(server.settings("any"))) {
            String bucket = S3Server.newBucket(maker);
            runner.withPropertyValues(
                            "sluice.storage.directory=" + directory.resolve("unused"),
                            "sluice.storage.s3.bucket=" + bucket,
                            "sluice.storage.s3.endpoint=" + server.endpoint(),
                            "sluice.storage.s3.access-key=" + S3Server.ACCESS_KEY,
                            "sluice.storage.s3.secret-key=" + S3Server.SECRET_KEY)
                    .run(context -> {
                        assertThat(context).hasSingleBean(ObjectStore.class).hasSingleBean(PresignedUploads.class);
                        Health health = health(context);
                        assertThat(health.getStatus()).isEqualTo(Status.UP);
                        assertThat(health.getDetails())
                                .containsEntry("kind", "s3")
                                .containsEntry("bucket", bucket);

                        roundTrip(context.getBean(ObjectStore.class));

                        assertThat(directory.resolve("unused")).doesNotExist();
                    });
        }
    }

    @Test
    void startsWithoutABucketThatAnswersAndSaysSo() {
        runner.withPropertyValues(
                        "sluice.storage.s3.bucket=pictures",
                        "sluice.storage.s3.endpoint=http://127.0.0.1:1",
                        "sluice.storage.s3.attempt-timeout=2s",
                        "sluice.storage.s3.access-key=a",
                        "sluice.storage.s3.secret-key=b")
                .run(context -> {
                    Health health = health(context);
                    assertThat(health.getStatus()).isEqualTo(Status.DOWN);
                    assertThat(health.getDetails())
                            .containsEntry("kind", "s3")
                            .containsEntry("bucket", "pictures")
                            .containsEntry("failure", "unavailable")
                            .extractingByKey("start")
                            .asString()
                            .containsAnyOf("Connection refused", "no answer within");
                });
    }

    /** As of a bucket whose policy was changed: it is there, and what it has can be read. */
    @Test
    void bucketThatTakesNothingAnyMoreIsDownUntilItDoes() {
        AtomicBoolean takesNothing = new AtomicBoolean();
        try (S3Server server = S3Server.start()) {
            URI own = URI.create(server.endpoint());
            try (S3Stub way = S3Stub.start((head, in, out) -> {
                if (takesNothing.get() && head.startsWith("PUT")) {
                    S3Stub.status(out, "403 Forbidden", "Content-Length: 0", "Connection: close");
                } else {
                    S3Stub.pass(own, head, in, out);
                }
            })) {
                runner.withPropertyValues(
                                "sluice.storage.s3.bucket=" + server.newBucket(),
                                "sluice.storage.s3.endpoint=" + way.endpoint(),
                                "sluice.storage.s3.access-key=" + S3Server.ACCESS_KEY,
                                "sluice.storage.s3.secret-key=" + S3Server.SECRET_KEY)
                        .run(context -> {
                            ObjectStore store = context.getBean(ObjectStore.class);
                            takesNothing.set(true);
                            StepVerifier.create(store.put(KEY, new NewObject("image/png", 10), Bodies.of(new byte[10])))
                                    .expectErrorMatches(error -> ((StorageException) error).kind() == Kind.REFUSED)
                                    .verify(SOON);

                            Health health = health(context);
                            assertThat(health.getStatus()).isEqualTo(Status.DOWN);
                            assertThat(health.getDetails())
                                    .containsEntry("failure", "refused")
                                    .containsEntry("operation", "put");

                            takesNothing.set(false);
                            roundTrip(store);
                            Await.until(
                                    SOON,
                                    "it is well",
                                    () -> health(context).getStatus().equals(Status.UP));
                        });
            }
        }
    }

    @Test
    void directoryThatCannotBeWrittenToIsDown() {
        runner.withPropertyValues("sluice.storage.directory=" + directory).run(context -> {
            WorkDirectory.remove(directory.resolve("work"));
            Files.createFile(directory.resolve("work"));

            assertThat(health(context).getStatus()).isEqualTo(Status.DOWN);
        });
    }

    @Test
    void directoryThatCannotBeMadeStopsTheStart() throws IOException {
        Path file = Files.createFile(directory.resolve("file"));
        runner.withPropertyValues("sluice.storage.directory=" + file)
                .run(context -> assertThat(context).hasFailed());
    }

    @Test
    void everyOperationIsTimedByItsOutcome() {
        runner.withPropertyValues("sluice.storage.directory=" + directory).run(context -> {
            ObjectStore store = context.getBean(ObjectStore.class);
            roundTrip(store);
            StepVerifier.create(store.put(KEY, new NewObject("image/png", 10), Bodies.of(new byte[10])))
                    .expectErrorMatches(error -> ((StorageException) error).kind() == Kind.EXISTS)
                    .verify(SOON);
            StepVerifier.create(store.put(
                            new ObjectKey("b"),
                            new NewObject("image/png", 10),
                            Flux.error(new IllegalStateException("origin"))))
                    .expectError(IllegalStateException.class)
                    .verify(SOON);
            assertThat(store.stat(new ObjectKey("absent")).block(SOON)).isNull();
            store.list("").collectList().block(SOON);
            store.delete(KEY).block(SOON);

            for (String[] expected : new String[][] {
                {"put", "ok"},
                {"put", "exists"},
                {"put", "source_failed"},
                {"open", "ok"},
                {"read", "ok"},
                {"stat", "absent"},
                {"list", "ok"},
                {"delete", "ok"}
            }) {
                assertThat(context.getBean(MeterRegistry.class)
                                .get("sluice.storage.operations")
                                .tag("operation", expected[0])
                                .tag("outcome", expected[1])
                                .timer()
                                .count())
                        .as(String.join(" ", expected))
                        .isEqualTo(1);
            }
        });
    }

    private static void roundTrip(ObjectStore store) {
        byte[] bytes = Bodies.random(100_000);
        store.put(KEY, new NewObject("image/png", bytes.length), Bodies.of(bytes))
                .block(SOON);
        assertThat(store.open(KEY)
                        .flatMap(content -> Bodies.join(content.bytes()))
                        .block(SOON))
                .isEqualTo(bytes);
    }

    private static Health health(ApplicationContext context) {
        Health health = context.getBean(ReactiveHealthIndicator.class).health().block(SOON);
        assertThat(health).isNotNull();
        return health;
    }
}
