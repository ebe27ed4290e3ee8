package dev.sluice.gateway.feature.webapp;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Route;
import com.microsoft.playwright.options.FilePayload;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Files of one's own, judged here before they are sent; what the gateway says is played. */
@ExtendWith(WebApp.Extension.class)
class UploadPageTest {
    private static final String MISMATCH =
            "<Error><Code>InvalidRequest</Code><Message>Content-Length does not match expected value</Message></Error>";

    /** What a gateway with every decoder says that it takes. */
    private static final byte[] DOT = Base64.getDecoder().decode("R0lGODlhAQABAIAAAAAAAP///ywAAAAAAQABAAACAUwAOw==");

    private static final String ALL_TYPES = """
            {"types": ["image/jpeg", "image/jpg", "image/png", "image/webp", "image/heic", "image/heif", "image/gif",
                       "image/avif", "image/svg+xml", "image/tiff", "image/jxl"],
             "maxImageSize": 10485760, "maxImages": 20}
            """;

    @Test
    void filesAreJudgedBeforeTheyAreSentAndCompressedOnDemand(WebApp app) throws IOException {
        try (Visit visit = app.visit().as("uma", "user")) {
            visit.page().route("**/api/uploads", route -> route.fulfill(json(ALL_TYPES)));
            visit.to("#/upload");
            visit.page().setInputFiles("input[type=file]", new FilePayload[] {
                new FilePayload("notes.bmp", "image/bmp", new byte[100]),
                new FilePayload("noise.png", "image/png", noise(1900))
            });

            visit.see(
                    "BMP pictures are not taken here: JPEG, PNG, WebP, HEIC, HEIF, GIF, AVIF, SVG, TIFF and JPEG XL are.");
            visit.see("It is larger than the 10 MB that are taken.");
            visit.button("Compress").click();
            visit.see("Compressed from");
            assertThat(visit.all(".entry-ready")).hasCount(1);
        }
    }

    @Test
    void aKindThatIsNotTakenIsConvertedHere(WebApp app) {
        try (Visit visit = app.visit().as("uwe", "user")) {
            play(visit);
            visit.page()
                    .route(
                            "**/api/uploads",
                            route -> route.fulfill(
                                    json(
                                            "{\"types\":[\"image/png\",\"image/jpeg\"],\"maxImageSize\":1572864,\"maxImages\":20}")));
            visit.to("#/upload");
            visit.page().setInputFiles("input[type=file]", new FilePayload("dot.gif", "image/gif", DOT));
            visit.see("GIF pictures are not taken here: PNG and JPEG are.");
            visit.button("Convert to JPEG").click();

            visit.see("A JPEG now");
            visit.see("dot.jpg");
            assertThat(visit.button("Upload 1")).isEnabled();
        }
    }

    @Test
    void whatIsTakenIsWhatTheGatewaySays(WebApp app) {
        try (Visit visit = app.visit().as("ugo", "user")) {
            visit.page()
                    .route(
                            "**/api/uploads",
                            route -> route.fulfill(
                                    json(
                                            "{\"types\":[\"image/png\",\"image/gif\"],\"maxImageSize\":1572864,\"maxImages\":20}")));
            visit.to("#/upload").see("PNG and GIF, up to 1.5 MB each.");
            visit.page().setInputFiles("input[type=file]", new FilePayload[] {
                new FilePayload("a.heic", "image/heic", new byte[100]),
                new FilePayload("b.png", "image/png", new byte[1_572_865])
            });

            visit.see("HEIC pictures are not taken here: PNG and GIF are.");
            visit.see("It is larger than the 1.5 MB that are taken.");
        }
    }

    @Test
    void whatTheStoreSaysOfALieAboutTheSizeIsShownAndTheUploadCanBeTriedAgain(WebApp app) {
        try (Visit visit = app.visit().as("ulf", "user").to("#/upload")) {
            play(visit);
            visit.page()
                    .route(
                            "**/api/uploads/t-*",
                            route -> route.fulfill(new Route.FulfillOptions()
                                    .setStatus(400)
                                    .setContentType("application/xml")
                                    .setBody(MISMATCH)));
            visit.page().setInputFiles("input[type=file]", new FilePayload("a.png", "image/png", new byte[] {1, 2, 3}));
            visit.button("Upload 1").click();
            visit.see("Content-Length does not match expected value");

            visit.page().unroute("**/api/uploads/t-*");
            visit.page().route("**/api/uploads/t-*", route -> route.fulfill(json("{}")));
            visit.button("Retry").click();
            assertThat(visit.all(".entry-done")).hasCount(1);
        }
    }

    @Test
    void anUploadUnderWayCanBeCancelled(WebApp app) {
        try (Visit visit = app.visit().as("ute", "user").to("#/upload")) {
            play(visit);
            visit.page().route("**/api/uploads/t-*", route -> {}); // never answered
            visit.page().setInputFiles("input[type=file]", new FilePayload("a.png", "image/png", new byte[] {1, 2, 3}));
            visit.button("Upload 1").click();
            visit.button("Cancel all").click();

            assertThat(visit.all(".entry")).hasAttribute("data-state", "cancelled");
            assertThat(visit.button("Retry")).isVisible();
            assertThat(visit.all(".toast")).hasCount(0);
        }
    }

    @Test
    void aPictureThatThisBrowserDoesNotShowIsSeenAsTheGatewayHasMadeIt(WebApp app) {
        try (Visit visit = app.visit().as("udo", "user")) {
            play(visit);
            visit.page().route("**/api/uploads", route -> route.fulfill(json(ALL_TYPES)));
            visit.to("#/upload");
            List<String> loaded = new ArrayList<>();
            visit.page().route("**/api/uploads/t-*", route -> route.fulfill(json("{}")));
            visit.page()
                    .route(
                            "**/complete",
                            route -> route.fulfill(json("{\"id\":\"i1\",\"url\":\"/api/images/i1/file\"}")));
            visit.page().route(url -> url.contains("/api/images/i1/file"), route -> {
                loaded.add(route.request().url());
                route.fulfill(
                        new Route.FulfillOptions().setContentType("image/png").setBodyBytes(visit.sample(1)));
            });
            visit.page().setInputFiles("input[type=file]", new FilePayload("a.heic", "image/heic", new byte[] {1}));
            assertThat(visit.all(".entry .share-image .icon")).isVisible();
            visit.button("Upload 1").click();

            assertThat(visit.all(".entry-done img.is-loaded")).hasCount(1);
            assertThat(loaded).isNotEmpty().allMatch(url -> url.endsWith("/file?w=160"));
        }
    }

    /** Plays a gateway that takes every announcement and finds every file in order. */
    private static void play(Visit visit) {
        visit.page().route("**/submit-intent", UploadQueueTest::announce);
        visit.page().route("**/complete", route -> route.fulfill(json("{}")));
    }

    private static Route.FulfillOptions json(String body) {
        return new Route.FulfillOptions().setContentType("application/json").setBody(body);
    }

    /** A PNG that no compression makes small. */
    private static byte[] noise(int side) throws IOException {
        BufferedImage picture = new BufferedImage(side, side, BufferedImage.TYPE_INT_RGB);
        Random random = new Random(1);
        for (int y = 0; y < side; y++) {
            for (int x = 0; x < side; x++) {
                picture.setRGB(x, y, random.nextInt());
            }
        }
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        ImageIO.write(picture, "png", file);
        return file.toByteArray();
    }
}
