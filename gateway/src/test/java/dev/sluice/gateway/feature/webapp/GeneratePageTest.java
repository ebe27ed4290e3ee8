package dev.sluice.gateway.feature.webapp;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Page;
import com.microsoft.playwright.Route;
import com.microsoft.playwright.options.AriaRole;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A picture from words, and what is left of the quota. */
@ExtendWith(WebApp.Extension.class)
class GeneratePageTest {
    private static final Pattern IMAGE = Pattern.compile(".*/api/images/[0-9a-f-]{36}");

    @Test
    void aGeneratedPictureAppearsAndTheQuotaIsTold(WebApp app) {
        try (Visit visit = app.visit().as("greta", "user").to("#/generate")) {
            assertThat(visit.all(".quota")).containsText("50 of 50 left today");
            visit.page().getByLabel(Pattern.compile("Prompt")).fill("A lock gate at dawn");
            visit.page().getByLabel(Pattern.compile("Alternative text")).fill("A gate in mist");
            visit.page().getByText("Wide").click();
            visit.button("Generate").click();

            assertThat(visit.all(".order")).containsText("A gate in mist");
            assertThat(visit.all(".order img.is-loaded")).hasCount(1);
            assertThat(visit.all(".quota")).containsText("49 of 50 left today");
            assertThat(visit.evaluate("""
                            () => {
                              const right = (selector) => document.querySelector(selector).getBoundingClientRect().right;
                              return right('.order-picture') < right('.order');
                            }"""))
                    .as("the picture is inside of its card")
                    .isEqualTo(true);

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
    void thePictureThatIsOpenHasAUrlAndBackClosesIt(WebApp app) {
        try (Visit visit = app.visit().as("gerda", "user").to("#/generate")) {
            generate(visit, "A heron");
            visit.all(".order-picture").first().click();
            assertThat(visit.all("dialog.viewer")).isVisible();
            assertThat(visit.page()).hasURL(Pattern.compile(".*/generate\\?image=[0-9a-f-]{36}"));

            visit.page().goBack();
            assertThat(visit.all("dialog.viewer")).hasCount(0);
            assertThat(visit.page()).hasURL(Pattern.compile(".*/generate"));
            assertThat(visit.all(".order")).hasCount(1);

            visit.page().goForward();
            assertThat(visit.all("dialog.viewer")).isVisible();
            visit.page().reload();
            assertThat(visit.all("dialog.viewer")).isVisible();
            visit.page().keyboard().press("Escape");
            assertThat(visit.all("dialog.viewer")).hasCount(0);
            assertThat(visit.all(".order")).hasCount(1);
        }
    }

    /** What the page is told of every picture that it looks at; empty for the truth. */
    private static AtomicReference<String> told(Visit visit) {
        AtomicReference<String> member = new AtomicReference<>("");
        visit.page().route(IMAGE, route -> {
            String members = member.get();
            if (members.isEmpty() || !route.request().method().equals("GET")) {
                route.fallback();
                return;
            }
            var answer = route.fetch();
            route.fulfill(new Route.FulfillOptions()
                    .setResponse(answer)
                    .setBody(answer.text().replaceFirst("\"status\":\"[a-z]+\"", Matcher.quoteReplacement(members))));
        });
        return member;
    }

    private static String generating(String generation) {
        return "\"status\":\"generating\",\"generation\":" + generation;
    }

    private static void generate(Visit visit, String prompt) {
        visit.page().getByLabel(Pattern.compile("Prompt")).fill(prompt);
        visit.button("Generate").click();
    }

    @Test
    void anOrderTellsWhatItWaitsForAndHowLongAlsoAfterAReload(WebApp app) {
        try (Visit visit = app.visit().as("gesa", "user").to("#/generate")) {
            generate(visit, "The one before");
            assertThat(visit.all("[data-status=completed]")).containsText("Done in");
            AtomicReference<String> told = told(visit);
            told.set(generating("{\"stage\":\"waiting\",\"queuePosition\":3}"));
            generate(visit, "A lock gate");
            visit.see("Number 3 in line");
            told.set(generating("{\"stage\":\"provider\"}"));
            visit.see("The provider is making it");
            assertThat(visit.page().getByRole(AriaRole.TIMER)).containsText("most take");
            assertThat(visit.page().getByRole(AriaRole.PROGRESSBAR)).hasCount(1);

            visit.page().reload();

            visit.see("The provider is making it");
            assertThat(visit.all(".order")).hasCount(2);
            told.set(generating("{\"stage\":\"storing\"}"));
            visit.see("It is being stored");
            told.set("");
            assertThat(visit.all("[data-status=completed]")).hasCount(2);
            assertThat(visit.page().getByRole(AriaRole.TIMER)).hasCount(0);
        }
    }

    @Test
    void anOrderIsFoundAgainHoweverLongTheGatewayWasAway(WebApp app) {
        try (Visit visit = app.visit().as("gilda", "user")) {
            visit.page().clock().install();
            visit.to("#/generate");
            told(visit).set(generating("{\"stage\":\"provider\"}"));
            generate(visit, "A lock gate");
            visit.see("The provider is making it");
            visit.page().unrouteAll();
            AtomicInteger asked = new AtomicInteger();
            visit.page().route(Pattern.compile("/api/images/[0-9a-f-]{36}$"), route -> {
                asked.incrementAndGet();
                route.abort();
            });
            // Each look asks twice.
            for (int looks = 1; looks <= 20; looks++) {
                int before = asked.get();
                visit.page().clock().runFor(15_000);
                visit.page().waitForCondition(() -> asked.get() > before);
            }
            visit.page().unrouteAll();
            visit.page().clock().runFor(20_000);

            assertThat(visit.all("[data-status=completed]")).hasCount(1);
        }
    }

    @Test
    void aFailureSaysWhyAndWhatToDoAndIsTriedAgainInItsPlace(WebApp app) {
        try (Visit visit = app.visit().as("gisa", "user").to("#/generate")) {
            AtomicReference<String> told = told(visit);
            told.set("\"status\":\"failed\",\"error\":{\"code\":\"blocked\",\"detail\":\"The provider rejects it\"}");
            generate(visit, "A gate");
            visit.see("The provider rejects it. Say it in other words, then try again.");
            told.set("");
            visit.button("Retry").click();

            assertThat(visit.all("[data-status=completed]")).hasCount(1);
            assertThat(visit.all(".order")).hasCount(1);
            assertThat(visit.all("[data-status=failed]")).hasCount(0);
        }
    }

    @Test
    void severalAreMadeSideBySideAndAPromptIsUsedAgain(WebApp app) {
        try (Visit visit = app.visit().as("gundel", "user").to("#/generate")) {
            visit.page().getByText("Tall").click();
            visit.page()
                    .getByRole(AriaRole.GROUP, new Page.GetByRoleOptions().setName("How many"))
                    .getByText("3")
                    .click();
            generate(visit, "Three gates");

            assertThat(visit.all("[data-status=completed]")).hasCount(3);
            assertThat(visit.all(".order img.is-loaded")).hasCount(3);
            visit.page().getByLabel(Pattern.compile("Prompt")).fill("");
            visit.page().getByText("Square").click();
            visit.button("Use the prompt again").first().click();
            assertThat(visit.page().getByLabel(Pattern.compile("Prompt"))).hasValue("Three gates");
            assertThat(visit.page().getByRole(AriaRole.RADIO, new Page.GetByRoleOptions().setName("Tall")))
                    .isChecked();

            visit.button("Clear what is done").click();
            visit.see("Your pictures appear here.");
            assertThat(visit.to("#/gallery").all(".tile")).hasCount(3);
        }
    }

    @Test
    void anOrderThatIsNotWantedAnyMoreIsCancelled(WebApp app) {
        try (Visit visit = app.visit().as("gerd", "user").to("#/generate")) {
            told(visit).set(generating("{\"stage\":\"provider\"}"));
            generate(visit, "Not this one");
            visit.button("Cancel").click();

            visit.see("Your pictures appear here.");
            visit.to("#/gallery").see("No images yet");
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
