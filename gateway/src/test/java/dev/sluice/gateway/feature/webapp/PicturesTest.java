package dev.sluice.gateway.feature.webapp;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Browser.NewContextOptions;
import com.microsoft.playwright.Page.RouteOptions;
import com.microsoft.playwright.Route;
import java.awt.Color;
import java.awt.GradientPaint;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which bytes of an image a page loads: its colours, then a thumbnail. What the gateway says of images is played. */
@ExtendWith(WebApp.Extension.class)
class PicturesTest {
    /** A photograph of 12 MP, its thumbnails made. */
    private static final Played PHOTO =
            new Played("image/jpeg", 4000, 3000, 5_000_000, List.of(160, 320, 640, 1280), "done");

    /** A BlurHash of one component: nothing but {@link #BLUE}. */
    private static final String PLACEHOLDER = "005?~E";

    private static final String BLUE = "51,102,204,255";
    private static final String COLOURS = """
            () => [...new Set([...document.querySelectorAll('.tile canvas')].flatMap((canvas) => {
              const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
              return Array.from({length: data.length / 4}, (_, pixel) => data.slice(4 * pixel, 4 * pixel + 4).join());
            }))].join(' ')""";

    /** An image as the gateway would tell it; a thumbnail of it is as wide as it is called. */
    private record Played(
            String contentType, int width, int height, int size, List<Integer> widths, String thumbnailStatus) {

        Played waiting() {
            return new Played(contentType, width, height, size, List.of(), "waiting");
        }

        String json(int index) {
            UUID id = new UUID(0, index);
            String thumbnails = widths.stream()
                    .map(each -> """
                            {"width":%d,"height":%d,"url":"/api/images/%s/file?w=%d","contentType":"image/webp",\
                            "size":9000}""".formatted(each, each * height / width, id, each))
                    .collect(Collectors.joining(",", "[", "]"));
            String placeholder = widths.isEmpty() ? "" : "\"blurhash\":\"" + PLACEHOLDER + "\",";
            return """
                    {"id":"%s","status":"completed","source":"imported","altText":"Image %d","contentType":"%s",\
                    "width":%d,"height":%d,"size":%d,"url":"/api/images/%s/file",%s"thumbnails":%s,\
                    "thumbnailStatus":"%s","usages":[],"createdAt":"2026-11-21T00:00:00Z"}\
                    """.formatted(
                            id, index, contentType, width, height, size, id, placeholder, thumbnails, thumbnailStatus);
        }

        Route.FulfillOptions listing(int count) {
            return json(IntStream.range(0, count)
                            .mapToObj(this::json)
                            .collect(Collectors.joining(
                                    ",", "{\"images\":[", "],\"page\":1,\"size\":60,\"pages\":1,\"total\":"))
                    + count + "}");
        }

        private static Route.FulfillOptions json(String body) {
            return new Route.FulfillOptions().setContentType("application/json").setBody(body);
        }

        /** Answers for so many of them, and notes what is asked of their bytes. */
        List<String> play(Visit visit, int count) {
            List<String> asked = new ArrayList<>();
            visit.page().route("**/api/images?*", route -> route.fulfill(listing(count)));
            visit.page().route("**/api/images/*", route -> route.fulfill(json(json(0))));
            files(visit, route -> {
                asked.add(route.request().url());
                route.fulfill(picture(route.request().url()));
            });
            return asked;
        }

        static void files(Visit visit, Consumer<Route> handler) {
            visit.page().route(url -> url.contains("/file"), handler);
        }
    }

    @ParameterizedTest(name = "{0} CSS pixels, {1} device pixels for each")
    @CsvSource({"320, 1, 160", "1280, 1, 320", "1280, 2, 640", "1280, 3, 1280", "390, 3, 640", "3840, 1, 640"})
    void aTileLoadsTheThumbnailThatItHasPixelsForAndNeverTheOriginal(
            int viewport, double ratio, int expected, WebApp app) {
        try (Visit visit = app.visit(
                        new NewContextOptions().setViewportSize(viewport, 800).setDeviceScaleFactor(ratio))
                .as("tess", "user")) {
            List<String> asked = PHOTO.play(visit, 24);
            visit.to("#/gallery");
            assertThat(visit.all(".tile img.is-loaded").first()).isVisible();
            assertThat(visit.all(".tile:nth-child(2) img.is-loaded")).hasCount(1);

            assertThat(widths(asked)).containsExactly(String.valueOf(expected));
            assertThat(visit.layoutShift()).as("layout shift").isLessThan(0.1);
        }
    }

    @Test
    void anOpenedImageIsLargerAndStillNotTheOriginal(WebApp app) {
        try (Visit visit = app.visit().as("tina", "user")) {
            List<String> asked = PHOTO.play(visit, 1);
            visit.to("#/gallery").all(".tile-open").first().click();
            assertThat(visit.all("dialog img.is-loaded")).hasCount(1);

            assertThat(widths(asked)).containsExactly("1280", "320");
        }
    }

    @Test
    void coloursAreThereBeforeThePictureIsAndGoWhenItHasCome(WebApp app) {
        try (Visit visit = app.visit().as("tom", "user")) {
            PHOTO.play(visit, 2);
            List<Route> held = new ArrayList<>();
            Played.files(visit, held::add);
            visit.to("#/gallery");
            assertThat(visit.all(".tile canvas")).hasCount(2);

            visit.page().waitForCondition(() -> BLUE.equals(visit.evaluate(COLOURS)));
            assertThat(visit.all(".tile img.is-loaded")).hasCount(0);
            assertThat(visit.all(".tile canvas").first()).hasCSS("visibility", "visible");
            visit.page().waitForCondition(() -> held.size() == 2);
            held.forEach(route -> route.fulfill(picture(route.request().url())));
            assertThat(visit.all(".tile img.is-loaded")).hasCount(2);
            assertThat(visit.all(".tile canvas").first()).hasCSS("visibility", "hidden");
            assertThat(visit.layoutShift()).as("layout shift").isLessThan(0.1);
        }
    }

    @Test
    void aPlaceholderThatIsNoneLeavesThePlainTile(WebApp app) {
        try (Visit visit = app.visit().as("timo", "user")) {
            PHOTO.play(visit, 1);
            visit.page()
                    .route(
                            "**/api/images?*",
                            route -> route.fulfill(Played.json(
                                    PHOTO.listing(1).body.replace(PLACEHOLDER, "<img src=x onerror=alert(1)>"))));
            visit.to("#/gallery");

            assertThat(visit.all(".tile img.is-loaded")).hasCount(1);
            assertThat(visit.evaluate(COLOURS)).isEqualTo("0,0,0,0");
        }
    }

    @Test
    void anImageOfATypeThatBrowsersDoNotShowIsSeenByItsThumbnails(WebApp app) {
        try (Visit visit = app.visit().as("tilda", "user")) {
            List<String> asked = new Played("image/heic", 4032, 3024, 2_000_000, PHOTO.widths(), "done").play(visit, 1);
            visit.to("#/gallery");
            assertThat(visit.all(".tile img.is-loaded")).hasCount(1);
            visit.all(".tile-open").first().click();
            assertThat(visit.all("dialog img.is-loaded")).hasCount(1);

            assertThat(widths(asked)).containsExactly("1280", "320");
        }
    }

    @ParameterizedTest
    @CsvSource({"image/heic, 200, 50", "image/tiff, 4000, 4000000", "image/jpeg, 4000, 4000000"})
    void anImageWhoseThumbnailsAreNotThereYetIsShownWhenTheyAre(String type, int width, int size, WebApp app) {
        Played image = new Played(type, width, width * 3 / 4, size, List.of(160), "done");
        try (Visit visit = app.visit().as("thea", "user")) {
            List<String> asked = image.play(visit, 2);
            visit.page()
                    .route(
                            "**/api/images?*",
                            route -> route.fulfill(image.waiting().listing(2)),
                            new RouteOptions().setTimes(1));
            visit.to("#/gallery");
            visit.see("No preview yet");
            assertThat(visit.all(".tile img")).hasCount(0);

            assertThat(visit.all(".tile img.is-loaded")).hasCount(2);
            assertThat(widths(asked)).containsExactly("160");
            assertThat(visit.layoutShift()).as("layout shift").isLessThan(0.1);
        }
    }

    @Test
    void anOpenedImageWithoutThumbnailsIsShownItselfIfBrowsersShowIt(WebApp app) {
        try (Visit visit = app.visit().as("theo", "user")) {
            List<String> asked = PHOTO.waiting().play(visit, 1);
            visit.to("#/gallery").all(".tile-open").first().click();
            assertThat(visit.all("dialog img.is-loaded")).hasCount(1);

            assertThat(widths(asked)).containsExactly("original");
        }
        try (Visit visit = app.visit().as("theo", "user")) {
            List<String> asked = new Played("image/heif", 4000, 3000, 900_000, List.of(), "waiting").play(visit, 1);
            visit.to("#/gallery").all(".tile-open").first().click();
            assertThat(visit.all("dialog .picture-word")).hasText("No preview yet");

            assertThat(asked).isEmpty();
        }
    }

    @ParameterizedTest
    @CsvSource({"impossible, No preview, false", "waiting, No preview yet, true"})
    void anImageIsLookedAtAgainOnlyWhileThumbnailsAreToCome(String status, String word, boolean again, WebApp app) {
        try (Visit visit = app.visit().as("tuva", "user")) {
            new Played("image/heic", 4000, 3000, 900_000, List.of(), status).play(visit, 1);
            List<String> listings = new ArrayList<>();
            visit.page().onRequest(request -> {
                if (request.url().contains("/api/images?")) {
                    listings.add(request.url());
                }
            });
            visit.page().clock().install();
            visit.to("#/gallery");
            assertThat(visit.all(".tile .picture-word")).hasText(word);
            visit.page().clock().runFor(60_000);

            if (again) {
                visit.page().waitForCondition(() -> listings.size() > 1);
            } else {
                visit.evaluate("() => fetch('/api/session').then(() => '')"); // what was asked before it is seen by now
                assertThat(listings).hasSize(1);
            }
        }
    }

    @Test
    void anImageThatIsAsSmallAsAThumbnailIsLoadedItself(WebApp app) {
        try (Visit visit = app.visit().as("tara", "user")) {
            List<String> asked = new Played("image/png", 120, 90, 80_000, List.of(), "done").play(visit, 1);
            visit.to("#/gallery");
            assertThat(visit.all(".tile img.is-loaded")).hasCount(1);

            assertThat(widths(asked)).containsExactly("original");
        }
    }

    private static Set<String> widths(List<String> asked) {
        return asked.stream()
                .map(url -> url.contains("?w=") ? url.substring(url.indexOf("?w=") + 3) : "original")
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** A picture of the width that its URL names. */
    private static Route.FulfillOptions picture(String url) {
        int width = url.contains("?w=") ? Integer.parseInt(url.substring(url.indexOf("?w=") + 3)) : 400;
        BufferedImage canvas = new BufferedImage(width, width * 3 / 4, BufferedImage.TYPE_INT_RGB);
        Graphics2D brush = canvas.createGraphics();
        brush.setPaint(new GradientPaint(0, 0, new Color(0x3366cc), width, canvas.getHeight(), Color.ORANGE));
        brush.fillRect(0, 0, width, canvas.getHeight());
        brush.dispose();
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        try {
            ImageIO.write(canvas, "jpg", file);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
        return new Route.FulfillOptions().setContentType("image/jpeg").setBodyBytes(file.toByteArray());
    }
}
