package dev.sluice.gateway.feature.webapp;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;

import com.microsoft.playwright.Route;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A picture from words, and what is left of the quota. */
@ExtendWith(WebApp.Extension.class)
class GeneratePageTest {

    @Test
    void aGeneratedPictureAppearsAndTheQuotaIsTold(WebApp app) {
        try (Visit visit = app.visit().as("greta", "user").to("#/generate")) {
            assertThat(visit.all(".quota")).containsText("50 of 50 left today");
            visit.page().getByLabel(Pattern.compile("Prompt")).fill("A lock gate at dawn");
            visit.page().getByLabel(Pattern.compile("Alternative text")).fill("A gate in mist");
            visit.page().getByText("Wide").click();
            visit.button("Generate").click();

            assertThat(visit.all("[data-status=completed]")).containsText("A gate in mist");
            assertThat(visit.all(".order img.is-loaded")).hasCount(1);
            assertThat(visit.all(".quota")).containsText("49 of 50 left today");

            // Somebody else at the same screen sees nothing of it.
            visit.button("Sign out").click();
            visit.page().locator("nav >> text=Generate").click();
            visit.field("Name").fill("gustav");
            visit.button("Sign in").click();
            visit.see("Your pictures appear here.");
            assertThat(visit.all(".quota")).containsText("50 of 50 left today");
        }
    }

    @Test
    void aQuotaThatRunsOutIsToldBeforeAnOrderIsRefused(WebApp app) {
        try (Visit visit = app.visit().as("grit", "user").to("#/generate")) {
            visit.page().route("**/api/session", route -> {
                var told = route.fetch();
                route.fulfill(new Route.FulfillOptions()
                        .setResponse(told)
                        .setBody(told.text()
                                .replaceAll("(\"limit\":\"image-day\",\"capacity\":50,\"remaining\":)50", "$10")));
            });
            visit.page().reload();

            visit.see("Today’s pictures are all made");
            visit.page().getByLabel(Pattern.compile("Prompt")).fill("One more");
            assertThat(visit.button("Generate")).isDisabled();
        }
    }
}
