package dev.sluice.gateway.feature.uploads;

import static dev.sluice.gateway.feature.uploads.UploadRig.picture;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.feature.uploads.UploadRig.Put;
import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.RawPut;
import dev.sluice.gateway.testing.RunningGateway;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

/** On a directory, for which the gateway takes the uploads, and H2. */
@ExtendWith({OutputCaptureExtension.class, NoLeaks.class})
class LocalUploadTest extends UploadContract {
    private static final byte[] PNG = picture("png", 150, 100);

    @TempDir
    static Path data;

    @Override
    Map<String, String> settings() {
        return Map.of("sluice.storage.directory", data.resolve("store").toString());
    }

    /** Each gateway has one. */
    @Override
    Map<String, String> newDatabase() {
        return Map.of();
    }

    @Override
    long objects() {
        return files(data.resolve("store/objects"), "content");
    }

    private static long files(Path directory, String name) {
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(Files::isRegularFile)
                    .filter(file -> file.endsWith(name))
                    .count();
        } catch (UncheckedIOException | NoSuchFileException changing) {
            return -1;
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    private void assertRefused(Put put, int status, int expected) {
        assertThat(status).isEqualTo(expected);
        assertThat(rig.complete(put).statusCode()).as("nothing is there").isEqualTo(409);
    }

    private static Map<String, String> with(Put put, String name, @Nullable String value) {
        Map<String, String> headers = new HashMap<>(put.headers());
        headers.remove(name);
        if (value != null) {
            headers.put(name, value);
        }
        return headers;
    }

    @Test
    void rightBytesAreTaken() {
        Put put = rig.announced("image/png", PNG.length);

        assertThat(put.send(PNG)).isEqualTo(200);
        assertThat(rig.complete(put).statusCode()).isEqualTo(200);
    }

    @ParameterizedTest
    @CsvSource({"1", "-1", "1000000"})
    void otherLengthIsRefusedBeforeAByteIsSent(int difference) throws IOException {
        Put put = rig.announced("image/png", PNG.length);
        Map<String, String> headers = with(put, "content-length", Integer.toString(PNG.length + difference));

        try (Socket client = RawPut.open("PUT", put.url(), headers)) {
            assertRefused(put, RawPut.status(client), 400);
        }
    }

    @Test
    void lengthOverEveryLimitIsRefusedBeforeAByteIsSent() throws IOException {
        Put put = rig.announced("image/png", PNG.length);

        try (Socket client = RawPut.open("PUT", put.url(), with(put, "content-length", "1000000000000"))) {
            assertRefused(put, RawPut.status(client), 413);
        }
    }

    @Test
    void noLengthIsRefused() {
        Put put = rig.announced("image/png", PNG.length);

        assertRefused(put, put.send(with(put, "content-length", null), new byte[0]), 400);
    }

    @Test
    void bodyInChunksIsRefusedBeforeAChunkIsSent() throws IOException {
        Put put = rig.announced("image/png", PNG.length);
        Map<String, String> headers = with(put, "content-length", null);
        headers.put("transfer-encoding", "chunked");

        try (Socket client = RawPut.open("PUT", put.url(), headers)) {
            assertRefused(put, RawPut.status(client), 400);
        }
    }

    @Test
    void bodyThatEndsEarlyIsNotStored() {
        Put put = rig.announced("image/png", PNG.length);

        assertThat(put.send(Arrays.copyOf(PNG, PNG.length - 1))).isNotEqualTo(200);

        assertThat(rig.complete(put).statusCode()).isEqualTo(409);
        Await.until(SOON, "nothing is left of it", () -> inWork() == 0);
    }

    @Test
    void bodyThatGoesOnIsCutAtItsAnnouncedLength() {
        Put put = rig.announced("image/png", PNG.length);

        put.send(Arrays.copyOf(PNG, PNG.length + 1));

        assertThat(rig.complete(put).statusCode()).isIn(200, 409);
    }

    @ParameterizedTest
    @CsvSource({
        "content-type, image/jpeg, 400",
        "content-type, text/html, 415",
        "content-type,, 415",
        "x-amz-meta-image-id, back, 400",
        "x-amz-meta-listing-id, other, 400",
        "x-amz-meta-further, more, 400",
        "X-Amz-Meta-Further, more, 400",
        "if-none-match, other, 400",
    })
    void otherHeaderIsRefused(String name, @Nullable String value, int status) {
        Put put = rig.announced("image/png", PNG.length);

        assertRefused(put, put.send(with(put, name, value), PNG), status);
    }

    @Test
    void whatABrowserSendsByItselfIsEnough() {
        Put put = rig.announced("image/png", PNG.length);
        Map<String, String> own = Map.of("content-type", "image/png", "content-length", "" + PNG.length);

        assertThat(put.headers()).isEqualTo(own);
        assertThat(put.send(own, PNG)).isEqualTo(200);
        assertThat(put.send(own, PNG)).isEqualTo(409);
        assertThat(rig.complete(put).statusCode()).isEqualTo(200);
        assertThat(put.send(own, PNG)).as("complete").isEqualTo(409);
    }

    @Test
    void whatOneMaySendToABucketBesidesIsTakenToo() {
        Put put = rig.announced("image/png", PNG.length);
        Map<String, String> all = new HashMap<>(put.headers());
        all.put("if-none-match", "*");
        all.put("x-amz-meta-image-id", "front");
        all.put("x-amz-meta-listing-id", put.listingId());

        assertThat(put.send(all, PNG)).isEqualTo(200);
    }

    @Test
    void uploadToAnotherKeyIsRefused() {
        Put mine = rig.announced("image/png", PNG.length);
        Put other = rig.announced("image/png", PNG.length);
        // The token of one with the signature of the other.
        URI mixed = URI.create(
                mine.url().toString().replaceFirst("\\?.*", "?") + other.url().getRawQuery());

        assertRefused(mine, RawPut.send("PUT", mixed, mine.headers(), PNG), 403);
        assertRefused(other, RawPut.send("PUT", mixed, other.headers(), PNG), 403);
    }

    @ParameterizedTest
    @CsvSource({"[?]sig=, ?sig=A", "[?]sig=.*, ''", "[?]sig=.*, ?sig=", "/uploads/., /uploads/A", "[?]sig, ?gis"})
    void otherUrlIsRefused(String part, String replacement) {
        Put put = rig.announced("image/png", PNG.length);
        URI tampered = URI.create(put.url().toString().replaceFirst(part, replacement));
        assertThat(tampered).isNotEqualTo(put.url());

        assertRefused(put, RawPut.send("PUT", tampered, put.headers(), PNG), 403);
        // Neither does a session help.
        Map<String, String> signedIn = new HashMap<>(put.headers());
        signedIn.put("authorization", "Bearer " + rig.token("alice"));
        assertRefused(put, RawPut.send("PUT", tampered, signedIn, PNG), 403);
    }

    @Test
    void otherMethodIsRefused() {
        Put put = rig.announced("image/png", PNG.length);

        for (String method : new String[] {"GET", "POST", "DELETE"}) {
            assertRefused(put, RawPut.send(method, put.url(), Map.of("content-length", "0"), new byte[0]), 405);
        }
    }

    @Test
    void pageOfAnAllowedOriginMaySendItWithoutASession() {
        Put put = rig.announced("image/png", PNG.length);
        HttpResponse<byte[]> preflight = gateway.send(HttpRequest.newBuilder(put.url())
                .method("OPTIONS", BodyPublishers.noBody())
                .header("Origin", "http://localhost:5173")
                .header("Access-Control-Request-Method", "PUT")
                .header("Access-Control-Request-Headers", "content-type,if-none-match,x-amz-meta-image-id"));
        Map<String, String> fromPage = with(put, "origin", "http://localhost:5173");

        assertThat(preflight.statusCode()).isEqualTo(200);
        assertThat(preflight.headers().firstValue("Access-Control-Allow-Headers"))
                .hasValue("content-type, if-none-match, x-amz-meta-image-id");
        assertThat(put.send(with(put, "origin", "https://evil.example"), PNG)).isEqualTo(403);
        assertThat(put.send(fromPage, PNG)).isEqualTo(200);
    }

    @Test
    void clientsThatLeaveInTheMiddleLeaveNothing(CapturedOutput output) throws IOException {
        byte[] large = new byte[5_000_000];
        Put put = rig.announced("image/png", large.length);
        for (int i = 0; i < 10; i++) {
            try (Socket client = writing(put, large, 400_000 * i)) {
                client.setSoLinger(true, 0); // resets the connection
            }
            Await.until(SOON, "nothing is left of it", () -> inWork() == 0);
        }
        assertThat(rig.complete(put).statusCode()).isEqualTo(409);

        // What has failed so far takes nothing from who tries again.
        Await.until(SOON, "it is taken", () -> put.send(large) == 200);
        assertThat(output.getAll().lines())
                .as("a client's leaving is no fault of the gateway")
                .noneMatch(line -> line.contains("Connection reset") || line.contains("Connection has been closed"));
    }

    /** A put whose first bytes are being written; begun again where the one before has not quite ended. */
    private static Socket writing(Put put, byte[] body, int count) throws IOException {
        AtomicReference<Socket> client = new AtomicReference<>(begin(put, body, count));
        Await.until(SOON, "it is being written", () -> {
            Socket last = client.get();
            if (!last.isClosed() && (count == 0 || inWork() > 0)) {
                return true;
            }
            if (last.isClosed() || isAnswered(last)) {
                try {
                    last.close();
                    client.set(begin(put, body, count));
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
            return false;
        });
        return client.get();
    }

    private static boolean isAnswered(Socket client) {
        try {
            return client.getInputStream().available() > 0;
        } catch (IOException closed) {
            return true;
        }
    }

    /** A put with a first part of its body; closed if it was refused before that was written. */
    private static Socket begin(Put put, byte[] body, int count) throws IOException {
        Socket client = RawPut.open("PUT", put.url(), put.headers());
        try {
            client.getOutputStream().write(body, 0, count);
            client.getOutputStream().flush();
        } catch (SocketException refusedMeanwhile) {
            client.close();
        }
        return client;
    }

    @Test
    void slowUploadIsGivenUpAndLeavesNothing() throws IOException {
        Map<String, String> impatient = new HashMap<>(settings());
        impatient.put("sluice.uploads.put-timeout", "1s");
        try (RunningGateway other = RunningGateway.start(impatient)) {
            Put put = new UploadRig(other).announced("image/png", PNG.length);
            try (Socket client = RawPut.open("PUT", put.url(), put.headers())) {
                client.getOutputStream().write(PNG, 0, 100);

                assertThat(RawPut.status(client)).isEqualTo(408);
            }
            Await.until(SOON, "nothing is left of it", () -> inWork() == 0);
        }
    }

    @Test
    void uploadThatBeginsAfterTenMinutesIsRefused() {
        LaterClock clock = new LaterClock();
        try (RunningGateway other = RunningGateway.start(Map.of(), clock)) {
            UploadRig client = new UploadRig(other);
            Put inTime = client.announced("image/png", PNG.length);
            Put late = client.announced("image/png", PNG.length);

            clock.go(Duration.ofMinutes(9));
            assertThat(inTime.send(PNG)).isEqualTo(200);
            clock.go(Duration.ofMinutes(1).plusSeconds(1));
            assertThat(late.send(PNG)).isEqualTo(403);

            assertThat(client.complete(late).statusCode()).isEqualTo(409);
            // What has begun in time has the rest of the hour.
            assertThat(client.complete(inTime).statusCode()).isEqualTo(200);
        }
    }

    @Test
    void putAfterCompletionAndDeletionIsRefused() {
        Put put = rig.announced("image/png", PNG.length);
        assertThat(put.send(PNG)).isEqualTo(200);
        String id = UploadRig.text(rig.complete(put), "id");
        assertThat(delete(id)).isEqualTo(204);
        long before = objects();

        assertThat(put.send(PNG)).isEqualTo(409);

        assertThat(objects()).isEqualTo(before);
    }

    private int delete(String id) {
        return gateway.send(HttpRequest.newBuilder(gateway.uri("/api/images/" + id))
                        .header("Authorization", "Bearer " + rig.token("alice"))
                        .DELETE())
                .statusCode();
    }

    @Test
    void putAfterARefusalIsRefused() {
        Put put = rig.announced("image/png", 3);
        assertThat(put.send(new byte[3])).isEqualTo(200);
        assertThat(rig.complete(put).statusCode()).isEqualTo(422);

        assertThat(put.send(new byte[3])).isEqualTo(409);
    }

    @Test
    void putThatWasAnnouncedAnewIsRefused() {
        Put replaced = rig.announced("image/png", PNG.length);
        String again = UploadRig.JSON.writeValueAsString(Map.of(
                "listingId",
                replaced.listingId(),
                "images",
                List.of(UploadRig.image(replaced.imageId(), "image/png", PNG.length))));
        Put put = UploadRig.puts(rig.submit("alice", "alice", again)).getFirst();

        assertThat(replaced.send(PNG)).isEqualTo(409);
        assertThat(put.send(PNG)).isEqualTo(200);
    }

    @Test
    void oneAtATimeWritesAnUpload() throws IOException {
        byte[] large = new byte[5_000_000];
        Put put = rig.announced("image/png", large.length);
        try (Socket first = RawPut.open("PUT", put.url(), put.headers())) {
            first.getOutputStream().write(large, 0, 100_000);
            Await.until(SOON, "it is being written", () -> inWork() == 1);

            for (int i = 0; i < 10; i++) {
                try (Socket further = RawPut.open("PUT", put.url(), put.headers())) {
                    assertThat(RawPut.status(further)).isEqualTo(409);
                }
            }

            assertThat(inWork()).isEqualTo(1);
            first.getOutputStream().write(large, 100_000, large.length - 100_000);
            assertThat(RawPut.status(first)).isEqualTo(200);
        }
    }

    @Test
    void uploadsUnderWayTakeAShareOfTheDiskBeforeAByteIsRead() throws IOException {
        Map<String, String> small = new HashMap<>(settings());
        small.put("sluice.uploads.max-image-size", "1MB");
        small.put("sluice.uploads.put-budget", "3MB");
        small.put("sluice.uploads.put-budget-per-owner", "2MB");
        try (RunningGateway other = RunningGateway.start(small)) {
            UploadRig client = new UploadRig(other);
            byte[] body = new byte[1_000_000];
            List<Socket> held = new ArrayList<>();
            try {
                held.add(begun(client, "mallory", body, 1));
                held.add(begun(client, "mallory", body, 2));
                // The third of hers finds no room, though nothing but a head was sent.
                assertThat(refused(client, "mallory", body)).isEqualTo(429);
                held.add(begun(client, "alice", body, 3));
                assertThat(refused(client, "bob", body)).isEqualTo(503);

                held.removeFirst().close();
                Await.until(SOON, "hers is given up", () -> inWork() == 2);
                Put bobs = UploadRig.puts(announcing(client, "bob", body)).getFirst();
                // Its room is free only when its file is gone, and that may be a moment later.
                Await.until(SOON, "his is taken", () -> bobs.send(body) == 200);
            } finally {
                for (Socket each : held) {
                    each.close();
                }
            }
            Await.until(SOON, "nothing is left of them", () -> inWork() == 0);
        }
    }

    private static HttpResponse<byte[]> announcing(UploadRig client, String user, byte[] body) {
        return client.submit(
                user,
                user,
                UploadRig.JSON.writeValueAsString(
                        Map.of("images", List.of(UploadRig.image("front", "image/png", body.length)))));
    }

    private static Socket begun(UploadRig client, String user, byte[] body, int working) throws IOException {
        Put put = UploadRig.puts(announcing(client, user, body)).getFirst();
        Socket socket = RawPut.open("PUT", put.url(), put.headers());
        socket.getOutputStream().write(body, 0, 1000);
        Await.until(SOON, "it is being written", () -> inWork() == working);
        return socket;
    }

    private static int refused(UploadRig client, String user, byte[] body) throws IOException {
        Put put = UploadRig.puts(announcing(client, user, body)).getFirst();
        try (Socket socket = RawPut.open("PUT", put.url(), put.headers())) {
            return RawPut.status(socket);
        }
    }

    @Test
    void credentialIsInNoPathAndNoProblem() throws IOException {
        Put put = rig.announced("image/png", PNG.length);
        String signature = put.url().getRawQuery().substring("sig=".length());

        HttpResponse<byte[]> refused = gateway.send(HttpRequest.newBuilder(put.url())
                .header("Content-Type", "image/png")
                .PUT(BodyPublishers.ofByteArray(new byte[3])));

        assertThat(refused.statusCode()).isEqualTo(400);
        assertThat(new String(refused.body(), StandardCharsets.UTF_8)).doesNotContain(signature);
        assertThat(put.url().getRawPath()).doesNotContain(signature);
    }

    /** Files of puts under way. */
    private static long inWork() {
        return files(data.resolve("store/work"), "content");
    }
}
