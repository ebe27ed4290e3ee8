package dev.sluice.gateway.feature.zip;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.contract.archive.ImageArchives;
import dev.sluice.gateway.contract.archive.OnError;
import dev.sluice.gateway.contract.archive.RemoteImage;
import dev.sluice.gateway.outbound.imagecache.ImageStore;
import dev.sluice.gateway.outbound.imagecache.RemoteImages;
import dev.sluice.gateway.outbound.imagecache.disk.CacheRig;
import dev.sluice.gateway.outbound.imagecache.disk.OpenImage;
import dev.sluice.gateway.testing.Archives;
import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.Pictures;
import dev.sluice.gateway.testing.RawConnection;
import dev.sluice.gateway.testing.RunningGateway;
import dev.sluice.gateway.testing.VersionedImage;
import dev.sluice.zipstream.BufferBudget;
import io.micrometer.core.instrument.MeterRegistry;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;
import org.springframework.util.FileSystemUtils;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Archives of images that are in the store, wholly or in part. */
@ExtendWith(NoLeaks.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class StoredImagesTest {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final int LARGE = 300_000;
    private static final int HUGE = 5_000_000;

    @TempDir
    private static Path directory;

    private HostileOrigin origin;
    private RunningGateway gateway;
    private String alice;

    @BeforeAll
    void start() {
        origin = HostileOrigin.start();
        gateway = started(directory.resolve("cache"));
        alice = gateway.signIn("alice", "user");
    }

    private RunningGateway started(Path cache, String... settings) {
        RunningGateway started = starting(cache, settings);
        Await.until(SOON, "the store knows what it has", started.bean(ImageStore.class)::takesImages);
        return started;
    }

    private RunningGateway starting(Path cache, String... settings) {
        Map<String, String> all = new LinkedHashMap<>();
        all.put("sluice.image-proxy.cache.enabled", "true");
        all.put("sluice.image-proxy.cache.directory", cache.toString());
        all.put("sluice.image-proxy.cache.caller-share", "100");
        all.put("sluice.fetch.breaker.window", "10000");
        for (int i = 0; i < settings.length; i += 2) {
            all.put(settings[i], settings[i + 1]);
        }
        return RunningGateway.start(origin, all);
    }

    @AfterAll
    void stop() {
        gateway.close();
        origin.close();
    }

    private VersionedImage image(String path, int seed) {
        return image(path, new VersionedImage(Pictures.noise(seed, LARGE), "\"v" + seed + "\""));
    }

    private VersionedImage image(String path, VersionedImage image) {
        origin.on(path, image);
        return image;
    }

    private String request(String... paths) {
        return "{" + images(paths) + "}";
    }

    private String images(String... paths) {
        return Stream.of(paths)
                .map(path -> "{\"url\":\"" + origin.url(path) + "\"}")
                .collect(Collectors.joining(",", "\"images\":[", "]"));
    }

    private HttpResponse<byte[]> zip(String... paths) {
        HttpResponse<byte[]> answer = gateway.post("/api/zip", request(paths));
        assertThat(answer.statusCode())
                .as(() -> new String(answer.body(), StandardCharsets.UTF_8))
                .isEqualTo(200);
        return answer;
    }

    /** Two archives of them: all are in the store then. */
    private byte[] stored(String... paths) {
        zip(paths);
        return zip(paths).body();
    }

    private JsonNode link(RunningGateway asked, String json) {
        HttpResponse<byte[]> created = asked.post("/api/zip/links", json);
        assertThat(created.statusCode()).isEqualTo(201);
        return JsonMapper.shared().readTree(created.body());
    }

    private String linkTo(String... paths) {
        return link(gateway, request(paths)).path("url").asString();
    }

    private static HttpResponse<byte[]> get(RunningGateway asked, String path, String... headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(asked.uri(path));
        return asked.send(headers.length == 0 ? request : request.headers(headers));
    }

    private static String header(HttpResponse<?> answer, String name) {
        return String.join(" | ", answer.headers().allValues(name));
    }

    private double count(String result) {
        return gateway.bean(MeterRegistry.class)
                .get("sluice.remote_images.requests")
                .tag("result", result)
                .counter()
                .count();
    }

    @Test
    void imageEntersTheStoreAtItsSecondRequestAndIsThenConfirmedByItsOrigin() {
        VersionedImage a = image("/twice/a.png", 1);
        VersionedImage b = image("/twice/b.png", 2);
        double revalidated = count("revalidated");

        HttpResponse<byte[]> first = zip("/twice/a.png", "/twice/b.png");
        assertThat(header(first, "Content-Length")).isEmpty();
        assertThat(gateway.bean(ImageStore.class).has(origin.url("/twice/a.png")))
                .isFalse();
        HttpResponse<byte[]> second = zip("/twice/a.png", "/twice/b.png");
        assertThat(gateway.bean(ImageStore.class).has(origin.url("/twice/a.png")))
                .isTrue();
        HttpResponse<byte[]> third = zip("/twice/a.png", "/twice/b.png");

        assertThat(List.of(a.sent(), b.sent())).containsOnly(2);
        assertThat(List.of(a.confirmed(), b.confirmed())).containsOnly(1);
        assertThat(second.body()).isEqualTo(first.body());
        assertThat(third.body()).isEqualTo(first.body());
        assertThat(header(third, "Content-Length")).isEqualTo(Integer.toString(first.body().length));
        assertThat(Archives.read(third.body()).get("b.png")).isEqualTo(Pictures.noise(2, LARGE));
        assertThat(count("revalidated") - revalidated).isEqualTo(2);
    }

    /** A list that names an image twice is one request for it. */
    @Test
    void oneArchiveThatNamesAnImageTwiceDoesNotStoreIt() {
        image("/doubled/a.png", 3);

        zip("/doubled/a.png", "/doubled/a.png");

        assertThat(gateway.bean(ImageStore.class).has(origin.url("/doubled/a.png")))
                .isFalse();
    }

    @Test
    void archiveOfKnownImagesHasALengthATagAndRanges() {
        image("/known/a.png", 4);
        image("/known/b.png", 5);
        String url = linkTo("/known/a.png", "/known/b.png");
        byte[] streamed = stored("/known/a.png", "/known/b.png");

        HttpResponse<byte[]> head =
                gateway.send(HttpRequest.newBuilder(gateway.uri(url)).method("HEAD", BodyPublishers.noBody()));
        assertThat(header(head, "Content-Length")).isEqualTo(Integer.toString(streamed.length));
        assertThat(header(head, "Accept-Ranges")).isEqualTo("bytes");
        String etag = header(head, "ETag");
        assertThat(etag).startsWith("\"");

        HttpResponse<byte[]> whole = get(gateway, url);
        assertThat(header(whole, "ETag")).isEqualTo(etag);
        assertThat(header(whole, "Content-Disposition")).contains("images.zip");
        assertThat(whole.body()).isEqualTo(streamed);

        int half = streamed.length / 2;
        HttpResponse<byte[]> rest = get(gateway, url, "Range", "bytes=" + half + "-", "If-Range", etag);
        assertThat(rest.statusCode()).isEqualTo(206);
        assertThat(rest.body()).isEqualTo(Arrays.copyOfRange(streamed, half, streamed.length));
        HttpResponse<byte[]> two = get(gateway, url, "Range", "bytes=0-9,-10");
        assertThat(header(two, "Content-Type")).startsWith("multipart/byteranges");
        assertThat(get(gateway, url, "Range", "bytes=" + streamed.length + "-").statusCode())
                .isEqualTo(416);
        assertThat(get(gateway, url, "If-None-Match", etag).statusCode()).isEqualTo(304);

        HttpResponse<byte[]> other = get(gateway, url, "Range", "bytes=" + half + "-", "If-Range", "\"other\"");
        assertThat(other.statusCode()).isEqualTo(200);
        assertThat(other.body()).isEqualTo(streamed);
    }

    @Test
    void linkIsResumableFromItsFirstByteWhenThatIsWanted() {
        VersionedImage a = image("/wanted/a.png", 6);
        image("/wanted/b.png", 7);
        String[] paths = {"/wanted/a.png", "/wanted/b.png"};
        assertThat(link(gateway, request(paths)).path("resumable").asBoolean()).isFalse();
        assertThat(a.sent()).as("nobody was asked").isZero();

        JsonNode link = link(gateway, "{\"resumable\":true," + images(paths) + "}");

        assertThat(link.path("resumable").asBoolean()).isTrue();
        assertThat(link(gateway, request(paths)).path("resumable").asBoolean()).isTrue();
        String url = link.path("url").asString();
        HttpResponse<byte[]> begun = get(gateway, url, "Range", "bytes=0-99999");
        assertThat(begun.statusCode()).isEqualTo(206);
        HttpResponse<byte[]> rest = get(gateway, url, "Range", "bytes=100000-", "If-Range", header(begun, "ETag"));
        assertThat(rest.statusCode()).isEqualTo(206);
        assertThat(Archives.read(joined(begun.body(), rest.body()))).containsOnlyKeys("a.png", "b.png");
        assertThat(a.sent()).isEqualTo(1);
    }

    private static byte[] joined(byte[]... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }

    @Test
    void linkIsNotResumableWithoutAllOfItsImages() {
        image("/partly/a.png", 8);

        JsonNode link = link(gateway, "{\"resumable\":true," + images("/partly/a.png", "/partly/none.png") + "}");

        assertThat(link.path("resumable").asBoolean()).isFalse();
        HttpResponse<byte[]> archive = get(gateway, link.path("url").asString());
        assertThat(archive.statusCode()).isEqualTo(200);
        assertThat(Archives.read(archive.body())).containsOnlyKeys("a.png", "manifest.json");
    }

    /** As a download manager asks that has a part of an archive that came without a tag. */
    @Test
    void whoAsksForAPartGetsOneThoughNothingWasStored() {
        image("/part/a.png", 9);
        String url = linkTo("/part/a.png", "/part/a.png");
        byte[] streamed = get(gateway, url).body();

        HttpResponse<byte[]> rest = get(gateway, url, "Range", "bytes=1000-");

        assertThat(rest.statusCode()).isEqualTo(206);
        assertThat(rest.body()).isEqualTo(Arrays.copyOfRange(streamed, 1000, streamed.length));
    }

    @Test
    void archiveOfKnownAndUnknownImagesHoldsBoth() {
        VersionedImage a = image("/mixed/a.png", 10);
        VersionedImage b = image("/mixed/b.png", 11);
        stored("/mixed/a.png");

        HttpResponse<byte[]> mixed = zip("/mixed/a.png", "/mixed/b.png", "/mixed/none.png", "/mixed/a.png");

        assertThat(header(mixed, "Content-Length")).isEmpty();
        assertThat(Archives.read(mixed.body())).containsOnlyKeys("a.png", "b.png", "a (2).png", "manifest.json");
        assertThat(a.sent()).isEqualTo(2);
        assertThat(b.sent()).isEqualTo(1);
    }

    /** All memory and all room on disk for images are taken, so that nothing but files can be sent. */
    @Test
    void archiveOfKnownImagesTakesNoRoom() {
        image("/roomless/a.png", 50);
        image("/roomless/b.png", 51);
        byte[] streamed = stored("/roomless/a.png", "/roomless/b.png");
        List<BufferBudget.Reservation> taken = Stream.of("imageMemory", "imageDisk")
                .map(kind -> gateway.bean(kind, BufferBudget.class))
                .map(room -> Objects.requireNonNull(
                        room.reserve(room.capacity(), SOON).block()))
                .toList();
        try {
            HttpResponse<byte[]> known = zip("/roomless/a.png", "/roomless/b.png");

            assertThat(header(known, "Content-Length")).isNotEmpty();
            assertThat(known.body()).isEqualTo(streamed);
        } finally {
            taken.forEach(BufferBudget.Reservation::release);
        }
    }

    @Test
    void freshImageIsUsedWithoutAskingItsOrigin() {
        VersionedImage a = image("/fresh/a.png", 52);
        VersionedImage b = image("/fresh/b.png", 53);
        String wanted = request("/fresh/a.png", "/fresh/b.png");
        try (RunningGateway trusting = started(directory.resolve("fresh"), "sluice.zip.reuse", "fresh")) {
            trusting.post("/api/zip", wanted);
            byte[] stored = trusting.post("/api/zip", wanted).body();
            a.become(Pictures.noise(54, LARGE), "\"other\"");

            HttpResponse<byte[]> known = trusting.post("/api/zip", wanted);

            assertThat(header(known, "Content-Length")).isNotEmpty();
            assertThat(known.body()).isEqualTo(stored);
            assertThat(List.of(a.sent(), b.sent()))
                    .as("once for each of the two before")
                    .containsOnly(2);
            assertThat(List.of(a.confirmed(), b.confirmed())).containsOnly(0);
        }
    }

    /** The last that went out is a file, whose last byte nobody here has read. */
    @Test
    void archiveThatBreaksOffAfterAFileIsResetInTheMiddleOfAChunk() throws IOException {
        image("/broken/a.png", 33);
        stored("/broken/a.png");
        CountDownLatch go = new CountDownLatch(1);
        origin.on("/broken/late.png", exchange -> {
            go.await();
            exchange.head(404, "Content-Length: 0");
        });
        List<String> urls = new ArrayList<>(Collections.nCopies(3, origin.url("/broken/a.png")));
        urls.add(origin.url("/broken/late.png"));

        try (RawConnection connection = RawConnection.open(gateway.address())) {
            connection.send(raw("1.1", urls));
            CompletableFuture<RawConnection.Answer> reading = CompletableFuture.supplyAsync(connection::answerOrFail);
            Await.until(SOON, "the files are there", () -> connection.received() > 3 * LARGE);
            go.countDown();
            RawConnection.Answer answer = reading.join();

            assertThat(answer.end()).isEqualTo(RawConnection.End.RESET);
            assertThat(answer.isWithinAChunk()).isTrue();
        }
    }

    private static String raw(String version, List<String> urls) {
        String body = ZipFaultsTest.request(urls, "cut");
        return "POST /api/zip HTTP/" + version + "\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: "
                + body.getBytes(StandardCharsets.UTF_8).length + "\r\n\r\n" + body;
    }

    @Test
    void olderClientGetsFilesAmongBuffersToo() throws IOException {
        image("/older/a.png", 34);
        image("/older/b.png", 35);
        stored("/older/a.png");

        RawConnection.Answer whole = RawConnection.ask(
                gateway.address(), raw("1.0", List.of(origin.url("/older/a.png"), origin.url("/older/b.png"))));

        assertThat(whole.fields("Transfer-Encoding")).isEmpty();
        assertThat(whole.end()).isEqualTo(RawConnection.End.WHOLE);
        assertThat(Archives.read(whole.body()).get("a.png")).isEqualTo(Pictures.noise(34, LARGE));
        assertThat(Archives.read(whole.body()).get("b.png")).isEqualTo(Pictures.noise(35, LARGE));
    }

    @Test
    void changedImageIsFetchedAndItsArchiveHasAnotherTag() {
        VersionedImage a = image("/changed/a.png", 12);
        String url = linkTo("/changed/a.png", "/changed/a.png");
        stored("/changed/a.png");
        String before = header(get(gateway, url), "ETag");

        a.become(Pictures.noise(13, LARGE), "\"other\"");

        HttpResponse<byte[]> resumed = get(gateway, url, "Range", "bytes=1000-", "If-Range", before);
        assertThat(resumed.statusCode()).as("all of it, anew").isEqualTo(200);
        assertThat(header(resumed, "ETag")).isNotEqualTo(before).startsWith("\"");
        assertThat(Archives.read(resumed.body()).get("a.png")).isEqualTo(Pictures.noise(13, LARGE));
    }

    @Test
    void imageThatChangesBehindItsTagIsWhatTheStoreHasWholeAndValid() {
        VersionedImage a = image("/lying/a.png", 14);
        stored("/lying/a.png");

        a.become(Pictures.noise(15, 2 * LARGE), "\"v14\"");

        assertThat(Archives.read(zip("/lying/a.png").body()).get("a.png")).isEqualTo(Pictures.noise(14, LARGE));
    }

    @Test
    void confirmationThatNamesAnotherLengthOrTagIsNotBelieved() {
        VersionedImage a = image("/length/a.png", 16);
        stored("/length/a.png");
        a.become(Pictures.noise(17, LARGE), "\"v16\"");

        a.confirmWith("Content-Length: 17");
        assertThat(Archives.read(zip("/length/a.png").body()).get("a.png")).isEqualTo(Pictures.noise(17, LARGE));

        a.become(Pictures.noise(18, LARGE), "\"v16\"");
        a.confirmWith("ETag: \"v18\"");
        assertThat(Archives.read(zip("/length/a.png").body()).get("a.png")).isEqualTo(Pictures.noise(18, LARGE));
    }

    /** Its first target may be newer than the second, or both have an ETag that says nothing beyond their own URLs. */
    @Test
    void imageIsNotConfirmedByAnotherFileToWhichItsUrlRedirectsByNow() {
        byte[] a = Pictures.noise(50, LARGE);
        byte[] b = Pictures.noise(51, LARGE);
        AtomicInteger confirmed = new AtomicInteger();
        origin.on("/redirected/u.png", Behaviours.redirect(302, "/redirected/a.png"));
        origin.on("/redirected/a.png", dated(a, confirmed));
        origin.on("/redirected/b.png", dated(b, confirmed));
        stored("/redirected/u.png");
        assertThat(Archives.read(zip("/redirected/u.png").body()).get("u.png")).isEqualTo(a);
        assertThat(confirmed).as("by the file itself").hasValue(1);

        origin.on("/redirected/u.png", Behaviours.redirect(302, "/redirected/b.png"));

        assertThat(Archives.read(zip("/redirected/u.png").body()).get("u.png")).isEqualTo(b);
        HttpResponse<byte[]> page = get(
                gateway, "/api/image-proxy?url=" + origin.url("/redirected/u.png"), "Authorization", "Bearer " + alice);
        assertThat(page.body()).isEqualTo(b);
    }

    private static HostileOrigin.Behaviour dated(byte[] bytes, AtomicInteger confirmed) {
        return exchange -> {
            String date = "Last-Modified: Fri, 20 Nov 2026 08:00:00 GMT";
            if (exchange.header("If-Modified-Since").isEmpty()) {
                exchange.head(200, "Content-Type: image/png", "Content-Length: " + bytes.length, date);
                exchange.write(bytes);
            } else {
                confirmed.incrementAndGet();
                exchange.head(304, date);
            }
        };
    }

    /** A caller's share of the memory has room for one of them at a time, and none for the next when that has come. */
    @Test
    void largeImagesEnterTheStoreOneAfterTheOtherAndAreFetchedOnce() {
        String[] wanted =
                IntStream.range(0, 8).mapToObj(i -> "/huge/" + i + ".png").toArray(String[]::new);
        List<VersionedImage> all = Stream.of(wanted)
                .map(path -> image(path, new VersionedImage(Pictures.noise(60, HUGE), "\"v60\"")))
                .toList();
        try (RunningGateway own = started(
                directory.resolve("huge"),
                "sluice.image-proxy.memory-timeout",
                "0ms",
                "sluice.image-proxy.fetch-timeout",
                "60s")) {
            JsonNode link = link(own, "{\"resumable\":true," + images(wanted) + "}");

            assertThat(link.path("resumable").asBoolean()).isTrue();
            assertThat(all).extracting(VersionedImage::sent).containsOnly(1);
        }
    }

    @Test
    void largeImagesOfASecondRequestAreNotAskedForInVain() {
        String[] wanted =
                IntStream.range(0, 5).mapToObj(i -> "/second/" + i + ".png").toArray(String[]::new);
        List<VersionedImage> all = Stream.of(wanted)
                .map(path -> image(path, new VersionedImage(Pictures.noise(61, HUGE), "\"v61\"")))
                .toList();
        try (RunningGateway own = started(
                directory.resolve("second"),
                "sluice.image-proxy.memory-timeout",
                "0ms",
                "sluice.image-proxy.fetch-timeout",
                "60s")) {
            for (int i = 0; i < 2; i++) {
                assertThat(own.post("/api/zip", request(wanted)).statusCode()).isEqualTo(200);
            }

            assertThat(all).extracting(VersionedImage::sent).containsOnly(2);
            assertThat(link(own, request(wanted)).path("resumable").asBoolean()).isTrue();
        }
    }

    @Test
    void notModifiedToWhoHasNothingIsAFailureOfThatImage() {
        origin.on("/unasked/a.png", Behaviours.status(304));
        image("/unasked/b.png", 19);

        for (int i = 0; i < 3; i++) {
            assertThat(Archives.read(zip("/unasked/a.png", "/unasked/b.png").body()))
                    .containsOnlyKeys("b.png", "manifest.json");
        }
    }

    @Test
    void imageWithoutValidatorsIsFetchedEachTimeAndNotStored() {
        VersionedImage a = image("/nameless/a.png", new VersionedImage(Pictures.noise(20, LARGE), null));

        for (int i = 1; i <= 4; i++) {
            zip("/nameless/a.png");
        }

        // The second was for the store, which found out that there is nothing to ask by.
        assertThat(a.sent()).isEqualTo(5);
        assertThat(gateway.bean(ImageStore.class).has(origin.url("/nameless/a.png")))
                .isFalse();
    }

    @Test
    void imageThatMayNotBeStoredIsNot() {
        byte[] bytes = Pictures.noise(21, LARGE);
        origin.on(
                "/private/a.png",
                Behaviours.answer(
                        bytes,
                        "Content-Type: image/png",
                        "Content-Length: " + bytes.length,
                        "ETag: \"p\"",
                        "Cache-Control: private"));

        for (int i = 0; i < 3; i++) {
            assertThat(Archives.read(zip("/private/a.png").body()).get("a.png")).isEqualTo(bytes);
        }

        assertThat(gateway.bean(ImageStore.class).has(origin.url("/private/a.png")))
                .isFalse();
    }

    @Test
    void goneImageIsLeftOutThoughItIsStored() {
        image("/gone/a.png", 22);
        image("/gone/b.png", 23);
        stored("/gone/a.png", "/gone/b.png");

        origin.on("/gone/a.png", Behaviours.status(410));

        assertThat(Archives.read(zip("/gone/a.png", "/gone/b.png").body())).containsOnlyKeys("b.png", "manifest.json");
    }

    @Test
    void imageThatWasDamagedOnDiskIsFetchedAnew() {
        VersionedImage a = image("/damaged/a.png", 24);
        stored("/damaged/a.png");
        CacheRig.flip(file("/damaged/a.png"), LARGE);

        byte[] archive = zip("/damaged/a.png").body();

        assertThat(Archives.read(archive).get("a.png")).isEqualTo(Pictures.noise(24, LARGE));
        assertThat(a.sent()).isEqualTo(3);
        assertThat(zip("/damaged/a.png").body()).isEqualTo(archive);
        assertThat(a.sent()).as("it is stored again").isEqualTo(3);
    }

    /** The one that was stored last, whatever its path. */
    private Path file(String path) {
        assertThat(gateway.bean(ImageStore.class).has(origin.url(path))).isTrue();
        return CacheRig.files(directory.resolve("cache")).stream()
                .max((one, other) -> modified(one).compareTo(modified(other)))
                .orElseThrow();
    }

    private static FileTime modified(Path file) {
        try {
            return Files.getLastModifiedTime(file);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    @Test
    void archivesComeThoughTheDirectoryOfTheStoreIsDeleted() throws IOException {
        image("/deleted/a.png", 25);
        image("/deleted/b.png", 26);
        Path cache = directory.resolve("deleted");
        try (RunningGateway other = started(cache)) {
            byte[] first = other.post("/api/zip", request("/deleted/a.png", "/deleted/b.png"))
                    .body();
            other.post("/api/zip", request("/deleted/a.png", "/deleted/b.png"));
            assertThat(CacheRig.files(cache)).hasSize(2);

            FileSystemUtils.deleteRecursively(cache);

            for (int i = 0; i < 3; i++) {
                assertThat(other.post("/api/zip", request("/deleted/a.png", "/deleted/b.png"))
                                .body())
                        .isEqualTo(first);
            }
            Await.until(
                    SOON, "they are stored again", () -> CacheRig.files(cache).size() == 2);
        }
    }

    @Test
    void anotherGatewayOnTheSameDirectoryDoesWithoutItAndTakesItOver() {
        VersionedImage a = image("/shared/a.png", 27);
        Path cache = directory.resolve("shared");
        String wanted = request("/shared/a.png", "/shared/a.png");
        byte[] archive;
        RunningGateway first = started(cache);
        try (RunningGateway second = starting(cache)) {
            try (first) {
                archive = first.post("/api/zip", wanted).body();
                first.post("/api/zip", wanted);
                int before = a.sent();

                for (int i = 1; i <= 3; i++) {
                    assertThat(second.post("/api/zip", wanted).body()).isEqualTo(archive);
                }
                assertThat(a.sent())
                        .as("nothing is fetched for a store that takes nothing")
                        .isEqualTo(before + 6);
                assertThat(first.post("/api/zip", wanted).body()).isEqualTo(archive);
            }
            Await.until(SOON, "the directory is its own", second.bean(ImageStore.class)::takesImages);
            assertThat(second.post("/api/zip", wanted).body()).isEqualTo(archive);
            assertThat(second.bean(ImageStore.class).has(origin.url("/shared/a.png")))
                    .isTrue();
        }
    }

    /** With what the store of the one has, the other knows the same archive. */
    @Test
    void downloadGoesOnAtAnotherGatewayWithTheSameImagesAndElseBeginsAnew() {
        image("/moved/a.png", 28);
        image("/moved/b.png", 29);
        String wanted = "{\"resumable\":true," + images("/moved/a.png", "/moved/b.png") + "}";
        Path cache = directory.resolve("moved");
        HttpResponse<byte[]> begun;
        try (RunningGateway first = started(cache)) {
            begun = get(first, link(first, wanted).path("url").asString(), "Range", "bytes=0-333332");
        }
        String etag = header(begun, "ETag");

        try (RunningGateway second = started(cache)) {
            String url = link(second, wanted).path("url").asString();
            HttpResponse<byte[]> rest = get(second, url, "Range", "bytes=333333-", "If-Range", etag);
            assertThat(rest.statusCode()).isEqualTo(206);
            assertThat(Archives.read(joined(begun.body(), rest.body()))).containsOnlyKeys("a.png", "b.png");
        }
        image("/moved/b.png", 30);
        try (RunningGateway third = started(directory.resolve("elsewhere"))) {
            String url = link(third, request("/moved/a.png", "/moved/b.png"))
                    .path("url")
                    .asString();
            HttpResponse<byte[]> all = get(third, url, "Range", "bytes=333333-", "If-Range", etag);
            assertThat(all.statusCode()).isEqualTo(200);
            assertThat(header(all, "ETag")).isNotEqualTo(etag).startsWith("\"");
            assertThat(Archives.read(all.body()).get("b.png")).isEqualTo(Pictures.noise(30, LARGE));
        }
    }

    /** A client that reads nothing pins what it was to be sent; others go on, without the store where it is full. */
    @Test
    void slowClientsHoldNoMoreThanHalfOfTheStore() {
        List<VersionedImage> all = IntStream.range(0, 4)
                .mapToObj(i -> image("/pinned/" + i + ".png", 40 + i))
                .toList();
        try (RunningGateway small =
                started(directory.resolve("small"), "sluice.image-proxy.cache.max-size", "1400KB")) {
            String[] held = {"/pinned/0.png", "/pinned/1.png"};
            small.post("/api/zip", request(held));
            small.post("/api/zip", request(held));
            assertThat(CacheRig.files(directory.resolve("small"))).hasSize(2);
            RemoteImages images = small.bean(RemoteImages.class);

            List<OpenImage> pins = Stream.of(held)
                    .map(path -> images.get(
                                    origin.url(path),
                                    RemoteImages.Freshness.FRESH,
                                    RemoteImages.Entering.NOT,
                                    pin -> {})
                            .blockOptional(SOON))
                    .flatMap(Optional::stream)
                    .toList();
            assertThat(pins).as("two would be more than half of it").hasSize(2);

            for (int round = 0; round < 3; round++) {
                for (int i = 2; i < 4; i++) {
                    HttpResponse<byte[]> archive = small.post("/api/zip", request("/pinned/" + i + ".png"));
                    assertThat(Archives.read(archive.body()).get(i + ".png")).isEqualTo(Pictures.noise(40 + i, LARGE));
                }
            }
            assertThat(all.subList(2, 4))
                    .as(
                            "fetched for the first request, and once for the store: confirmed after that, and not fetched again because it is not pinned")
                    .allSatisfy(image -> assertThat(image.sent()).isEqualTo(2));
            pins.forEach(pin -> assertThat(CacheRig.bytes(pin)).hasSize(LARGE));
            pins.forEach(OpenImage::dispose);
        }
    }

    /** The proxy's callers and archives wait for one and the same answer. */
    @Test
    void originIsAskedOnceForAnArchiveAndThePageThatWantItsImageAtTheSameTime() throws Exception {
        VersionedImage a = image("/once/a.png", 31);
        zip("/once/a.png");
        CountDownLatch asked = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        origin.on("/once/a.png", exchange -> {
            asked.countDown();
            go.await();
            a.answer(exchange);
        });

        CompletableFuture<HttpResponse<byte[]>> archive = CompletableFuture.supplyAsync(() -> zip("/once/a.png"));
        asked.await();
        CompletableFuture<HttpResponse<byte[]>> page = CompletableFuture.supplyAsync(() ->
                get(gateway, "/api/image-proxy?url=" + origin.url("/once/a.png"), "Authorization", "Bearer " + alice));
        Await.until(
                SOON,
                "both wait",
                () -> gateway.bean(MeterRegistry.class)
                                .get("sluice.image_proxy.waiting")
                                .gauge()
                                .value()
                        == 2);
        go.countDown();

        assertThat(Archives.read(archive.get().body()).get("a.png")).isEqualTo(Pictures.noise(31, LARGE));
        assertThat(page.get().body()).isEqualTo(Pictures.noise(31, LARGE));
        assertThat(a.sent()).as("for the archive before, and now").isEqualTo(2);
    }

    /** As trainings have theirs made. */
    @Test
    void archiveForAnotherFeatureComesFromTheStoreToo() {
        VersionedImage a = image("/training/a.png", 32);
        List<RemoteImage> images = List.of(new RemoteImage(origin.url("/training/a.png"), null));

        for (int i = 0; i < 4; i++) {
            byte[] archive = DataBufferUtils.join(gateway.bean(ImageArchives.class)
                            .of(images, OnError.FAIL, DefaultDataBufferFactory.sharedInstance)
                            .bytes())
                    .map(StoredImagesTest::bytes)
                    .block(SOON);
            assertThat(Archives.read(Objects.requireNonNull(archive)).get("a.png"))
                    .isEqualTo(Pictures.noise(32, LARGE));
        }

        assertThat(a.sent()).isEqualTo(2);
        assertThat(a.confirmed()).isEqualTo(2);
    }

    private static byte[] bytes(DataBuffer buffer) {
        byte[] bytes = new byte[buffer.readableByteCount()];
        buffer.read(bytes);
        DataBufferUtils.release(buffer);
        return bytes;
    }

    /** What is kept for good is what its origin sends now, not what it confirms. */
    @Test
    void importAsksTheOriginForTheBytes() throws IOException {
        byte[] drawn = drawn();
        VersionedImage a = image("/import/a.png", new VersionedImage(drawn, "\"i\""));
        stored("/import/a.png");
        assertThat(a.sent()).isEqualTo(2);

        HttpResponse<byte[]> imported = gateway.send(HttpRequest.newBuilder(gateway.uri("/api/images/imports"))
                .header("Authorization", "Bearer " + alice)
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString("{\"url\":\"" + origin.url("/import/a.png") + "\"}")));

        assertThat(imported.statusCode()).isEqualTo(201);
        assertThat(a.sent()).isEqualTo(3);
    }

    private static byte[] drawn() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ImageIO.write(new BufferedImage(20, 10, BufferedImage.TYPE_INT_RGB), "png", bytes);
        return bytes.toByteArray();
    }
}
