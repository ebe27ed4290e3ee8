package dev.sluice.gateway.feature.uploads;

import static dev.sluice.gateway.feature.uploads.UploadContract.SOON;
import static dev.sluice.gateway.feature.uploads.UploadRig.picture;
import static dev.sluice.gateway.feature.uploads.UploadRig.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.gateway.GatewayApplication;
import dev.sluice.gateway.feature.uploads.UploadContract.LaterClock;
import dev.sluice.gateway.feature.uploads.UploadRig.Put;
import dev.sluice.gateway.outbound.storage.LaxS3;
import dev.sluice.gateway.outbound.storage.NewObject;
import dev.sluice.gateway.outbound.storage.ObjectContent;
import dev.sluice.gateway.outbound.storage.ObjectKey;
import dev.sluice.gateway.outbound.storage.ObjectStore;
import dev.sluice.gateway.outbound.storage.S3Server;
import dev.sluice.gateway.outbound.storage.S3Stub;
import dev.sluice.gateway.outbound.storage.StorageException;
import dev.sluice.gateway.outbound.storage.StoredObject;
import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.GatewayProcess;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.RunningGateway;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** What fails around an upload. */
@ExtendWith(NoLeaks.class)
class UploadFaultsTest {
    private static final byte[] PNG = picture("png", 100, 100);

    @TempDir
    Path directory;

    @Configuration(proxyBeanMethods = false)
    static class StoreThatFails {
        @Bean
        static BeanPostProcessor failingStore() {
            return new BeanPostProcessor() {
                @Override
                public Object postProcessAfterInitialization(Object bean, String name) {
                    return bean instanceof ObjectStore store ? new FailingStore(store) : bean;
                }
            };
        }
    }

    /** A store that fails as it is told to. */
    private static final class FailingStore implements ObjectStore {
        private final ObjectStore store;
        private volatile boolean isFull;
        private volatile boolean keepsOne;
        private volatile @Nullable ObjectKey kept;

        FailingStore(ObjectStore store) {
            this.store = store;
        }

        @Override
        public Mono<StoredObject> put(ObjectKey key, NewObject object, Flux<DataBuffer> body) {
            return isFull
                    ? body.take(1)
                            .doOnNext(DataBufferUtils::release)
                            .then(Mono.error(() ->
                                    new StorageException(StorageException.Kind.FULL, key + ": no space is left", null)))
                    : store.put(key, object, body);
        }

        @Override
        public Mono<StoredObject> stat(ObjectKey key) {
            return store.stat(key);
        }

        @Override
        public Mono<ObjectContent> open(ObjectKey key) {
            return store.open(key);
        }

        @Override
        public Mono<Void> delete(ObjectKey key) {
            if (keepsOne && (kept == null || key.equals(kept))) {
                kept = key;
                return Mono.error(
                        new StorageException(StorageException.Kind.REFUSED, key + ": may not be deleted", null));
            }
            return store.delete(key);
        }

        @Override
        public Flux<ObjectStore.Summary> list(String prefix) {
            return store.list(prefix);
        }
    }

    private static FailingStore store(RunningGateway gateway) {
        return (FailingStore) gateway.bean(ObjectStore.class);
    }

    @Test
    void fullDiskOfTheStoreIsToldToWhoUploadsAndTheUploadIsTakenLater() {
        try (RunningGateway gateway = RunningGateway.start(Map.of(), Clock.systemUTC(), StoreThatFails.class)) {
            UploadRig rig = new UploadRig(gateway);
            Put put = rig.announced("image/png", PNG.length);
            store(gateway).isFull = true;

            assertThat(put.send(PNG)).isEqualTo(502);

            assertThat(rig.complete(put).statusCode()).isEqualTo(409);
            store(gateway).isFull = false;
            assertThat(put.send(PNG)).isEqualTo(200);
            assertThat(rig.complete(put).statusCode()).isEqualTo(200);
        }
    }

    @Test
    void storeThatIsFullWhenAnUploadIsCheckedLeavesItForLater() {
        try (RunningGateway gateway = RunningGateway.start(Map.of(), Clock.systemUTC(), StoreThatFails.class)) {
            UploadRig rig = new UploadRig(gateway);
            Put put = rig.announced("image/png", PNG.length);
            assertThat(put.send(PNG)).isEqualTo(200);
            store(gateway).isFull = true;

            HttpResponse<byte[]> refused = rig.complete(put);

            assertThat(refused.statusCode()).isEqualTo(502);
            assertThat(text(refused, "code")).isEqualTo("storage_failed");
            assertThat(rig.galleryOf("alice")).isZero();
            store(gateway).isFull = false;
            assertThat(rig.complete(put).statusCode()).isEqualTo(200);
            assertThat(store(gateway).list("t/").count().block(SOON))
                    .as("the image alone")
                    .isOne();
        }
    }

    /**
     * What a store that takes everything keeps of an upload that breaks off, and what it takes once more, is nobody's.
     */
    @Test
    void storeThatKeepsHalvesAndReplacesServesWhatWasCheckedAlone() {
        byte[] other = PNG.clone();
        other[PNG.length / 2]++;
        try (LaxS3 lax = new LaxS3();
                RunningGateway gateway = RunningGateway.start(lax.settings())) {
            UploadRig rig = new UploadRig(gateway);
            Put cut = rig.announced("image/png", PNG.length);
            cut.send(Arrays.copyOf(PNG, PNG.length / 2));
            Await.until(SOON, "the store keeps the half", () -> lax.keys("t/").size() == 1);

            HttpResponse<byte[]> refused = rig.complete(cut);

            assertThat(refused.statusCode()).isEqualTo(422);
            assertThat(text(refused, "reason")).isEqualTo("size_mismatch");
            assertThat(lax.keys("t/")).isEmpty();

            Put put = rig.announced("image/png", PNG.length);
            assertThat(put.send(other)).isEqualTo(200);
            assertThat(put.send(PNG)).as("it is replaced").isEqualTo(200);
            String file = text(rig.complete(put), "url");
            assertThat(put.send(other)).as("it is put once more").isEqualTo(200);

            assertThat(rig.complete(put).statusCode()).isEqualTo(200);
            assertThat(rig.get("alice", file).body()).isEqualTo(PNG);
        }
    }

    /** At the one moment at which what was checked becomes the image. */
    @ParameterizedTest
    @ValueSource(strings = {"500 Internal Server Error", "hangs", "closes", "takes it and has nothing"})
    void imageThatTheStoreDoesNotTakeAsItWasCheckedIsNoneAndIsCompletedLater(String fault) {
        AtomicBoolean isFaulty = new AtomicBoolean(true);
        try (S3Server server = S3Server.start()) {
            String bucket = server.newBucket();
            URI own = URI.create(server.endpoint());
            S3Stub.Behaviour faulty = (head, in, out) -> {
                if (!isFaulty.get() || !head.startsWith("PUT") || !head.contains("/images/")) {
                    S3Stub.pass(own, head, in, out);
                    return;
                }
                switch (fault) {
                    case "hangs" -> S3Stub.hang(in);
                    case "closes" -> {
                        S3Stub.status(out, "100 Continue");
                        in.readNBytes(PNG.length / 2);
                    }
                    case "takes it and has nothing" -> {
                        S3Stub.status(out, "100 Continue");
                        in.readNBytes(PNG.length);
                        S3Stub.status(out, "200 OK", "ETag: \"of-parts-2\"", "Content-Length: 0", "Connection: close");
                    }
                    default -> S3Stub.status(out, fault, "Content-Length: 0", "Connection: close");
                }
            };
            try (S3Stub way = S3Stub.start(faulty);
                    RunningGateway gateway = RunningGateway.start(Map.of(
                            "sluice.storage.s3.bucket",
                            bucket,
                            "sluice.storage.s3.endpoint",
                            way.endpoint(),
                            "sluice.storage.s3.access-key",
                            S3Server.ACCESS_KEY,
                            "sluice.storage.s3.secret-key",
                            S3Server.SECRET_KEY,
                            "sluice.storage.s3.put-timeout",
                            "5s"))) {
                UploadRig rig = new UploadRig(gateway);
                Put put = rig.announced("image/png", PNG.length);
                assertThat(put.send(PNG)).isEqualTo(200);

                HttpResponse<byte[]> refused = rig.complete(put);

                assertThat(refused.statusCode()).isEqualTo(502);
                assertThat(text(refused, "code")).isEqualTo("storage_failed");
                assertThat(rig.galleryOf("alice")).isZero();
                isFaulty.set(false);
                String file = text(rig.complete(put), "url");
                assertThat(rig.get("alice", file).body()).isEqualTo(PNG);
                assertThat(server.objects(bucket)).as("the image alone").isOne();
            }
        }
    }

    @Test
    void uploadThatCannotBeRemovedAfterwardsIsAnImageAllTheSame() {
        LaterClock clock = new LaterClock();
        try (RunningGateway gateway = RunningGateway.start(Map.of(), clock, StoreThatFails.class)) {
            UploadRig rig = new UploadRig(gateway);
            Put put = rig.announced("image/png", PNG.length);
            assertThat(put.send(PNG)).isEqualTo(200);
            store(gateway).keepsOne = true;

            assertThat(rig.complete(put).statusCode()).isEqualTo(200);

            assertThat(store(gateway).list("t/").count().block(SOON)).isEqualTo(2);
            store(gateway).keepsOne = false;
            clock.go(Duration.ofHours(1));
            gateway.bean(UploadSweep.class).pass().block(SOON);
            assertThat(store(gateway).list("t/").count().block(SOON)).isOne();
            assertThat(rig.complete(put).statusCode()).isEqualTo(200);
        }
    }

    @Test
    void objectThatCannotBeDeletedKeepsNoOtherFromBeingSwept() {
        LaterClock clock = new LaterClock();
        try (RunningGateway gateway = RunningGateway.start(Map.of(), clock, StoreThatFails.class)) {
            UploadRig rig = new UploadRig(gateway);
            UploadSweep sweep = gateway.bean(UploadSweep.class);
            for (int i = 0; i < 3; i++) {
                assertThat(rig.announced("image/png", PNG.length).send(PNG)).isEqualTo(200);
            }
            clock.go(Duration.ofHours(1));
            store(gateway).keepsOne = true;

            assertThatThrownBy(() -> sweep.pass().block(SOON)).hasMessageContaining("may not be deleted");

            assertThat(store(gateway)
                            .list("t/")
                            .map(ObjectStore.Summary::key)
                            .collectList()
                            .block(SOON))
                    .containsExactly(store(gateway).kept);
            store(gateway).keepsOne = false;
            assertThat(sweep.pass().block(SOON)).isOne();
            assertThat(store(gateway).list("t/").hasElements().block(SOON)).isFalse();
        }
    }

    @Test
    @ExtendWith(OutputCaptureExtension.class)
    void uploadThatCannotBeCheckedNowIsCompletedLater(CapturedOutput output) throws IOException {
        Path work = directory.resolve("work");
        try (RunningGateway gateway = RunningGateway.start(Map.of("sluice.pictures.work-directory", work.toString()))) {
            UploadRig rig = new UploadRig(gateway);
            Put put = rig.announced("image/png", PNG.length);
            assertThat(put.send(PNG)).isEqualTo(200);
            Files.createFile(work); // no directory any more, so that no file can be made in it

            HttpResponse<byte[]> refused = rig.complete(put);

            assertThat(refused.statusCode()).isEqualTo(503);
            assertThat(text(refused, "code")).isEqualTo("overloaded");
            assertThat(refused.headers().firstValue("Retry-After")).isPresent();
            assertThat(output.getOut())
                    .containsOnlyOnce("an upload could not be checked: ")
                    .doesNotContain("\tat ");
            Files.delete(work);
            assertThat(rig.complete(put).statusCode()).isEqualTo(200);
            try (Stream<Path> left = Files.walk(work)) {
                assertThat(left.filter(Files::isRegularFile))
                        .extracting(Path::getFileName)
                        .hasToString("[lock]");
            }
        }
    }

    @Test
    void uploadOutlivesAKilledGateway() throws Exception {
        Map<String, String> settings = Map.of(
                "sluice.database.directory",
                directory.resolve("db").toString(),
                "sluice.storage.directory",
                directory.resolve("store").toString(),
                "sluice.signing-secret",
                "0123456789abcdef0123456789abcdef",
                "sluice.image-proxy.cache.enabled",
                "false");
        Put uploaded;
        Put announced;
        try (GatewayProcess killed = start(settings, "killed.log");
                HttpClient client = HttpClient.newHttpClient()) {
            uploaded = put(client, killed);
            announced = put(client, killed);
            assertThat(uploaded.send(PNG)).isEqualTo(200);
        }

        try (GatewayProcess next = start(settings, "next.log");
                HttpClient client = HttpClient.newHttpClient()) {
            String port = Integer.toString(next.uri("/").getPort());
            assertThat(complete(client, next, uploaded).statusCode()).isEqualTo(200);
            assertThat(complete(client, next, announced).statusCode()).isEqualTo(409);
            // What was signed before is still good, wherever the gateway is now.
            Put moved = new Put(
                    announced.imageId(),
                    announced.listingId(),
                    announced.method(),
                    next.uri(
                            announced.url().getRawPath() + "?" + announced.url().getRawQuery()),
                    announced.headers(),
                    announced.expiresAt());
            assertThat(moved.url().toString()).contains(port);
            assertThat(moved.send(PNG)).isEqualTo(200);
            assertThat(complete(client, next, announced).statusCode()).isEqualTo(200);
        }
    }

    private GatewayProcess start(Map<String, String> settings, String log) {
        return GatewayProcess.start(
                GatewayApplication.class,
                List.of(
                        "-Xmx192m",
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "--sun-misc-unsafe-memory-access=allow"),
                settings,
                directory.resolve(log));
    }

    private static Put put(HttpClient client, GatewayProcess gateway) throws IOException, InterruptedException {
        String body = UploadRig.JSON.writeValueAsString(
                Map.of("images", List.of(UploadRig.image("front", "image/png", PNG.length))));
        return UploadRig.puts(client.send(
                        signedIn(client, gateway, "/api/v1/hosts/alice/listings/submit-intent")
                                .header("Content-Type", "application/json")
                                .POST(BodyPublishers.ofString(body))
                                .build(),
                        BodyHandlers.ofByteArray()))
                .getFirst();
    }

    private static HttpResponse<byte[]> complete(HttpClient client, GatewayProcess gateway, Put put)
            throws IOException, InterruptedException {
        return client.send(
                signedIn(client, gateway, UploadRig.completion("alice", put.listingId(), put.imageId()))
                        .POST(BodyPublishers.noBody())
                        .build(),
                BodyHandlers.ofByteArray());
    }

    private static HttpRequest.Builder signedIn(HttpClient client, GatewayProcess gateway, String path)
            throws IOException, InterruptedException {
        HttpResponse<byte[]> session = client.send(
                HttpRequest.newBuilder(gateway.uri("/api/session"))
                        .header("Content-Type", "application/json")
                        .POST(BodyPublishers.ofString("{\"user\":\"alice\"}"))
                        .build(),
                BodyHandlers.ofByteArray());
        return HttpRequest.newBuilder(gateway.uri(path))
                .timeout(Duration.ofSeconds(30))
                .header("Authorization", "Bearer " + text(session, "token"));
    }
}
