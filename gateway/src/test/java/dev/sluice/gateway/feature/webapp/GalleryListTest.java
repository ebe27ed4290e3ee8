package dev.sluice.gateway.feature.webapp;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Route;
import com.microsoft.playwright.options.AriaRole;
import com.microsoft.playwright.options.KeyboardModifier;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A list of many images, which grows as one scrolls while images come and go elsewhere. */
@ExtendWith(WebApp.Extension.class)
class GalleryListTest {
    private static final int MANY = 1000;
    private static final int SIZE = 60;

    @Test
    void aThousandImagesAreDrawnAsTheyAreScrolledTo(WebApp app) {
        try (Visit visit = app.visit().as("theo", "user")) {
            new ListedImages(MANY).play(visit);
            visit.to("#/gallery");
            assertThat(visit.all(".tile-waiting")).not().hasCount(0);
            visit.page().mouse().move(600, 500);
            Locator come = visit.all(".tile[data-id]");
            for (int known = come.count(); known < MANY; known = come.count()) {
                visit.page().mouse().wheel(0, 1_000_000);
                // The wheel ends where the page ended before its last tiles were laid out; whoever reads on turns it
                // again.
                visit.page().waitForFunction("""
                                (known) => {
                                  scrollTo(0, document.documentElement.scrollHeight);
                                  return document.querySelectorAll('.tile[data-id]').length > known;
                                }""", known);
            }
            visit.page().keyboard().press("End");
            assertThat(visit.evaluate(
                            "() => document.querySelector('.tile img').checkVisibility({contentVisibilityAuto: true})"))
                    .as("what is far away is drawn")
                    .isEqualTo(false);
            assertThat(visit.layoutShift()).as("layout shift").isLessThan(0.1);

            visit.all(".tile-check").nth(998).click();
            visit.all(".tile-check")
                    .nth(901)
                    .click(new Locator.ClickOptions().setModifiers(List.of(KeyboardModifier.SHIFT)));
            visit.see("98 selected");
        }
    }

    @Test
    void moreComesAfterAnImageWasDeleted(WebApp app) {
        try (Visit visit = app.visit().as("tess", "user")) {
            ListedImages images = new ListedImages(150);
            images.play(visit);
            visit.page().route("**/api/images/bulk-delete", route -> {
                images.delete(0, 1);
                route.fulfill(new Route.FulfillOptions()
                        .setContentType("application/json")
                        .setBody("{\"results\":[{\"id\":\"" + ListedImages.id(0) + "\",\"status\":\"deleted\"}]}"));
            });
            visit.to("#/gallery");
            visit.all(".tile-check").first().click();
            visit.button("Delete").last().click();
            visit.dialogButton("Delete").click();
            assertThat(visit.all(".tile[data-id='" + ListedImages.id(0) + "']")).hasCount(0);

            scrollsTo(images.ids(), visit);
        }
    }

    @Test
    void moreComesThoughOthersWereAddedMeanwhile(WebApp app) {
        try (Visit visit = app.visit().as("tara", "user")) {
            ListedImages images = new ListedImages(200);
            images.play(visit);
            visit.to("#/gallery");
            assertThat(visit.all(".tile[data-id]")).not().hasCount(0);
            images.add(-SIZE, 0);

            scrollsTo(images.ids(), visit);
        }
    }

    /** What was deleted before it makes the next page by number begin later by as many. */
    @Test
    void noneIsLeftOutThoughOthersWereDeletedMeanwhile(WebApp app) {
        try (Visit visit = app.visit().as("tina", "user")) {
            ListedImages images = new ListedImages(300);
            images.play(visit);
            visit.to("#/gallery");
            assertThat(visit.all(".tile[data-id]")).not().hasCount(0);
            images.delete(0, SIZE);

            scrollsTo(images.ids(), visit);
            visit.see("240 images");
        }
    }

    /** The total says nothing then. */
    @Test
    void asManyThatCameAsWentAreSeen(WebApp app) {
        try (Visit visit = app.visit().as("toni", "user")) {
            ListedImages images = new ListedImages(200);
            images.play(visit);
            visit.to("#/gallery");
            assertThat(visit.all(".tile[data-id]")).not().hasCount(0);
            images.delete(5, 8);
            images.delete(170, 171);
            images.add(-4, 0);

            scrollsTo(images.ids(), visit);
            visit.see("200 images");
        }
    }

    @Test
    void aListThatStayedAsItWasIsOverAfterOneMoreLook(WebApp app) {
        try (Visit visit = app.visit().as("trude", "user")) {
            ListedImages images = new ListedImages(150);
            images.play(visit);
            visit.to("#/gallery");

            scrollsTo(images.ids(), visit);
            visit.page().waitForCondition(() -> images.asked().size() == 4);
            staysAtTheEnd(visit);
            assertThat(images.asked().stream().map(url -> url.replaceAll(".*\\?", "")))
                    .containsExactly("page=1&size=60", "after=59&size=60", "after=119&size=60", "page=1&size=60");
        }
    }

    @Test
    void aTotalThatIsNeverReachedIsNotAskedForForever(WebApp app) {
        try (Visit visit = app.visit().as("timm", "user")) {
            ListedImages images = new ListedImages(150);
            images.miscount(7);
            images.play(visit);
            visit.to("#/gallery");
            visit.see("157 images");

            scrollsTo(images.ids(), visit);
            visit.see("150 images");
            staysAtTheEnd(visit);
            assertThat(images.asked()).hasSize(6);
        }
    }

    /** All is there already when the list is gone through once more. */
    @Test
    void aSecondLookThatFailsIsNobodysConcern(WebApp app) {
        try (Visit visit = app.visit().as("till", "user")) {
            ListedImages images = new ListedImages(100);
            images.play(visit);
            visit.to("#/gallery");
            assertThat(visit.all(".tile[data-id]")).not().hasCount(0);
            List<String> refused = new ArrayList<>();
            visit.page().route(url -> url.contains("/api/images?page=1"), route -> {
                refused.add(route.request().url());
                route.fulfill(new Route.FulfillOptions()
                        .setStatus(503)
                        .setContentType("application/problem+json")
                        .setBody("{\"code\":\"database_failed\",\"detail\":\"It does not answer.\"}"));
            });

            scrollsTo(images.ids(), visit);
            visit.page().waitForCondition(() -> !refused.isEmpty());
            staysAtTheEnd(visit);
            assertThat(visit.page().getByRole(AriaRole.ALERT)).hasCount(0);
            assertThat(refused).hasSize(1);
        }
    }

    /** Reads to the end, until these are there and no others. */
    private static void scrollsTo(List<String> ids, Visit visit) {
        visit.page().waitForFunction("""
                        (ids) => {
                          scrollTo(0, document.documentElement.scrollHeight);
                          const shown = [...document.querySelectorAll('.tile[data-id]')].map((tile) => tile.dataset.id);
                          return JSON.stringify(shown.sort()) === JSON.stringify(ids);
                        }""", ids.stream().sorted().toList());
    }

    /** Long enough for whatever the page still asks for by itself. */
    private static void staysAtTheEnd(Visit visit) {
        assertThat(visit.all(".listing")).hasAttribute("aria-busy", "false");
        visit.evaluate("""
                async () => {
                  for (let turn = 0; turn < 10; turn++) {
                    scrollTo(0, turn % 2 === 0 ? 0 : document.documentElement.scrollHeight);
                    await new Promise((painted) => requestAnimationFrame(() => setTimeout(painted)));
                    await fetch('/api/session');
                  }
                }""");
        assertThat(visit.all(".listing")).hasAttribute("aria-busy", "false");
        visit.page().unrouteAll(); // what is still asked for when the page closes is nobody's
    }
}
