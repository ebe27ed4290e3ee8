package dev.sluice.gateway.feature.zip;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.outbound.imagecache.ImageStore;
import dev.sluice.gateway.testing.Archives;
import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.Pictures;
import dev.sluice.gateway.testing.RawConnection;
import dev.sluice.gateway.testing.RawConnection.End;
import dev.sluice.gateway.testing.RunningGateway;
import dev.sluice.gateway.testing.VersionedImage;
import dev.sluice.zipstream.BufferBudget;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

/** What clients of archives of known images keep in the store, and how archives are counted. */
@ExtendWith(NoLeaks.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SeekableArchivesTest {
    private static final Duration SOON = Duration.ofSeconds(60);
    /** Three are more than two kernels' buffers take of a client that reads nothing. */
    private static final int LARGE = 2_500_000;

    private static final int SMALL = 1_000;

    @TempDir
    private static Path directory;

    private HostileOrigin origin;
    private RunningGateway gateway;

    @BeforeAll
    void start() {
        origin = HostileOrigin.start();
        gateway = started("cache");
    }

    /** Half of its store has room for three large images, and not for a fourth. */
    private RunningGateway started(String cache, String... settings) {
        Map<String, String> all = new LinkedHashMap<>();
        all.put("sluice.image-proxy.cache.enabled", "true");
        all.put("sluice.image-proxy.cache.directory", directory.resolve(cache).toString());
        all.put("sluice.image-proxy.cache.max-size", "17MB");
        all.put("sluice.image-proxy.cache.caller-share", "100");
        all.put("sluice.inbound.stalled-after", "1h");
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

    /** So many images below a path, each with its number as its seed. */
    private List<String> images(String path, int count, int length) {
        return IntStream.range(0, count)
                .mapToObj(number -> {
                    String image = path + number + ".png";
                    origin.on(image, new VersionedImage(Pictures.noise(number, length), "\"v" + number + "\""));
                    return origin.url(image);
                })
                .toList();
    }

    private static HttpResponse<byte[]> zip(RunningGateway asked, List<String> urls) {
        HttpResponse<byte[]> answer = get(asked, link(asked, urls));
        assertThat(answer.statusCode()).isEqualTo(200);
        return answer;
    }

    private static String link(RunningGateway asked, List<String> urls) {
        return JsonMapper.shared()
                .readTree(asked.post("/api/zip/links", ZipFaultsTest.request(urls, "skip"))
                        .body())
                .path("url")
                .asString();
    }

    private static HttpResponse<byte[]> get(RunningGateway asked, String path, String... headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(asked.uri(path));
        return asked.send(headers.length == 0 ? request : request.headers(headers));
    }

    /** Whether every byte of an archive was known before its first. */
    private static boolean isKnown(HttpResponse<byte[]> archive) {
        return archive.headers().firstValue("ETag").isPresent();
    }

    private static void store(RunningGateway asked, List<String> urls) {
        for (String url : urls) {
            zip(asked, List.of(url));
            zip(asked, List.of(url));
        }
        assertThat(urls).allMatch(asked.bean(ImageStore.class)::has);
    }

    /** A client that has read the head of an archive of known images, and nothing more. */
    private static RawConnection paused(RunningGateway asked, List<String> urls) throws IOException {
        RawConnection connection = asking(asked, urls, "");
        assertThat(connection.head()).contains("200 OK", "ETag: ");
        return connection;
    }

    private static double pinned(RunningGateway asked) {
        return asked.bean(MeterRegistry.class)
                .get("sluice.image_proxy.cache.pinned")
                .gauge()
                .value();
    }

    private double evicted() {
        return gateway.bean(MeterRegistry.class)
                .get("sluice.image_proxy.cache.evictions")
                .tag("cause", "size")
                .counter()
                .count();
    }

    @Test
    void clientThatStopsReadingPinsItsImagesUntilItLeavesWhileOthersAreEvicted() throws IOException {
        List<String> held = images("/held/", 3, LARGE);
        List<String> others = images("/others/", 5, LARGE);
        store(gateway, held);
        Await.until(SOON, "nothing is pinned", () -> pinned(gateway) == 0);
        ImageStore store = gateway.bean(ImageStore.class);

        try (RawConnection _ = paused(gateway, held)) {
            double pinned = pinned(gateway);
            assertThat(pinned).isGreaterThan(3.0 * LARGE);
            double evicted = evicted();
            for (String other : others) {
                store(gateway, List.of(other));
                HttpResponse<byte[]> archive = zip(gateway, List.of(other));
                assertThat(isKnown(archive))
                        .as("it would pin more than half of the store")
                        .isFalse();
                int number = others.indexOf(other);
                assertThat(Archives.read(archive.body()).get(number + ".png")).isEqualTo(Pictures.noise(number, LARGE));
            }
            assertThat(evicted()).as("room was made").isGreaterThan(evicted);
            assertThat(held).as("what is read stays").allMatch(store::has);
            assertThat(pinned(gateway)).isEqualTo(pinned);
        }

        Await.until(SOON, "nothing is pinned", () -> pinned(gateway) == 0);
        assertThat(isKnown(zip(gateway, List.of(others.getLast())))).isTrue();
    }

    @Test
    void clientThatStopsReadingIsCutOffAndItsImagesArePinnedNoMore() throws IOException {
        List<String> held = images("/stalled/", 3, LARGE);
        try (RunningGateway impatient = started("impatient", "sluice.inbound.stalled-after", "5s")) {
            store(impatient, held);

            try (RawConnection client = paused(impatient, held)) {
                assertThat(pinned(impatient)).isGreaterThan(3.0 * LARGE);

                Await.until(SOON, "nothing is pinned", () -> pinned(impatient) == 0);
                assertThat(client.rest()).isEqualTo(End.RESET);
            }
        }
    }

    /** However far it is: within a file that goes to the socket, within buffers, or before an image that is to come. */
    @Test
    void archiveThatIsNotReadInItsTimeIsCutOffAndItsImagesArePinnedNoMore() throws IOException {
        List<String> held = images("/hour/", 3, LARGE);
        origin.on("/hour/late.png", Behaviours.silent());
        List<String> mixed = new ArrayList<>(held);
        mixed.add(origin.url("/hour/late.png"));
        // With so much time for the silence, it is not this that ends it.
        try (RunningGateway hasty = started(
                "hasty",
                "sluice.zip.archive-timeout",
                "5s",
                "sluice.zip.longest-silence",
                "1h",
                "sluice.image-proxy.cache.max-size",
                "100MB")) {
            store(hasty, held);
            String range = "Range: bytes=0-0,2-\r\n";

            try (RawConnection whole = asking(hasty, held, "");
                    RawConnection parts = asking(hasty, held, range);
                    RawConnection asItComes = asking(hasty, mixed, "")) {
                assertThat(whole.head()).contains("200 OK", "ETag: ");
                assertThat(parts.head()).contains("206 Partial Content");
                assertThat(asItComes.head()).contains("200 OK").doesNotContain("ETag: ");
                assertThat(pinned(hasty)).isGreaterThan(3.0 * LARGE);

                Await.until(SOON, "nothing is pinned", () -> pinned(hasty) == 0);
                assertThat(List.of(whole.rest(), parts.rest(), asItComes.rest()))
                        .containsOnly(End.RESET);
            }
        }
    }

    /** Before its first byte, within a file, within buffers, within the next file, while an image arrives. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 1_000_000, LARGE + 1_000_000, 2 * LARGE + 1_000_000, 3 * LARGE})
    void clientThatLeavesAnArchiveOfKnownAndUnknownImagesLeavesNothingBehind(int received) throws IOException {
        List<String> known = images("/left/", 2, LARGE);
        store(gateway, known);
        origin.on("/left/new.png", new VersionedImage(Pictures.noise(2, LARGE), null))
                .on("/left/late.png", Behaviours.stalled(LARGE, LARGE - 1));
        List<String> urls =
                List.of(known.getFirst(), origin.url("/left/new.png"), known.getLast(), origin.url("/left/late.png"));

        for (int times = 0; times < 5; times++) {
            try (Socket client = new Socket()) {
                client.connect(gateway.address());
                client.setSoLinger(true, 0);
                client.getOutputStream()
                        .write(("GET " + link(gateway, urls) + " HTTP/1.1\r\nHost: x\r\n\r\n")
                                .getBytes(StandardCharsets.US_ASCII));
                client.getInputStream().readNBytes(received);
            }
        }

        Await.until(SOON, "nothing is pinned", () -> pinned(gateway) == 0);
        for (String kind : List.of("imageMemory", "imageDisk")) {
            BufferBudget room = gateway.bean(kind, BufferBudget.class);
            Await.until(SOON, kind + " is free", () -> room.available() == room.capacity());
        }
    }

    private static RawConnection asking(RunningGateway asked, List<String> urls, String fields) throws IOException {
        RawConnection connection = RawConnection.open(asked.address());
        connection.send("GET " + link(asked, urls) + " HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n");
        return connection;
    }

    private List<Double> archives() {
        return Stream.of("known", "collected", "streamed")
                .map(kind -> gateway.bean(MeterRegistry.class)
                        .get("sluice.zip.archives")
                        .tag("kind", kind)
                        .counter()
                        .count())
                .toList();
    }

    private void assertCounted(int known, int collected, int streamed, Runnable requests) {
        List<Double> before = archives();
        requests.run();
        List<Double> after = archives();
        assertThat(IntStream.range(0, after.size()).mapToObj(kind -> after.get(kind) - before.get(kind)))
                .as("known, collected, streamed")
                .containsExactly((double) known, (double) collected, (double) streamed);
    }

    @Test
    void archivesAreCountedByWhatWasKnownOfThem() {
        List<String> urls = images("/counted/", 2, SMALL);

        assertCounted(0, 0, 1, () -> zip(gateway, urls));
        store(gateway, urls);
        assertCounted(1, 0, 0, () -> zip(gateway, urls));
        List<String> unknown = images("/uncounted/", 2, SMALL);
        assertCounted(0, 1, 0, () -> gateway.post("/api/zip", ZipFaultsTest.request(unknown, "fail")));
        assertCounted(0, 0, 1, () -> gateway.post("/api/zip/base64", ZipFaultsTest.request(unknown, "skip")));
    }

    @Test
    void answersWithoutBytesOfAnArchiveAreNotCounted() {
        List<String> urls = images("/bytes/", 2, SMALL);
        store(gateway, urls);
        String link = link(gateway, urls);
        HttpResponse<byte[]> whole = get(gateway, link);
        assertThat(isKnown(whole)).isTrue();
        String etag = whole.headers().firstValue("ETag").orElseThrow();

        assertCounted(
                1,
                0,
                0,
                () -> assertThat(get(gateway, link, "Range", "bytes=0-9").statusCode())
                        .isEqualTo(206));
        assertCounted(
                0,
                0,
                0,
                () -> assertThat(get(gateway, link, "If-None-Match", etag).statusCode())
                        .isEqualTo(304));
        assertCounted(
                0,
                0,
                0,
                () -> gateway.send(HttpRequest.newBuilder(gateway.uri(link)).method("HEAD", BodyPublishers.noBody())));
        List<String> none = List.of(origin.url("/none/a.png"), origin.url("/none/b.png"));
        for (String onError : List.of("skip", "fail")) {
            assertCounted(
                    0,
                    0,
                    0,
                    () -> assertThat(gateway.post("/api/zip", ZipFaultsTest.request(none, onError))
                                    .statusCode())
                            .isEqualTo(502));
        }
    }
}
