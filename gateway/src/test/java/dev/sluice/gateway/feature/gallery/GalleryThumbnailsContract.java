package dev.sluice.gateway.feature.gallery;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.feature.gallery.FaultyStore.Moment;
import dev.sluice.gateway.outbound.database.image.Thumbnails;
import dev.sluice.gateway.outbound.storage.NewObject;
import dev.sluice.gateway.outbound.storage.ObjectKey;
import dev.sluice.gateway.outbound.storage.ObjectStore;
import dev.sluice.gateway.outbound.storage.StorageException.Kind;
import dev.sluice.gateway.testing.Archives;
import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.RunningGateway;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import tools.jackson.databind.JsonNode;

/** Smaller copies of images: told, sent, deleted, repaired, on whatever objects and rows are kept in. */
@ExtendWith(NoLeaks.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class GalleryThumbnailsContract {
    private static final Duration SOON = GalleryClient.SOON;
    private static final byte[] WIDE = Drawn.picture("png", 700, 350);
    private static final byte[] NARROW = Drawn.picture("png", 100, 50);

    @TempDir
    private static Path data;

    private HostileOrigin origin;
    private RunningGateway gateway;
    private FaultyStore store;
    private GalleryClient alice;

    /** Where objects and rows are. */
    abstract Map<String, String> backend();

    @BeforeAll
    void start() {
        origin = HostileOrigin.start();
        origin.on("/wide.png", Behaviours.image(WIDE));
        origin.on("/narrow.png", Behaviours.image(NARROW));
        Map<String, String> settings = new HashMap<>(backend());
        settings.put("sluice.gallery.work-directory", data.toString());
        settings.put("sluice.gallery.generation.poll", "50ms");
        settings.put("sluice.gallery.reconcile-period", "1d");
        settings.put("sluice.gallery.reconcile-grace", "1s");
        settings.put("sluice.thumbnails.poll", "50ms");
        settings.put("sluice.thumbnails.retry-pause", "50ms");
        gateway = RunningGateway.start(origin, settings, FaultyStore.Installed.class);
        store = (FaultyStore) gateway.bean(ObjectStore.class);
        alice = GalleryClient.alice(gateway::uri);
    }

    @AfterAll
    void stop() {
        gateway.close();
        origin.close();
    }

    @AfterEach
    void nothingIsLeft() {
        store.clear();
        Holdings.assertIdle(gateway, data);
        matched();
    }

    /** What was given up goes with the next pass. */
    private void matched() {
        Await.until(SOON, "objects and rows match", () -> {
            gateway.bean(Reconciler.class).pass().block(SOON);
            Holdings holdings = Holdings.of(gateway);
            return holdings.objects().equals(holdings.rows());
        });
    }

    private String wide() {
        return alice.imported(origin.url("/wide.png"));
    }

    private JsonNode shown(String path) {
        return GalleryClient.json(alice.get(path));
    }

    private static List<Integer> widths(JsonNode image) {
        return image.required("thumbnails")
                .valueStream()
                .map(each -> each.required("width").intValue())
                .toList();
    }

    private void awaitThumbnails(String path) {
        Await.until(
                SOON, path + " has its thumbnails", () -> widths(shown(path)).equals(List.of(160, 320, 640)));
    }

    /** The keys of an image's objects, its own first. */
    private List<String> keys(Set<String> before) {
        Set<String> now = new TreeSet<>(Holdings.of(gateway).rows());
        now.removeAll(before);
        return now.stream()
                .sorted((a, b) -> Integer.compare(a.length(), b.length()))
                .toList();
    }

    private Set<String> held() {
        return new TreeSet<>(Holdings.of(gateway).rows());
    }

    private static String retryAfter(HttpResponse<byte[]> answer) {
        return answer.headers().firstValue("Retry-After").orElse("none");
    }

    @Test
    void importTellsOfItsThumbnailsAndSoDoesEveryOtherView() throws IOException {
        HttpResponse<byte[]> answer = alice.importing(origin.url("/wide.png"));
        JsonNode image = GalleryClient.json(answer);
        String path = answer.headers().firstValue("Location").orElseThrow();

        assertThat(widths(image)).containsExactly(160, 320, 640);
        assertThat(image.required("blurhash").stringValue()).isNotBlank();
        for (JsonNode thumbnail : image.required("thumbnails")) {
            HttpResponse<byte[]> file = alice.get(thumbnail.required("url").stringValue());
            assertThat(file.statusCode()).isEqualTo(200);
            assertThat(file.headers().firstValue("Content-Type"))
                    .hasValue(thumbnail.required("contentType").stringValue());
            assertThat(file.body()).hasSize(thumbnail.required("size").intValue());
            BufferedImage decoded = ImageIO.read(new ByteArrayInputStream(file.body()));
            assertThat(decoded.getWidth()).isEqualTo(thumbnail.required("width").intValue());
            assertThat(decoded.getHeight())
                    .isEqualTo(thumbnail.required("height").intValue());
        }
        GalleryClient chief = GalleryClient.chief(gateway::uri);
        for (JsonNode view : List.of(
                shown(path),
                GalleryClient.json(alice.get("/api/images?size=100")).at("/images/0"),
                chief.allImages().getFirst())) {
            assertThat(view.required("thumbnails")).isEqualTo(image.required("thumbnails"));
            assertThat(view.required("blurhash")).isEqualTo(image.required("blurhash"));
        }
    }

    @Test
    void generatedImageHasThumbnailsSoonAfterItIsCompleted() {
        String path = alice.ordered("a lighthouse in many sizes");

        assertThat(alice.ended(path).required("status").stringValue()).isEqualTo("completed");

        Await.until(SOON, "it has thumbnails", () -> !widths(shown(path)).isEmpty());
    }

    @ParameterizedTest
    @CsvSource({"160, 160", "320, 320", "640, 640"})
    void narrowestCopyThatIsWideEnoughIsSent(int asked, int sent) throws IOException {
        String path = wide();

        BufferedImage decoded = ImageIO.read(
                new ByteArrayInputStream(alice.get(path + "/file?w=" + asked).body()));

        assertThat(decoded.getWidth()).isEqualTo(sent);
    }

    @Test
    void pictureThatIsNoWiderIsSentItself() {
        String path = wide();
        String narrow = alice.imported(origin.url("/narrow.png"));

        assertThat(alice.get(path + "/file?w=1280").body()).isEqualTo(WIDE);
        assertThat(alice.get(narrow + "/file?w=160").body()).isEqualTo(NARROW);
        assertThat(widths(shown(narrow))).isEmpty();
    }

    @Test
    void thumbnailIsConditionalAndRangedLikeTheImage() {
        String file = wide() + "/file?w=320";
        HttpResponse<byte[]> whole = alice.get(file);
        String etag = whole.headers().firstValue("ETag").orElseThrow();
        String own = alice.get(file.substring(0, file.indexOf('?')))
                .headers()
                .firstValue("ETag")
                .orElseThrow();

        assertThat(etag).isNotEqualTo(own);
        assertThat(whole.headers().firstValue("Cache-Control")).hasValue("private, max-age=31536000, immutable");
        assertThat(whole.headers().firstValue("X-Content-Type-Options")).hasValue("nosniff");
        assertThat(alice.get(file, "If-None-Match", etag).statusCode()).isEqualTo(304);
        assertThat(alice.get(file, "If-None-Match", own).statusCode()).isEqualTo(200);
        assertThat(alice.get(file, "If-Match", own).statusCode()).isEqualTo(412);
        HttpResponse<byte[]> part = alice.get(file, "Range", "bytes=5-14", "If-Range", etag);
        assertThat(part.statusCode()).isEqualTo(206);
        assertThat(part.body()).isEqualTo(Arrays.copyOfRange(whole.body(), 5, 15));
        HttpResponse<byte[]> head = alice.send("HEAD", file, "");
        assertThat(head.headers().firstValue("Content-Length")).hasValue(String.valueOf(whole.body().length));
        assertThat(head.headers().firstValue("ETag")).hasValue(etag);
    }

    @ParameterizedTest
    @ValueSource(strings = {"w=", "w=0", "w=161", "w=0320", "w=320.0", "w=-320", "w=%2B320", "w=99999999999", "w=x"})
    void anyOtherWidthIsRefusedByName(String query) {
        HttpResponse<byte[]> answer = alice.get(wide() + "/file?" + query);

        assertThat(answer.statusCode()).isEqualTo(400);
        JsonNode problem = GalleryClient.json(answer);
        assertThat(problem.required("member").stringValue()).isEqualTo("w");
        assertThat(problem.required("expected").stringValue()).isEqualTo("160, 320, 640, 1280");
    }

    @Test
    void twoWidthsAreRefused() {
        HttpResponse<byte[]> answer = alice.get(wide() + "/file?w=160&w=320");

        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(GalleryClient.json(answer).required("value").stringValue()).isEqualTo("2 of them");
    }

    @Test
    void anotherUsersThumbnailIsNotThere() {
        GalleryClient bob = GalleryClient.signIn(gateway::uri, "bob", List.of("user"), List.of());

        HttpResponse<byte[]> answer = bob.get(wide() + "/file?w=320");

        assertThat(answer.statusCode()).isEqualTo(404);
        assertThat(retryAfter(answer)).isEqualTo("none");
    }

    @Test
    void archiveAndDownloadKeepTheImageItself() throws IOException {
        String path = wide();
        String id = path.substring(path.lastIndexOf('/') + 1);

        assertThat(alice.get(path + "/download?w=160").body()).isEqualTo(WIDE);
        assertThat(Archives.read(alice.get("/api/images/zip?ids=" + id).body()).values())
                .singleElement()
                .isEqualTo(WIDE);
    }

    @Test
    void thumbnailsLieBesideTheirImageUnderItsOwnersKeys() {
        Set<String> before = held();
        wide();

        List<String> keys = keys(before);

        assertThat(keys).hasSize(4);
        String image = keys.getFirst();
        String stem = image.substring(0, image.lastIndexOf('.'));
        assertThat(image).startsWith(ObjectKey.tenantPrefix("user:alice"));
        assertThat(keys.subList(1, 4)).allMatch(key -> key.startsWith(stem + "."));
    }

    @Test
    void deletedImageLeavesNoThumbnail() {
        Set<String> before = held();
        String path = wide();

        assertThat(alice.delete(path).statusCode()).isEqualTo(204);

        assertThat(Holdings.settled(gateway).objects()).containsExactlyElementsOf(before);
        assertThat(alice.get(path + "/file?w=160").statusCode()).isEqualTo(404);
    }

    @Test
    void imageThatTheStoreWouldNotLetGoHasItsThumbnailsStill() {
        String path = wide();
        store.once(Moment.BEFORE_DELETE, FaultyStore.failing(Kind.UNAVAILABLE));

        assertThat(alice.delete(path).statusCode()).isEqualTo(502);

        assertThat(alice.get(path + "/file?w=320").statusCode()).isEqualTo(200);
        assertThat(widths(shown(path))).containsExactly(160, 320, 640);
    }

    @Test
    void imageWhoseThumbnailsAreNotRemovedStaysHiddenUntilTheyAre() {
        String path = wide();
        AtomicInteger deletions = new AtomicInteger();
        store.on(
                Moment.BEFORE_DELETE,
                () -> deletions.getAndIncrement() == 0
                        ? Mono.empty()
                        : FaultyStore.failing(Kind.UNAVAILABLE).get());

        assertThat(alice.delete(path).statusCode()).isEqualTo(502);
        assertThat(alice.get(path).statusCode()).isEqualTo(404);

        store.clear();
        assertThat(alice.delete(path).statusCode()).isEqualTo(204);
    }

    @ParameterizedTest
    @CsvSource({
        "BEFORE_THUMBNAIL, UNAVAILABLE",
        "BEFORE_THUMBNAIL, FULL",
        "BEFORE_THUMBNAIL, BROKEN",
        "AFTER_THUMBNAIL, UNAVAILABLE"
    })
    void imageWhoseThumbnailsTheStoreFailsIsKeptAndGetsThemLater(Moment moment, Kind kind) {
        store.on(moment, FaultyStore.failing(kind));

        HttpResponse<byte[]> answer = alice.importing(origin.url("/wide.png"));

        String path = answer.headers().firstValue("Location").orElseThrow();
        assertThat(answer.statusCode()).isEqualTo(201);
        assertThat(widths(GalleryClient.json(answer))).isEmpty();
        assertThat(alice.get(path + "/file").body()).isEqualTo(WIDE);
        HttpResponse<byte[]> early = alice.get(path + "/file?w=320");
        assertThat(early.statusCode()).isEqualTo(404);
        assertThat(GalleryClient.code(early)).isEqualTo("not_found");
        assertThat(retryAfter(early)).isEqualTo("5");
        assertThat(alice.get(path + "/file?w=1280").statusCode())
                .as("its width is not sure")
                .isEqualTo(404);
        store.clear();
        awaitThumbnails(path);
        assertThat(alice.get(path + "/file?w=320").statusCode()).isEqualTo(200);
    }

    @Test
    void imageThatCannotBeDecodedAnyMoreSaysThatThereWillBeNoThumbnail() {
        Set<String> before = held();
        String path = wide();
        List<String> keys = keys(before);
        replace(keys.getFirst());
        lose(path, keys.get(1));
        lose(path, keys.get(2));
        lose(path, keys.get(3));

        Await.until(
                SOON,
                "it is given up",
                () -> retryAfter(alice.get(path + "/file?w=160")).equals("none"));

        HttpResponse<byte[]> answer = alice.get(path + "/file?w=160");
        assertThat(answer.statusCode()).isEqualTo(404);
        assertThat(GalleryClient.json(answer).required("detail").stringValue())
                .endsWith("will have none: the picture cannot be decoded.");
        assertThat(GalleryClient.json(alice.get(path))
                        .required("thumbnailStatus")
                        .stringValue())
                .isEqualTo("impossible");
        assertThat(alice.get(path + "/file?w=1280").statusCode())
                .as("its width is not sure")
                .isEqualTo(404);
        alice.delete(path);
    }

    /** As a disk may do. */
    private void replace(String key) {
        byte[] bytes = "no picture any more".repeat(20).getBytes(StandardCharsets.UTF_8);
        ObjectKey object = new ObjectKey(key);
        store.delete(object)
                .then(store.put(
                        object,
                        new NewObject("image/png", bytes.length),
                        Flux.just(DefaultDataBufferFactory.sharedInstance.wrap(bytes))))
                .block(SOON);
    }

    /** The row, as the reconciler does when the object is gone. */
    private void lose(String path, String key) {
        store.delete(new ObjectKey(key)).block(SOON);
        gateway.bean(Thumbnails.class)
                .markLost(UUID.fromString(path.substring(path.lastIndexOf('/') + 1)), key)
                .block(SOON);
    }

    @Test
    void thumbnailWhoseObjectIsGoneIsMadeAnew() {
        Set<String> before = held();
        String path = wide();
        List<String> keys = keys(before);
        store.delete(new ObjectKey(keys.get(2))).block(SOON);

        gateway.bean(Reconciler.class).pass().block(SOON);

        awaitThumbnails(path);
        assertThat(keys(before)).hasSize(4).doesNotContain(keys.get(2));
        matched();
        for (int width : new int[] {160, 320, 640}) {
            assertThat(alice.get(path + "/file?w=" + width).statusCode()).isEqualTo(200);
        }
    }

    @Test
    void thumbnailThatNoRowNamesIsRemoved() {
        Set<String> before = held();
        wide();
        ObjectKey stray = ObjectKey.thumbnail(new ObjectKey(keys(before).getFirst()), 320, UUID.randomUUID(), "webp");
        store.put(
                        stray,
                        new NewObject("image/webp", 1),
                        Flux.just(DefaultDataBufferFactory.sharedInstance.wrap(new byte[1])))
                .block(SOON);

        matched();

        assertThat(Holdings.of(gateway).objects()).doesNotContain(stray.value());
    }

    @Test
    void imageThatHasLostItsFileLosesItsThumbnailsToo() {
        Set<String> before = held();
        String path = wide();
        store.delete(new ObjectKey(keys(before).getFirst())).block(SOON);

        gateway.bean(Reconciler.class).pass().block(SOON);

        assertThat(shown(path).at("/error/code").stringValue()).isEqualTo("object_lost");
        assertThat(widths(shown(path))).isEmpty();
        matched();
        assertThat(Holdings.of(gateway).objects()).containsExactlyElementsOf(before);
        alice.delete(path);
    }

    @ParameterizedTest
    @EnumSource(
            value = Moment.class,
            names = {"BEFORE_THUMBNAIL", "AFTER_THUMBNAIL"})
    void imageThatIsDeletedWhileItsThumbnailsAreStoredLeavesNothing(Moment moment) {
        Set<String> before = held();
        store.once(
                moment,
                () -> Mono.fromRunnable(this::deleteNewest)
                        .subscribeOn(Schedulers.boundedElastic())
                        .then());

        HttpResponse<byte[]> answer = alice.importing(origin.url("/wide.png"));

        assertThat(answer.statusCode()).isEqualTo(201);
        assertThat(alice.get(answer.headers().firstValue("Location").orElseThrow())
                        .statusCode())
                .isEqualTo(404);
        assertThat(Holdings.settled(gateway).objects()).containsExactlyElementsOf(before);
    }

    @Test
    void imageThatIsDeletedWhileItsThumbnailsAreMadeAnewLeavesNothing() {
        Set<String> before = held();
        String path = wide();
        List<String> keys = keys(before);
        store.once(
                Moment.AFTER_THUMBNAIL,
                () -> Mono.fromRunnable(() -> alice.delete(path))
                        .subscribeOn(Schedulers.boundedElastic())
                        .then());

        lose(path, keys.getLast());

        Await.until(SOON, "it is deleted", () -> alice.get(path).statusCode() == 404);
        matched();
        assertThat(Holdings.of(gateway).objects()).containsExactlyElementsOf(before);
    }

    private void deleteNewest() {
        String id = GalleryClient.json(alice.get("/api/images?size=1"))
                .at("/images/0/id")
                .stringValue();
        assertThat(alice.delete("/api/images/" + id).statusCode()).isEqualTo(204);
    }

    @Test
    void whatIsMadeIsCounted() {
        double before = made();

        wide();

        assertThat(made()).isEqualTo(before + 1);
        assertThat(metrics()).anyMatch(line -> line.startsWith("sluice_thumbnails_waiting "));
    }

    private double made() {
        return metrics().stream()
                .filter(line -> line.startsWith("sluice_thumbnails_made_total{origin=\"intake\"} "))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
                .sum();
    }

    private List<String> metrics() {
        return new String(gateway.get("/actuator/prometheus").body(), StandardCharsets.UTF_8)
                .lines()
                .toList();
    }
}
