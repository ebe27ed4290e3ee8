package dev.sluice.gateway.feature.webapp;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;

import com.microsoft.playwright.Page;
import com.microsoft.playwright.Route;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Pictures of other sites that become one's own: by link, or dragged here. */
@ExtendWith(WebApp.Extension.class)
class ImportPageTest {

    @Test
    void picturesAreImportedByLinkAndARefusalIsWaitedOut(WebApp app) {
        try (Visit visit = app.visit().as("ida", "user").to("#/import")) {
            visit.page()
                    .route(
                            "**/api/images/imports",
                            route -> route.fulfill(new Route.FulfillOptions()
                                    .setStatus(429)
                                    .setHeaders(Map.of("Retry-After", "1", "Content-Type", "application/problem+json"))
                                    .setBody("{\"code\":\"rate_limited\",\"detail\":\"limit ip: used up\"}")),
                            new Page.RouteOptions().setTimes(1));
            assertThat(visit.all("nav [aria-current]")).hasText("Upload");
            visit.field("Image links").fill(visit.sampleUrl(0) + "," + visit.sampleUrl(2));
            visit.button("Import").click();

            visit.see("continues in");
            assertThat(visit.all(".entry-done")).hasCount(2);
            assertThat(visit.all(".entry-failed")).hasCount(0);
            visit.page().getByText("Open the gallery").click();
            assertThat(visit.all(".tile")).hasCount(2);
        }
    }

    @Test
    void aPictureIsImportedUnderTheNameThatItIsGivenAndRenamedLater(WebApp app) {
        try (Visit visit = app.visit().as("ines", "user").to("#/import")) {
            visit.page()
                    .route(
                            "**/api/images/imports",
                            route -> route.fulfill(new Route.FulfillOptions()
                                    .setStatus(429)
                                    .setHeaders(Map.of("Retry-After", "2", "Content-Type", "application/problem+json"))
                                    .setBody("{\"code\":\"rate_limited\",\"detail\":\"limit ip: used up\"}")),
                            new Page.RouteOptions().setTimes(1));
            visit.field("Image links").fill(visit.sampleUrl(0));
            visit.button("Import").click();
            visit.all(".entry-name").fill("Harbour at dusk");
            visit.all(".entry-name").press("Tab");

            assertThat(visit.all(".entry-done")).hasCount(1);
            assertThat(visit.all(".entry-name")).hasValue("Harbour at dusk");
            assertThat(visit.to("#/gallery").field("Harbour at dusk")).hasCount(1);

            visit.to("#/import").all(".entry-name").fill("Harbour at dawn");
            visit.page()
                    .waitForResponse(
                            answer -> answer.request().method().equals("PATCH") && answer.ok(),
                            () -> visit.all(".entry-name").press("Tab"));
            assertThat(visit.to("#/gallery").field("Harbour at dawn")).hasCount(1);
        }
    }

    @Test
    void aLinkThatAnybodyMayHaveMadeImportsNothingByItself(WebApp app) {
        try (Visit visit = app.visit().as("irma", "user")) {
            String picture = visit.sampleUrl(0);
            visit.to("import?text=" + URLEncoder.encode(picture, StandardCharsets.UTF_8));
            assertThat(visit.field("Image links")).hasValue(picture);
            assertThat(visit.all(".entry")).hasCount(0);
            assertThat(visit.page()).hasURL(app.root() + "import");

            visit.button("Import").click();
            assertThat(visit.all(".entry-done")).hasCount(1);
        }
    }

    @Test
    void whatCannotBeImportedSaysWhyAndCanBeTriedAgain(WebApp app) {
        try (Visit visit = app.visit().as("inga", "user").to("#/import")) {
            visit.field("Image links").fill("http://10.0.0.1/secret.png");
            visit.button("Import").click();

            visit.see("That address is out of reach.");
            visit.button("Retry").click();
            visit.see("That address is out of reach.");
        }
    }

    @Test
    void aPictureDraggedFromAnotherWindowIsImported(WebApp app) {
        try (Visit visit = app.visit().as("igor", "user")) {
            List<String> zones = List.of("#/upload .drop-zone", "#/import .drop", "#/gallery .gallery");
            for (int index = 0; index < zones.size(); index++) {
                String[] zone = zones.get(index).split(" ", 2);
                String url = visit.sampleUrl(index);
                visit.to(zone[0]);
                visit.all(zone[1])
                        .dispatchEvent(
                                "drop", Map.of("dataTransfer", visit.page().evaluateHandle("""
                                        (url) => {
                                          const dropped = new DataTransfer();
                                          dropped.setData('text/uri-list', 'https://example.com/page');
                                          dropped.setData('text/html', `<a href="https://example.com/page"><img src="${url}"></a>`);
                                          return dropped;
                                        }""", url)));
                assertThat(visit.page().locator("main h1")).hasText("Import by link");
                assertThat(visit.all(".entry-done")).hasCount(index + 1);
            }
        }
    }

    @Test
    void whatIsAddedBeforeTheKeptListIsFoundJoinsIt(WebApp app) {
        try (Visit visit = app.visit().as("ilse", "user").to("#/import")) {
            visit.field("Image links").fill(visit.sampleUrl(0));
            visit.button("Import").click();
            assertThat(visit.all(".entry-done")).hasCount(1);

            visit.awaitKept("imports", "\"state\":\"done\"");
            visit.holdBackWhatWasKept();
            visit.page().reload();
            visit.field("Image links").fill(visit.sampleUrl(1));
            visit.button("Import").click();
            assertThat(visit.all(".entry-done")).hasCount(1);
            visit.findWhatWasKept();

            assertThat(visit.all(".entry-done")).hasCount(2);
        }
    }
}
