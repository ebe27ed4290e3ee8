package dev.sluice.gateway.feature.webapp;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Page;
import com.microsoft.playwright.Route;
import com.microsoft.playwright.options.Cookie;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Who is there, and whether the gateway is. */
@ExtendWith(WebApp.Extension.class)
class SessionTest {
    private static final String COOKIE = "sluice_session";

    @Test
    void aSessionThatEndsLeadsToSignInAndBackToWhereOneWas(WebApp app) {
        try (Visit visit = app.visit().as("erik", "user").to("#/gallery?q=boat")) {
            visit.see("Nothing fits");
            visit.context().addCookies(List.of(new Cookie(COOKIE, "not.a.token").setUrl(app.root())));
            visit.button("Load again").click();

            visit.see("Your session has ended");
            visit.field("Name").fill("erik");
            visit.button("Sign in").click();
            visit.see("Nothing fits");
            assertThat(visit.page()).hasURL(app.root() + "#/gallery?q=boat");
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
            visit.page().getByLabel("Addresses of images").fill("https://example.com/a.png");
            visit.button("Add").click();
            visit.button("Download ZIP").click();
            assertThat(visit.button("Download ZIP")).isEnabled();
        }
    }
}
