package dev.sluice.gateway.feature.webapp;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Browser.NewContextOptions;
import com.microsoft.playwright.Page.ScreenshotOptions;
import com.microsoft.playwright.options.ColorScheme;
import com.microsoft.playwright.options.FilePayload;
import com.microsoft.playwright.options.ReducedMotion;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Every page, light, dark and on a phone: nothing that sticks out, no serious finding of axe-core, a picture of each.
 */
@ExtendWith(WebApp.Extension.class)
class LooksTest {
    private static final Path PICTURES = Path.of("target", "screenshots");

    enum Look {
        LIGHT,
        DARK,
        PHONE;

        NewContextOptions options() {
            NewContextOptions options = new NewContextOptions().setReducedMotion(ReducedMotion.REDUCE);
            return switch (this) {
                case LIGHT -> options.setColorScheme(ColorScheme.LIGHT).setViewportSize(1280, 800);
                case DARK -> options.setColorScheme(ColorScheme.DARK).setViewportSize(1280, 800);
                case PHONE ->
                    options.setColorScheme(ColorScheme.LIGHT)
                            .setViewportSize(390, 844)
                            .setIsMobile(true)
                            .setHasTouch(true);
            };
        }
    }

    @ParameterizedTest
    @EnumSource
    void everyPageIsSoundAndFitsItsScreen(Look look, WebApp app) {
        try (Visit visit = app.visit(look.options()).to("")) {
            judge(visit, look, "start");
            visit.button("Sample pictures").click();
            visit.all(".share-image img.is-loaded").nth(5).waitFor();
            judge(visit, look, "zip-stranger");
            judge(visit.to("#/sign-in"), look, "sign-in");
            visit.as("vera-" + look.name().toLowerCase(Locale.ROOT), "super-admin", "p1", "p2");
            visit.page().reload();

            visit.to("#/").button("Samples, some broken").click();
            visit.page().locator(".share-image img.is-loaded").nth(5).waitFor();
            judge(visit, look, "zip");
            visit.page().waitForDownload(() -> visit.button("Download ZIP").click());
            visit.see("Saved to Downloads");
            judge(visit, look, "zip-done");

            visit.to("#/generate").page().locator("textarea").fill("A lock gate at dawn, mist over still water");
            visit.button("Generate").click();
            visit.page().locator(".order img.is-loaded").waitFor();
            judge(visit, look, "generate");

            visit.imports(9, Map.of("projectId", "p1"));
            visit.to("#/gallery")
                    .page()
                    .locator(".picture img.is-loaded")
                    .nth(9)
                    .waitFor();
            judge(visit, look, "gallery");
            visit.page().locator(".tile-check").first().check();
            judge(visit, look, "gallery-selected");
            visit.button("Clear the selection").click();
            visit.page().locator(".tile-open").last().click();
            visit.page().locator(".viewer img.is-loaded").waitFor();
            visit.button("Details").click();
            visit.see("nothing"); // uses it
            judge(visit, look, "image");
            visit.field("Name").fill("Harbour");
            visit.button("Save").click();
            visit.button("Undo").waitFor();
            judge(visit, look, "image-saved");
            visit.page().keyboard().press("Escape");

            judge(visit.to("#/import"), look, "import");
            judge(visit.to("#/upload"), look, "upload");
            visit.page().setInputFiles("input[type=file]", new FilePayload[] {
                new FilePayload("harbour.jpg", "image/jpeg", visit.sample(0)),
                new FilePayload("notes.bmp", "image/bmp", new byte[100]),
                new FilePayload("from-my-phone.heic", "image/heic", new byte[2_400_000])
            });
            visit.all(".entry").nth(2).waitFor();
            judge(visit, look, "upload-files");
            visit.to("#/admin?tab=overview");
            assertThat(visit.all(".chart")).hasCount(8);
            judge(visit, look, "admin-overview");
            visit.to("#/admin?tab=images")
                    .page()
                    .locator(".picture img.is-loaded")
                    .nth(9)
                    .waitFor();
            judge(visit, look, "admin-images");
            visit.to("#/admin?tab=limits").button("Look").click();
            visit.page().locator("table").waitFor();
            judge(visit, look, "admin-limits");
            judge(visit.to("#/admin?tab=cache"), look, "admin-cache");

            assertThat(visit.evaluate(
                            "() => parseFloat(getComputedStyle(document.querySelector('.button')).transitionDuration)"))
                    .as("motion for who wants less, in seconds")
                    .isEqualTo(0.00001);

            if (look != Look.DARK) {
                visit.page().setViewportSize(look == Look.PHONE ? 360 : 3840, look == Look.PHONE ? 740 : 2160);
                for (String page : List.of("#/", "#/gallery", "#/generate", "#/upload", "#/admin?tab=overview")) {
                    fits(visit.to(page), page);
                }
                visit.to("#/admin?tab=limits").button("Look").click();
                visit.page().locator("table").waitFor();
                fits(visit, "limits");
            }
        }
    }

    private static void judge(Visit visit, Look look, String name) {
        visit.page()
                .screenshot(new ScreenshotOptions()
                        .setPath(PICTURES.resolve(name + "-" + look.name().toLowerCase(Locale.ROOT) + ".png")));
        fits(visit, name);
        assertThat(visit.seriousFindings()).as("%s, %s", name, look).isEmpty();
    }

    private static void fits(Visit visit, String name) {
        // What sticks out widens the window of a phone, too, and not its screen.
        assertThat((int) visit.evaluate("() => document.documentElement.scrollWidth"))
                .as("the width of %s", name)
                .isLessThanOrEqualTo(visit.page().viewportSize().width);
    }
}
