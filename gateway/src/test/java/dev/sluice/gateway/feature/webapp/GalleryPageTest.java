package dev.sluice.gateway.feature.webapp;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.APIResponse;
import com.microsoft.playwright.Download;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Route;
import dev.sluice.gateway.testing.Archives;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** One's own images: looked at, described, chosen, downloaded, deleted. */
@ExtendWith(WebApp.Extension.class)
class GalleryPageTest {
    private static final String MARKUP = "<img src=x onerror=alert(1)>";

    @Test
    void galleryRoundTrip(WebApp app) throws IOException {
        try (Visit visit = app.visit().as("gill", "user")) {
            List<String> ids = visit.imports(4, Map.of());
            visit.put("api/images/" + ids.get(0) + "/usages/article/7", Map.of("role", "featured"));
            visit.to("#/gallery");
            assertThat(visit.all(".tile")).hasCount(4);
            assertThat(visit.all(".picture img.is-loaded")).hasCount(4);

            // Newest first. Open the first, describe it, and see the description as text.
            visit.all(".tile-open").first().click();
            visit.button("Details").click();
            visit.field("Name").fill(MARKUP);
            visit.button("Save").click();
            visit.see("Saved");
            assertThat(visit.all("dialog h2")).hasText(MARKUP);
            Download one =
                    visit.page().waitForDownload(() -> visit.button("Download").click());
            assertThat(Files.size(one.path())).isGreaterThan(1000);

            // WordPress says itself why it will not have it.
            visit.page().getByText("Send to WordPress").click();
            visit.button("Send").click();
            visit.see("The provided password is an invalid application password.");
            visit.page().keyboard().press("Escape");

            // Select all four with the keyboard.
            visit.all(".tile-open").first().focus();
            visit.page().keyboard().press("Space");
            visit.page().keyboard().press("Shift+End");
            visit.see("4 selected");
            Download zip =
                    visit.page().waitForDownload(() -> visit.button("ZIP").click());
            assertThat(Archives.read(Files.readAllBytes(zip.path()))).hasSize(4);

            // What is in use stays, and says so.
            visit.button("Delete").last().click();
            visit.dialogButton("Delete").click();
            visit.see("1 image not deleted");
            visit.see("Image is used as featured image for 1 article");
            assertThat(visit.all(".tile")).hasCount(1);
        }
    }

    @Test
    void whatThePageNeedsIsAskedForOnce(WebApp app) {
        try (Visit visit = app.visit().as("gus", "user")) {
            visit.imports(2, Map.of());
            List<String> asked = new CopyOnWriteArrayList<>();
            visit.page().onRequest(request -> asked.add(request.url().replace(visit.root(), "")));
            visit.to("#/gallery");
            assertThat(visit.all(".picture img.is-loaded")).hasCount(2);
            assertThat(visit.all(".storage[data-used]")).hasCount(1);

            assertThat(asked.stream().filter(url -> url.startsWith("api/") && !url.contains("/file")))
                    .containsExactlyInAnyOrder("api/session", "api/images?page=1&size=60", "api/images/storage");
            assertThat(asked).doesNotHaveDuplicates().noneMatch(url -> url.endsWith("viewer.js"));
        }
    }

    @Test
    void whoHasNoSiteToSendToIsOfferedNone(WebApp app) {
        try (Visit visit = app.visit().as("gia", "user")) {
            visit.imports(1, Map.of());
            visit.page()
                    .route(
                            "**/api/images/wordpress/sites",
                            route -> route.fulfill(new Route.FulfillOptions()
                                    .setContentType("application/json")
                                    .setBody("{\"sites\":[]}")));
            visit.to("#/gallery");
            visit.page().waitForResponse("**/wordpress/sites", () -> {
                visit.all(".tile-open").first().click();
                visit.button("Details").click();
            });
            visit.see("nothing"); // uses it

            assertThat(visit.page().getByText("Send to WordPress")).hasCount(0);
        }
    }

    @Test
    void aDownloadThatFailsIsToldAndCanBeTriedAgain(WebApp app) {
        try (Visit visit = app.visit().as("dora", "user")) {
            visit.imports(1, Map.of());
            visit.to("#/gallery");
            visit.page().route("**/download", Route::abort);
            visit.all(".tile-open").first().click();
            visit.button("Download").click();

            visit.see("The gateway cannot be reached");
            visit.page().unroute("**/download");
            visit.page().waitForDownload(() -> visit.button("Download").click());
        }
    }

    @Test
    void theGalleryIsFilteredAndPickedFrom(WebApp app) throws IOException {
        try (Visit visit = app.visit().as("fred", "user", "p1")) {
            visit.imports(2, Map.of("altText", "a red boat", "projectId", "p1"));
            visit.imports(1, Map.of("altText", "a house"));
            visit.to("#/gallery");
            assertThat(visit.all(".tile")).hasCount(3);
            visit.page().getByPlaceholder("Search").fill("boat");
            assertThat(visit.all(".tile")).hasCount(2);
            visit.page().getByPlaceholder("Search").fill("nothing like it");
            visit.see("No matches");

            visit.to("#/").button("From my gallery…").click();
            visit.all("dialog .tile-open").first().click();
            visit.see("1 picture chosen");
            visit.button("Add to the list").click();
            visit.see("1 picture added.");
            Download zip = visit.page()
                    .waitForDownload(() -> visit.button("Download ZIP").click());
            assertThat(Archives.read(Files.readAllBytes(zip.path()))).hasSize(1);
        }
    }

    @Test
    void aPictureHasItsOwnUrlAndTheWayBackLeadsToTheGallery(WebApp app) {
        try (Visit visit = app.visit().as("gwen", "user")) {
            List<String> ids = visit.imports(3, Map.of()); // the newest comes first
            visit.to("#/gallery");
            visit.all(".tile-open").first().click();
            assertThat(visit.page()).hasURL(app.root() + "gallery/" + ids.get(2));
            visit.see("1 / 3");
            visit.page().keyboard().press("ArrowRight");
            assertThat(visit.page()).hasURL(app.root() + "gallery/" + ids.get(1));
            visit.button("Next picture").click();
            visit.see("3 / 3");
            assertThat(visit.button("Next picture")).isHidden();

            visit.page().reload();
            visit.see("3 / 3");
            assertThat(visit.all(".viewer img.is-loaded")).hasCount(1);
            assertThat(visit.evaluate("() => document.querySelector('.viewer-picture').clientWidth >= innerWidth"))
                    .as("as wide as the window")
                    .isEqualTo(true);
            visit.page().goBack();
            assertThat(visit.page()).hasURL(app.root() + "gallery");
            assertThat(visit.all("dialog[open]")).hasCount(0);

            // Whoever comes by its address has no way back yet, and still ends in the gallery.
            visit.page().navigate(app.root() + "gallery/" + ids.get(1));
            visit.see("2 / 3");
            visit.page().keyboard().press("Escape");
            assertThat(visit.page()).hasURL(app.root() + "gallery");
            assertThat(visit.all(".tile")).hasCount(3);
        }
    }

    @Test
    void aPictureIsZoomedAndThenLoadedInAsManyPixels(WebApp app) {
        try (Visit visit = app.visit().as("gero", "user")) {
            visit.imports(1, Map.of());
            visit.to("#/gallery").all(".tile-open").first().click();
            assertThat(visit.all(".viewer img.is-loaded")).hasCount(1);
            visit.page().keyboard().press("+");
            visit.button("Fit to the window").click();
            visit.all(".viewer-stage").dblclick();

            assertThat(visit.all(".viewer img")).hasAttribute("sizes", "200vw");
            visit.page()
                    .waitForFunction(
                            "() => document.querySelector('.viewer img.is-loaded')?.currentSrc.endsWith('/file')");
            visit.page().keyboard().press("0");
            assertThat(visit.button("Zoom in")).isVisible();
        }
    }

    @Test
    void aSwipeLeadsToTheNextPicture(WebApp app) {
        try (Visit visit = app.visit().as("gise", "user")) {
            visit.imports(2, Map.of());
            visit.to("#/gallery").all(".tile-open").first().click();
            visit.see("1 / 2");
            visit.page().mouse().move(800, 400);
            visit.page().mouse().down();
            visit.page().mouse().move(600, 410);
            visit.page().mouse().up();
            visit.see("2 / 2");
            visit.page().mouse().move(600, 300);
            visit.page().mouse().down();
            visit.page().mouse().move(605, 500);
            visit.page().mouse().up();
            assertThat(visit.all("dialog[open]")).hasCount(0);
        }
    }

    @Test
    void whatIsDeletedIsGoneAtOnceAndComesBackWhenItIsUndone(WebApp app) {
        try (Visit visit = app.visit().withTimeToUndo().as("gudo", "user")) {
            visit.imports(2, Map.of());
            List<String> deletes = new CopyOnWriteArrayList<>();
            visit.page().onRequest(request -> {
                if (request.method().equals("DELETE")) {
                    deletes.add(request.url());
                }
            });
            visit.to("#/gallery").all(".tile-open").first().click();
            visit.button("Details").click();
            visit.button("Delete").click();
            assertThat(visit.all(".tile")).hasCount(1);
            visit.button("Undo").click();
            assertThat(visit.all(".tile")).hasCount(2);
            visit.page().reload();
            assertThat(visit.all(".tile")).hasCount(2);
            assertThat(deletes).isEmpty();
        }
    }

    @Test
    void whatIsDeletedIsInNoListingThatIsLoadedMeanwhile(WebApp app) {
        try (Visit visit = app.visit().withTimeToUndo().as("gerlinde", "user")) {
            visit.imports(2, Map.of());
            visit.to("#/gallery").all(".tile-open").first().click();
            visit.button("Details").click();
            visit.button("Delete").click();
            visit.button("Close").click();
            visit.page()
                    .waitForResponse(
                            "**/api/images?*", () -> visit.button("Load again").click());
            assertThat(visit.all(".listing")).hasAttribute("aria-busy", "false");
            assertThat(visit.all(".tile")).hasCount(1);
            visit.page().locator("nav >> text=Upload").click();
            assertThat(visit.page().locator("main h1")).hasText("Upload");
            visit.page().locator("nav >> text=Gallery").click();
            visit.see("1 image");
            assertThat(visit.all(".tile")).hasCount(1);

            visit.button("Undo").click();
            assertThat(visit.all(".tile")).hasCount(2);
        }
    }

    @Test
    void whatWasDeletedElsewhereIsToldAndNotShownAnyLonger(WebApp app) {
        try (Visit visit = app.visit().as("gerwin", "user")) {
            List<String> ids = visit.imports(2, Map.of());
            visit.to("#/gallery").all(".tile-open").first().click();
            visit.see("1 / 2");
            assertThat(visit.all(".viewer img.is-loaded")).hasCount(1);
            visit.post("api/images/bulk-delete", Map.of("ids", List.of(ids.get(1))));
            visit.button("Details").click();

            visit.see("It is not there any more");
            assertThat(visit.all("dialog[open]")).hasCount(0);
            assertThat(visit.all(".tile")).hasCount(1);
        }
    }

    @Test
    void whatIsOpenedAfterItWasDeletedElsewhereIsToldAndNotShownAnyLonger(WebApp app) {
        try (Visit visit = app.visit().as("gerwine", "user")) {
            List<String> ids = visit.imports(2, Map.of());
            visit.to("#/gallery");
            assertThat(visit.all(".picture img.is-loaded")).hasCount(2);
            visit.post("api/images/bulk-delete", Map.of("ids", List.of(ids.get(1))));
            visit.all(".tile-open").first().click();

            visit.see("It is not there any more");
            assertThat(visit.all("dialog[open]")).hasCount(0);
            assertThat(visit.all(".tile")).hasCount(1);
        }
    }

    @Test
    void whatIsDeletedElsewhereAlreadyIsNoneThatCouldNotBeDeleted(WebApp app) {
        try (Visit visit = app.visit().as("gisbert", "user")) {
            List<String> ids = visit.imports(2, Map.of());
            visit.to("#/gallery");
            assertThat(visit.all(".tile")).hasCount(2);
            visit.post("api/images/bulk-delete", Map.of("ids", List.of(ids.get(1))));
            visit.all(".tile-check").first().click();
            visit.all(".tile-check").last().click();
            visit.button("Delete").last().click();
            visit.dialogButton("Delete").click();

            visit.see("No images yet");
            assertThat(visit.all("dialog[open]")).hasCount(0);
        }
    }

    /** A picture that is there and does not come stays, and says so. */
    @Test
    void aTileWhosePictureIsGoneGoes(WebApp app) {
        try (Visit visit = app.visit().as("gerold", "user")) {
            List<String> ids = visit.imports(2, Map.of());
            visit.page()
                    .route(
                            "**/api/images?*",
                            route -> {
                                APIResponse list = route.fetch();
                                visit.post("api/images/bulk-delete", Map.of("ids", List.of(ids.get(0))));
                                route.fulfill(new Route.FulfillOptions().setResponse(list));
                            },
                            new Page.RouteOptions().setTimes(1));
            List<String> looks = new CopyOnWriteArrayList<>();
            visit.page().route(url -> url.contains(ids.get(1) + "/file"), route -> {
                if (route.request().method().equals("HEAD")) {
                    looks.add(route.request().url());
                    route.resume();
                } else {
                    route.abort();
                }
            });
            visit.page().clock().install();
            visit.to("#/gallery");
            assertThat(visit.all(".tile")).hasCount(2);

            visit.page().waitForCondition(() -> {
                visit.page().clock().runFor(10_000); // between the tries to load it
                return visit.all(".tile").count() == 1 && !looks.isEmpty();
            });
            visit.evaluate("() => fetch('/api/session').then(() => '')"); // what was asked before it is answered by now
            visit.page().clock().runFor(60_000);
            assertThat(visit.all(".tile[data-id='" + ids.get(1) + "'] .picture-word"))
                    .hasText("No picture");
            assertThat(looks).hasSize(1);
            visit.page().unrouteAll();
        }
    }

    @Test
    void theAddressSaysWhatTheGalleryIsNarrowedBy(WebApp app) {
        try (Visit visit = app.visit().as("goran", "user")) {
            visit.imports(2, Map.of("altText", "a red boat"));
            visit.imports(1, Map.of("altText", "a house"));
            visit.to("#/gallery?q=boat");
            assertThat(visit.all(".tile")).hasCount(2);
            visit.page().locator("nav >> text=Gallery").click();
            assertThat(visit.page().getByPlaceholder("Search")).hasValue("");
            assertThat(visit.all(".tile")).hasCount(3);
            visit.page().goBack();
            assertThat(visit.page().getByPlaceholder("Search")).hasValue("boat");
            assertThat(visit.all(".tile")).hasCount(2);
        }
    }

    @Test
    void theFocusIsBackWhereItWasWhenADialogCloses(WebApp app) {
        try (Visit visit = app.visit().as("gerd-keys", "user")) {
            visit.imports(3, Map.of());
            List<String> missing = new CopyOnWriteArrayList<>();
            visit.page().onResponse(response -> {
                if (response.status() == 404) {
                    missing.add(response.url());
                }
            });
            visit.to("#/gallery");
            Locator second = visit.all(".tile-open").nth(1);
            visit.all(".tile-open").first().focus();
            visit.page().keyboard().press("ArrowRight");
            visit.page().keyboard().press("Enter");
            assertThat(visit.all("dialog[open]")).hasCount(1);
            assertThat(visit.all(".viewer img.is-loaded")).hasCount(1);
            visit.page().keyboard().press("Tab");
            visit.page().keyboard().press("Escape");
            assertThat(visit.all("dialog[open]")).hasCount(0);
            assertThat(second).isFocused();

            visit.page().keyboard().press("Space");
            visit.page().keyboard().press("Delete");
            assertThat(visit.all("dialog[open]")).hasCount(1);
            visit.page().keyboard().press("Escape");
            assertThat(visit.all("dialog[open]")).hasCount(0);
            assertThat(second).isFocused();
            assertThat(missing).as("what the page asks for in vain").isEmpty();
        }
    }

    /** Who keeps the app open all day goes to and fro between its pages. */
    @Test
    void aGalleryThatWasLeftIsNotKeptInMemory(WebApp app) {
        try (Visit visit = app.visit().as("gerti", "user")) {
            visit.imports(2, Map.of());
            visit.to("#/gallery");
            assertThat(visit.all(".picture img.is-loaded")).hasCount(2);
            visit.evaluate("() => { globalThis.left = new WeakRef(document.querySelector('.gallery')); }");
            visit.page().locator("nav >> text=Upload").click();
            assertThat(visit.page().locator("main h1")).hasText("Upload");

            visit.page().waitForCondition(() -> {
                visit.page().requestGC();
                return Objects.equals(visit.evaluate("() => left.deref() === undefined"), true);
            });
        }
    }

    @Test
    void whatIsUsedSaysSoBeforeAnybodyTriesToDeleteIt(WebApp app) {
        try (Visit visit = app.visit().as("gabi", "user")) {
            String id = visit.imports(1, Map.of()).getFirst();
            visit.put("api/images/" + id + "/usages/article/7", Map.of("role", "featured"));
            visit.page().navigate(app.root() + "gallery/" + id);
            visit.button("Details").click();

            visit.see("1 article (featured image)");
            visit.see("It cannot be deleted while it is used.");
            assertThat(visit.button("Delete")).isDisabled();
        }
    }

    @Test
    void aNameIsShownEditedAndTakenBack(WebApp app) {
        try (Visit visit = app.visit().withTimeToUndo().as("gino", "user")) {
            visit.page()
                    .route(
                            "**/api/images?*",
                            route -> route.fulfill(new Route.FulfillOptions()
                                    .setContentType("application/json")
                                    .setBody(named("lock gate"))));
            visit.page().route(Pattern.compile("/api/images/00000000-[^/]*$"), route -> {
                String sent = route.request().postData();
                route.fulfill(new Route.FulfillOptions()
                        .setContentType("application/json")
                        .setBody(one(sent != null && sent.contains("sluice") ? "sluice" : "lock gate")));
            });
            visit.to("#/gallery");
            visit.all(".tile-open").click();
            assertThat(visit.all("dialog h2")).hasText("lock gate");
            visit.button("Details").click();
            visit.field("Name").fill("sluice");
            visit.button("Save").click();
            assertThat(visit.all("dialog h2")).hasText("sluice");
            visit.button("Undo").click();
            assertThat(visit.all("dialog h2")).hasText("lock gate");
            visit.page().unrouteAll();
        }
    }

    @Test
    void aNameThatComesOfTheTextFollowsIt(WebApp app) {
        try (Visit visit = app.visit().withTimeToUndo().as("nele", "user").to("#/generate")) {
            visit.page().locator("textarea").fill("A lock gate");
            visit.button("Generate").click();
            visit.all(".order img.is-loaded").waitFor();
            visit.to("#/gallery").all(".tile-open").click();
            visit.button("Details").click();
            assertThat(visit.field("Name")).hasValue("A lock gate");
            visit.page().locator("dialog textarea").fill("Mist");
            visit.button("Save").click();

            assertThat(visit.field("Name")).hasValue("Mist");
            assertThat(visit.button("Save")).isDisabled();
            visit.button("Undo").click();
            assertThat(visit.field("Name")).hasValue("A lock gate");
        }
    }

    private static String named(String name) {
        return "{\"images\":[" + one(name) + "],\"page\":1,\"size\":60,\"total\":1,\"pages\":1}";
    }

    private static String one(String name) {
        return """
                {"id":"%s","status":"failed","source":"uploaded","name":"%s","altText":"A gate","usages":[],\
                "createdAt":"2026-11-21T00:00:00Z"}""".formatted(new UUID(0, 1), name);
    }
}
