package dev.sluice.gateway.outbound.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.gateway.outbound.storage.StorageProperties.S3;
import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.RawPut;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import reactor.core.scheduler.Schedulers;

/** What a client may do with a signed upload, and what the store itself refuses. */
class S3PresignedUploadsTest {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final ObjectKey KEY = new ObjectKey("uploads/picture.png");
    private static final byte[] BYTES = Bodies.random(50_000);
    private static final NewObject PICTURE =
            new NewObject("image/png", BYTES.length, Map.of("owner", "alice", "listing", "42"));

    private static S3Server server;
    private static S3Connection connection;
    private S3Store store;
    private S3PresignedUploads uploads;

    @BeforeAll
    static void startServer() {
        server = S3Server.start();
        connection = new S3Connection(server.settings("any"));
    }

    @AfterAll
    static void stopServer() {
        connection.close();
        server.close();
    }

    @BeforeEach
    void start() {
        S3 settings = server.settings(S3Server.newBucket(connection));
        store = new S3Store(connection, settings, Schedulers.boundedElastic(), Clock.systemUTC());
        uploads = new S3PresignedUploads(connection.presigner(), settings.bucket(), Schedulers.boundedElastic());
    }

    @Test
    void announcedUploadIsTaken() {
        PresignedUploads.SignedPut put = presign(Duration.ofMinutes(10));

        assertThat(put.method()).isEqualTo("PUT");
        assertThat(put.headers())
                .as("what a browser sends of a file by itself")
                .isEqualTo(Map.of("content-length", "50000", "content-type", "image/png"));
        assertThat(put.expiresAt())
                .isBetween(Instant.now().plusSeconds(590), Instant.now().plusSeconds(601));
        assertThat(put.url().getQuery())
                .contains("X-Amz-SignedHeaders=content-length;content-type;host&")
                .contains("x-amz-meta-owner=alice", "x-amz-meta-listing=42");
        assertThat(put.toString()).doesNotContain("X-Amz-Signature");

        assertThat(send(put, put.headers(), BYTES)).isEqualTo(200);

        StoredObject stored = store.stat(KEY).block(SOON);
        assertThat(stored).isNotNull();
        assertThat(stored.length()).isEqualTo(BYTES.length);
        assertThat(stored.contentType()).isEqualTo("image/png");
        assertThat(store.open(KEY)
                        .flatMap(content -> Bodies.join(content.bytes()))
                        .block(SOON))
                .isEqualTo(BYTES);
    }

    @Test
    void uploadIsSignedForTheHostThatClientsKnow() {
        S3 inside = server.settings(S3Server.newBucket(connection));
        String outside = inside.endpoint().replace("127.0.0.1", "localhost");
        S3 both = new S3(
                inside.bucket(),
                inside.endpoint(),
                outside,
                inside.region(),
                inside.pathStyle(),
                inside.accessKey(),
                inside.secretKey(),
                inside.attemptTimeout(),
                inside.callTimeout(),
                inside.putTimeout(),
                inside.tries(),
                inside.connections());
        try (S3Connection own = new S3Connection(both)) {
            uploads = new S3PresignedUploads(own.presigner(), both.bucket(), Schedulers.boundedElastic());
            PresignedUploads.SignedPut put = presign(Duration.ofMinutes(10));

            assertThat(put.url()).asString().startsWith(outside + "/" + both.bucket() + "/");
            assertThat(send(put, put.headers(), BYTES)).isEqualTo(200);
        }
    }

    @Test
    void whoAsksForMoreMayStillSayThatNothingIsToBeReplaced() {
        PresignedUploads.SignedPut put = presign(Duration.ofMinutes(10));
        assertThat(send(put, put.headers(), BYTES)).isEqualTo(200);
        byte[] other = BYTES.clone();
        other[0]++;

        assertThat(send(put, with(put, "if-none-match", "*"), other)).isEqualTo(412);

        assertThat(store.open(KEY)
                        .flatMap(content -> Bodies.join(content.bytes()))
                        .block(SOON))
                .isEqualTo(BYTES);
    }

    @ParameterizedTest
    @CsvSource({"1", "-1", "1000000", "-50000"})
    void otherLengthIsRefused(int difference) {
        PresignedUploads.SignedPut put = presign(Duration.ofMinutes(10));
        byte[] body = Arrays.copyOf(BYTES, BYTES.length + difference);

        assertRefused(send(put, with(put, "content-length", Integer.toString(body.length)), body));
    }

    @Test
    void bodyThatEndsEarlyIsNotStored() {
        PresignedUploads.SignedPut put = presign(Duration.ofMinutes(10));

        assertThat(send(put, put.headers(), Arrays.copyOf(BYTES, BYTES.length - 1)))
                .isNotEqualTo(200);

        assertThat(store.stat(KEY).block(SOON)).isNull();
    }

    @Test
    void bodyThatGoesOnIsCutAtItsAnnouncedLength() {
        PresignedUploads.SignedPut put = presign(Duration.ofMinutes(10));

        send(put, put.headers(), Arrays.copyOf(BYTES, BYTES.length + 1));

        StoredObject stored = store.stat(KEY).block(SOON);
        assertThat(stored == null ? BYTES.length : stored.length()).isEqualTo(BYTES.length);
    }

    @Test
    void bodyInChunksIsRefused() {
        PresignedUploads.SignedPut put = presign(Duration.ofMinutes(10));
        Map<String, String> headers = with(put, "content-length", null);
        headers.put("transfer-encoding", "chunked");
        String chunk = "4\r\nabcd\r\n0\r\n\r\n";

        assertRefused(send(put, headers, chunk.getBytes(StandardCharsets.US_ASCII)));
    }

    @ParameterizedTest
    @CsvSource({"content-type, text/html", "content-type,"})
    void otherHeaderIsRefused(String name, @Nullable String value) {
        PresignedUploads.SignedPut put = presign(Duration.ofMinutes(10));

        assertRefused(send(put, with(put, name, value), BYTES));
    }

    @ParameterizedTest
    @CsvSource({
        "uploads/picture.png, uploads/another.png",
        "X-Amz-Expires=600, X-Amz-Expires=6000",
        "x-amz-meta-owner=alice, x-amz-meta-owner=bob",
        "x-amz-meta-owner=alice&, ''",
        "content-length%3B, ''",
        "X-Amz-Signature=, X-Amz-Signature=0",
        "X-Amz-Signature=, X-Amz-Nothing=",
        "local-identity, other-identity"
    })
    void otherUrlIsRefused(String part, String replacement) {
        PresignedUploads.SignedPut put = presign(Duration.ofMinutes(10));
        String url = put.url().toString();
        assertThat(url).contains(part);
        PresignedUploads.SignedPut tampered = new PresignedUploads.SignedPut(
                "PUT", URI.create(url.replaceFirst(part, replacement)), put.headers(), put.expiresAt());

        assertRefused(send(tampered, put.headers(), BYTES));
        assertThat(store.stat(new ObjectKey("uploads/another.png")).block(SOON)).isNull();
    }

    @Test
    void uploadWithoutASignatureIsRefused() {
        PresignedUploads.SignedPut put = presign(Duration.ofMinutes(10));
        URI bare = URI.create(put.url().toString().replaceFirst("\\?.*", ""));

        assertRefused(send(
                new PresignedUploads.SignedPut("PUT", bare, put.headers(), put.expiresAt()), put.headers(), BYTES));
    }

    @Test
    void otherMethodIsRefused() {
        PresignedUploads.SignedPut put = presign(Duration.ofMinutes(10));
        assertThat(send(put, put.headers(), BYTES)).isEqualTo(200);

        for (String method : new String[] {"GET", "DELETE"}) {
            PresignedUploads.SignedPut other =
                    new PresignedUploads.SignedPut(method, put.url(), put.headers(), put.expiresAt());
            assertThat(send(other, Map.of(), new byte[0])).isGreaterThanOrEqualTo(400);
        }
        assertThat(store.stat(KEY).block(SOON)).isNotNull();
    }

    @Test
    void expiredUploadIsRefused() {
        PresignedUploads.SignedPut put = presign(Duration.ofSeconds(1));
        Await.until(
                SOON,
                "it has expired",
                () -> Instant.now().isAfter(put.expiresAt().plusMillis(10)));

        assertRefused(send(put, put.headers(), BYTES));
    }

    @Test
    void timeToUploadIsBounded() {
        for (Duration bad : new Duration[] {Duration.ZERO, Duration.ofDays(8)}) {
            assertThatThrownBy(() -> uploads.presignPut(KEY, PICTURE, bad))
                    .hasMessageStartingWith("expiresIn: " + bad + " (expected: ");
        }
    }

    private PresignedUploads.SignedPut presign(Duration expiresIn) {
        PresignedUploads.SignedPut put =
                uploads.presignPut(KEY, PICTURE, expiresIn).block(SOON);
        assertThat(put).isNotNull();
        return put;
    }

    private void assertRefused(int status) {
        assertThat(status).isBetween(400, 499);
        assertThat(store.stat(KEY).block(SOON)).isNull();
    }

    private static Map<String, String> with(PresignedUploads.SignedPut put, String name, @Nullable String value) {
        Map<String, String> headers = new HashMap<>(put.headers());
        headers.remove(name);
        if (value != null) {
            headers.put(name, value);
        }
        return headers;
    }

    private static int send(PresignedUploads.SignedPut put, Map<String, String> headers, byte[] body) {
        return RawPut.send(put.method(), put.url(), headers, body);
    }
}
