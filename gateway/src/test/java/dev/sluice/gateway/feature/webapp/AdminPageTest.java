package dev.sluice.gateway.feature.webapp;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Browser.NewContextOptions;
import com.microsoft.playwright.Locator;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** For who looks after the gateway. */
@ExtendWith(WebApp.Extension.class)
class AdminPageTest {

    @Test
    void anAdminSeesTheirProjectsAloneAndASuperAdminAll(WebApp app) {
        try (Visit adele = app.visit().as("adele", "user", "north");
                Visit bert = app.visit().as("bert", "user", "south")) {
            adele.imports(1, Map.of("projectId", "north", "altText", "scope north"));
            bert.imports(1, Map.of("projectId", "south", "altText", "scope south"));
        }
        try (Visit user = app.visit().as("ursula", "user").to("#/admin")) {
            user.see("For admins");
        }
        try (Visit admin = app.visit().as("anna", "admin", "north").to("#/admin?tab=images")) {
            assertThat(admin.all(".tile")).hasCount(1);
            admin.see("adele");
            admin.all(".tile-open").click();
            admin.button("Delete 1").click();
            admin.dialogButton("Delete").click();
            admin.see("No images");
        }
        try (Visit root = app.visit().as("sven", "super-admin").to("#/admin?tab=images")) {
            root.page().getByPlaceholder("Search").fill("scope south");
            assertThat(root.all(".tile")).hasCount(1);
            root.see("bert");
        }
    }

    @Test
    void anAdminLooksIntoLimitsAndForgetsThem(WebApp app) {
        try (Visit admin = app.visit().as("lena", "admin").to("#/admin?tab=limits")) {
            admin.button("Look").click();
            assertThat(admin.all("tbody tr")).not().hasCount(0);
            admin.button("Reset all").click();
            admin.dialogButton("Reset").click();
            admin.see("Limits reset");

            admin.page().getByLabel("Subject").fill("lena");
            admin.button("Look").click();
            admin.see("That names nobody.");
        }
    }

    @Test
    void limitsStayWithinAPhonesWidth(WebApp app) {
        try (Visit admin = app.visit(new NewContextOptions().setViewportSize(320, 600))
                .as("lotte", "admin")
                .to("#/admin?tab=limits")) {
            admin.button("Look").click();
            assertThat(admin.all("tbody tr")).not().hasCount(0);
            assertThat(admin.evaluate("() => document.documentElement.scrollWidth <= innerWidth"))
                    .as("nothing beside the window")
                    .isEqualTo(true);
        }
    }

    @Test
    void whatItsOwnerHasDeletedMeanwhileIsGoneForTheAdminToo(WebApp app) {
        try (Visit owner = app.visit().as("odo", "user", "west");
                Visit admin = app.visit().as("anke", "admin", "west")) {
            List<String> ids = owner.imports(1, Map.of("projectId", "west"));
            admin.to("#/admin?tab=images").all(".tile-open").click();
            owner.post("api/images/bulk-delete", Map.of("ids", ids));
            admin.button("Delete 1").click();
            admin.dialogButton("Delete").click();

            admin.see("No images");
            assertThat(admin.page().getByText("It is not there any more")).hasCount(0);
        }
    }

    @Test
    void anAdminLooksIntoTheCacheAndForgetsAnImage(WebApp app) {
        try (Visit admin = app.visit().as("lino", "admin").to("#/")) {
            admin.button("Sample pictures").click();
            Locator picture = admin.all(".share-image img.is-loaded").first();
            picture.waitFor();
            assertThat(admin.to("#/admin").all(".chart").filter(new Locator.FilterOptions().setHasText("Image cache")))
                    .containsText(Pattern.compile("[1-9][0-9.]* KB"));
            admin.to("#/");
            picture.waitFor();
            String url = String.valueOf(picture.evaluate("(image) => new URL(image.src).searchParams.get('url')"));

            admin.to("#/admin?tab=cache");
            admin.field("Address of the image").fill(url);
            admin.button("Look").click();
            admin.see("Shown without asking");
            assertThat(admin.all(".facts")).not().containsText("image/");
            admin.button("Forget it").click();
            admin.see("Forgotten");
            admin.button("Look").click();
            admin.see("The cache has nothing of this URL.");
        }
    }

    @Test
    void theOverviewSaysWhetherAllIsWellAndItsChartsMove(WebApp app) {
        try (Visit admin = app.visit().as("lars", "admin").to("#/admin")) {
            assertThat(admin.all(".chart")).hasCount(8);
            admin.see("All is well");
            admin.see("Image store");
            assertThat(admin.all(".chart").filter(new Locator.FilterOptions().setHasText("Memory free for archives")))
                    .containsText("MB");
            Locator requests = admin.all(".chart").filter(new Locator.FilterOptions().setHasText("Requests"));
            admin.imports(3, Map.of());
            assertThat(requests.locator("strong")).hasText(Pattern.compile("(?!0\\.0)[0-9.]+/s"));
        }
    }
}
