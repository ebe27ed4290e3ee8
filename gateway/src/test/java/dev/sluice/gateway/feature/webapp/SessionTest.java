package dev.sluice.gateway.feature.webapp;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Browser.NewContextOptions;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Route;
import com.microsoft.playwright.options.AriaRole;
import com.microsoft.playwright.options.Cookie;
import com.microsoft.playwright.options.LoadState;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Who is there, and whether the gateway is. */
@ExtendWith(WebApp.Extension.class)
class SessionTest {
    private static final String COOKIE = "sluice_session";

    @Test
    void aSessionThatEndsLeadsToSignInAndBackToWhereOneWas(WebApp app) {
        try (Visit visit = app.visit().as("erik", "user").to("#/gallery?q=boat")) {
            visit.see("No matches");
            // What the page still asks for by itself would learn of the end before the click does.
            visit.page().waitForLoadState(LoadState.NETWORKIDLE);
            visit.context().addCookies(List.of(new Cookie(COOKIE, "not.a.token").setUrl(app.root())));
            visit.button("Load again").click();

            visit.see("Your session has ended");
            visit.field("Name").fill("erik");
            visit.button("Sign in").click();
            visit.see("No matches");
            assertThat(visit.page()).hasURL(app.root() + "gallery?q=boat");
        }
    }

    @Test
    void aPageForUsersAsksAStrangerWhoTheyAreAndNoScriptCanReadTheAnswer(WebApp app) {
        try (Visit visit = app.visit().to("#/upload")) {
            visit.field("Name").fill("ina");
            visit.field("Admin images of the projects below, limits, cache").check();
            visit.button("Sign in").click();
            assertThat(visit.page().locator("main h1")).hasText("Upload");
            assertThat(visit.page().locator("nav")).containsText("Admin");
            assertThat(visit.context().cookies().stream().map(cookie -> cookie.name))
                    .contains(COOKIE);
            assertThat(visit.evaluate("() => document.cookie + JSON.stringify({...localStorage, ...sessionStorage})"))
                    .isEqualTo("{}");

            visit.button("Sign out").click();
            assertThat(visit.page().locator("nav")).not().containsText("Admin");
            assertThat(visit.context().cookies().stream().map(cookie -> cookie.name))
                    .doesNotContain(COOKIE);
        }
    }

    @Test
    void aVisitorWithAnOldSessionIsMetAsAStranger(WebApp app) {
        try (Visit visit = app.visit()) {
            visit.context().addCookies(List.of(new Cookie(COOKIE, "not.a.token").setUrl(app.root())));
            visit.to("");

            visit.page()
                    .getByText("Sign in", new Page.GetByTextOptions().setExact(true))
                    .waitFor();
            assertThat(visit.context().cookies().stream().map(cookie -> cookie.name))
                    .doesNotContain(COOKIE);
        }
    }

    @Test
    void aGatewayThatIsAwayIsToldAndThePageStays(WebApp app) {
        try (Visit visit = app.visit().as("olga", "user").to("#/gallery")) {
            visit.see("No images yet");
            visit.context().setOffline(true);
            visit.button("Load again").click();
            visit.see("The gateway cannot be reached");
            visit.page().locator("nav >> text=Generate").click();
            visit.see("This page could not be shown");

            visit.context().setOffline(false);
            visit.button("Try again").click();
            visit.see("Generate a picture");
            visit.page().locator("nav >> text=Gallery").click();
            visit.see("No images yet");
        }
    }

    @Test
    void aGatewayThatFallsSilentWhileThePageLoadsLeavesNoWhitePage(WebApp app) {
        try (Visit visit = app.visit()) {
            visit.page().route("**/api/**", Route::abort);
            visit.to("");

            visit.see("The gateway cannot be reached");
            assertThat(visit.page().locator("main h1")).hasText("Many pictures, one ZIP");
            visit.page().getByLabel("Image links").fill("https://example.com/a.png");
            visit.button("Add").click();
            visit.button("Download ZIP").click();
            assertThat(visit.button("Try again")).isEnabled();
        }
    }

    @Test
    void nobodyIsTakenForSignedOutWhileTheGatewayDoesNotSay(WebApp app) {
        try (Visit visit = app.visit().as("orla", "user")) {
            visit.page()
                    .route(
                            "**/api/session",
                            route -> route.fulfill(new Route.FulfillOptions()
                                    .setStatus(503)
                                    .setHeaders(Map.of("Retry-After", "1", "Content-Type", "application/problem+json"))
                                    .setBody("{\"code\":\"overloaded\",\"detail\":\"no room\"}")));
            visit.to("gallery");
            visit.see("This page could not be shown");
            assertThat(visit.page()).hasURL(app.root() + "gallery");

            visit.page().unroute("**/api/session");
            visit.see("No images yet");
            assertThat(visit.all(".who-name")).hasText("orla");
        }
    }

    @Test
    void whoIsBackFromTheirOrganisationsSignInIsLedToWhereTheyWere(WebApp app) {
        try (Visit visit = app.visit()) {
            visit.page().route("**/api/session", route -> {
                var told = route.fetch();
                route.fulfill(new Route.FulfillOptions()
                        .setResponse(told)
                        .setBody(told.text().replace("\"developmentLogin\":true", "\"developmentLogin\":false")));
            });
            visit.to("upload");
            visit.see("This gateway takes the sessions of your organisation.");
            visit.as("orlo", "user");
            visit.button("Load again").click();

            assertThat(visit.page().locator("main h1")).hasText("Upload");
            assertThat(visit.page()).hasURL(app.root() + "upload");
        }
    }

    @Test
    void everyTabIsOfWhoIsSignedIn(WebApp app) {
        try (Visit visit = app.visit().as("alma", "user").to("")) {
            visit.button("Sample pictures").click();
            assertThat(visit.all(".entry")).hasCount(6);
            Page other = visit.context().newPage();
            other.navigate(app.root());
            other.getByRole(AriaRole.BUTTON, new Page.GetByRoleOptions().setName("Sign out"))
                    .click();
            visit.see("You signed out in another tab");
            assertThat(visit.all(".entry")).hasCount(0);

            other.navigate(app.root() + "sign-in");
            other.getByLabel("Name", new Page.GetByLabelOptions().setExact(true))
                    .fill("bert");
            other.locator("main button").click();
            assertThat(visit.all(".who-name")).hasText("bert");
            visit.see("You are bert now");
        }
    }

    @Test
    void everyViewIsReachedByItsAddressAndLoadedAgain(WebApp app) {
        try (Visit visit = app.visit().as("adam", "admin")) {
            for (Map.Entry<String, String> view : Map.of(
                            "gallery", "Gallery",
                            "generate", "Generate a picture",
                            "upload", "Upload",
                            "import", "Import by link",
                            "admin?tab=limits", "Admin")
                    .entrySet()) {
                visit.page().navigate(app.root() + view.getKey());
                assertThat(visit.page().locator("main h1")).hasText(view.getValue());
                visit.page().reload();
                assertThat(visit.page().locator("main h1")).hasText(view.getValue());
                assertThat(visit.page()).hasURL(app.root() + view.getKey());
            }
            // Links of earlier releases lead where they led.
            visit.to("#/gallery");
            assertThat(visit.page()).hasURL(app.root() + "gallery");
            visit.page().locator("nav >> text=Upload").click();
            assertThat(visit.page()).hasURL(app.root() + "upload");
            visit.page().goBack();
            assertThat(visit.page().locator("main h1")).hasText("Gallery");
        }
    }

    @Test
    void aPageThatIsSlowToComeShowsItsShapeAtOnce(WebApp app) {
        try (Visit visit = app.visit()) {
            List<Route> modules = new CopyOnWriteArrayList<>();
            visit.page().route("**/pages/zip-builder.js", modules::add); // for as long as the network takes
            visit.page().navigate(app.root());
            assertThat(visit.all(".skeleton")).isVisible();
            visit.page().waitForCondition(() -> !modules.isEmpty());
            visit.page().unroute("**/pages/zip-builder.js");
            modules.forEach(Route::resume);

            assertThat(visit.page().locator("main h1")).hasText("Many pictures, one ZIP");
            assertThat(visit.all(".skeleton")).hasCount(0);
        }
    }

    @Test
    void aModuleThatDoesNotComeIsAskedForOnceMoreAndThenTold(WebApp app) {
        try (Visit visit = app.visit()) {
            visit.page().route("**/words.js", Route::abort, new Page.RouteOptions().setTimes(1));
            visit.page().navigate(app.root());
            assertThat(visit.page().locator("main h1")).hasText("Many pictures, one ZIP");
        }
        try (Visit visit = app.visit()) {
            visit.page().route("**/words.js", Route::abort);
            visit.page().navigate(app.root());
            visit.see("A part of this page did not come.");
            visit.page().unroute("**/words.js");
            visit.button("Load again").click();
            assertThat(visit.page().locator("main h1")).hasText("Many pictures, one ZIP");
        }
    }

    @Test
    void aMessageIsOnTopOfAnOpenDialogAndInPeoplesWords(WebApp app) {
        try (Visit visit = app.visit().as("anke", "user")) {
            visit.imports(1, Map.of());
            visit.page()
                    .route(
                            "**/download",
                            route -> route.fulfill(new Route.FulfillOptions()
                                    .setStatus(429)
                                    .setHeaders(
                                            Map.of("Retry-After", "120", "Content-Type", "application/problem+json"))
                                    .setBody("""
                                            {"code":"rate_limited","detail":"limit gallery: used up (expected: to wait PT2M)"}""")));
            visit.to("#/gallery").all(".tile-open").first().click();
            visit.button("Download").click();

            visit.see("A little too fast");
            assertThat(visit.all(".toast")).containsText("It works again in 2 min.");
            assertThat(visit.evaluate("""
                    () => {
                      const {left, top, width, height} = document.querySelector('.toast').getBoundingClientRect();
                      return document.elementFromPoint(left + width / 2, top + height / 2).closest('.toast') !== null;
                    }""")).as("in front of the dialog").isEqualTo(true);
            visit.button("Dismiss").click();
            assertThat(visit.all(".toast")).hasCount(0);
            assertThat(visit.all("dialog[open]")).hasCount(1);
        }
    }

    @Test
    void everythingIsUnderTheThumbAt360Pixels(WebApp app) {
        NewContextOptions phone = new NewContextOptions()
                .setViewportSize(360, 740)
                .setIsMobile(true)
                .setHasTouch(true);
        try (Visit visit = app.visit(phone).as("alma-phone", "user").to("")) {
            visit.button("Samples, some broken").click();
            assertThat(visit.all(".entry")).hasCount(14);
            assertThat(visit.button("Download ZIP")).isInViewport();
            assertThat(visit.all(".who-name")).isVisible();
            visit.page().waitForDownload(() -> visit.button("Download ZIP").tap());
            visit.see("Saved to Downloads");
            assertThat(visit.page().getByText("Saved to Downloads")).isInViewport();

            visit.imports(1, Map.of());
            visit.to("#/gallery").all(".tile-open").first().tap();
            assertThat(visit.button("Close")).isInViewport();
            visit.button("Details").tap();
            visit.see("nothing"); // uses it
            assertThat(visit.evaluate("() => document.documentElement.scrollWidth <= innerWidth"))
                    .isEqualTo(true);
        }
    }
}
