package dev.sluice.gateway.feature.webapp;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Download;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Route;
import dev.sluice.gateway.testing.Archives;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The start page: addresses in, an archive out. */
@ExtendWith(WebApp.Extension.class)
class ZipBuilderPageTest {
    /** Notes each value of the bar for all images, and each state that an image was in. */
    private static final String WATCH_PROGRESS = """
            () => {
              globalThis.shares = [];
              globalThis.states = new Set();
              new MutationObserver(() => {
                const share = document.querySelector('.summary [role=progressbar]')?.getAttribute('aria-valuenow');
                if (share && shares.at(-1) !== Number(share)) shares.push(Number(share));
                document.querySelectorAll('.entry [data-state]').forEach((one) => states.add(one.dataset.state));
              }).observe(document.body, {subtree: true, childList: true, attributes: true});
            }""";

    @Test
    void aZipOfSamplesWithBadOnesIsDownloadedWholeAndTellsWhatIsMissing(WebApp app) throws IOException {
        try (Visit visit = app.visit().to("")) {
            visit.button("Samples, some bad").click();
            assertThat(visit.all(".entry")).hasCount(14);
            visit.page().getByLabel("Archive name").fill("trip");
            visit.field("Name in the archive of image 1").fill("first");
            visit.evaluate(WATCH_PROGRESS);

            Download download = visit.page()
                    .waitForDownload(() -> visit.button("Download ZIP").click());
            visit.see("It is with your other downloads.");

            assertThat(download.suggestedFilename()).isEqualTo("trip.zip");
            SequencedMap<String, byte[]> files = Archives.read(Files.readAllBytes(download.path()));
            assertThat(files.keySet())
                    .contains("first.jpg", "picture-02.gif", "picture-06.png", "manifest.json")
                    .hasSize(7);
            assertThat(visit.all(".entry-done")).hasCount(6);
            assertThat(visit.all(".skipped li")).hasCount(8);
            assertThat(visit.all(".skipped"))
                    .containsText(Pattern.compile("disguised\\.png.*What came is not an image"));
            List<Integer> shares = ((List<?>) Objects.requireNonNull(visit.evaluate("() => shares")))
                    .stream().map(share -> ((Number) share).intValue()).toList();
            assertThat(shares)
                    .as("progress moves on")
                    .isSorted()
                    .hasSizeGreaterThan(2)
                    .endsWith(100);
            assertThat(String.valueOf(visit.evaluate("() => [...states].join()")))
                    .contains("queued", "downloading", "done", "skipped");
        }
    }

    @Test
    void oneBadImageCanMeanNoArchive(WebApp app) {
        try (Visit visit = app.visit().to("")) {
            visit.page().getByLabel("Addresses of images").fill("http://10.0.0.1/secret.png nonsense");
            visit.button("Add").click();
            visit.see("1 word left out, being no web address: nonsense");
            visit.page()
                    .getByText("No archive", new Page.GetByTextOptions().setExact(true))
                    .click();
            visit.button("Download ZIP").click();

            visit.see("The gateway does not reach that address.");
            visit.see("Not one of the images could be had.");
        }
    }

    @Test
    void theSameArchiveCanBeHadWithCurl(WebApp app) {
        try (Visit visit = app.visit().to("")) {
            visit.page().getByLabel("Addresses of images").fill("https://example.com/it's.png");
            visit.button("Add").click();
            visit.button("The same with curl").click();

            assertThat(visit.all(".curl code"))
                    .hasText("curl -fsS -X POST '" + app.root() + "api/zip' -H 'Content-Type: application/json' "
                            + "-d '{\"images\":[{\"url\":\"https://example.com/it'\\''s.png\"}]}' -o 'images.zip'");
        }
    }

    @Test
    void linksAreDroppedAndPastedAndNoneComesTwice(WebApp app) {
        try (Visit visit = app.visit().to("")) {
            visit.all(".drop")
                    .dispatchEvent("drop", Map.of("dataTransfer", visit.page().evaluateHandle("""
                            () => {
                              const dropped = new DataTransfer();
                              dropped.setData('text/uri-list', '# two\\r\\nhttps://example.com/a.png\\r\\nhttps://example.com/b.png');
                              return dropped;
                            }""")));
            assertThat(visit.all(".entry")).hasCount(2);
            visit.evaluate("""
                    () => {
                      const pasted = new DataTransfer();
                      pasted.setData('text/plain', 'https://example.com/b.png, https://example.com/c.png');
                      document.body.dispatchEvent(new ClipboardEvent('paste', {clipboardData: pasted, bubbles: true}));
                    }""");

            assertThat(visit.all(".entry")).hasCount(3);
            visit.see("1 already in the list.");
        }
    }

    @Test
    void theKeyboardAloneBuildsAList(WebApp app) {
        try (Visit visit = app.visit().to("")) {
            visit.page().keyboard().press("Tab");
            assertThat(visit.page().getByText("Skip to the page")).isFocused();
            visit.page().keyboard().press("Enter");
            visit.page().keyboard().press("Tab");
            visit.page().keyboard().type("https://example.com/a.png https://example.com/b.png");
            visit.page().keyboard().press("Control+Enter");
            visit.page().getByLabel("Move b.png up").focus();
            visit.page().keyboard().press("Enter");

            assertThat(visit.all(".entry-name").first()).hasAttribute("placeholder", "b.png");
            assertThat(visit.page().getByLabel("Move b.png down")).isFocused();
        }
    }

    @Test
    void picturesOfSignedInVisitorsComeThroughTheProxyAndOthersAskForNone(WebApp app) {
        try (Visit visit = app.visit().to("")) {
            visit.button("Sample pictures").click();
            assertThat(visit.all(".entry")).hasCount(6);
            assertThat(visit.all(".entry img")).hasCount(0);
            visit.see("previews are for who is signed in");
        }
        try (Visit visit = app.visit().as("paula", "user").to("")) {
            visit.button("Samples, some bad").click();
            assertThat(visit.all(".share-image img.is-loaded")).hasCount(6);
            assertThat(visit.all(".share-image img").first())
                    .hasAttribute("src", Pattern.compile(".*/api/image-proxy\\?url=http%3A%2F%2F127.*&w=160"));
            assertThat(visit.evaluate("""
                    () => [...document.querySelectorAll('.share-image img.is-loaded')]
                        .every((image) => image.currentSrc.endsWith('&w=160'))""")).as("small ones only").isEqualTo(true);
        }
    }

    @Test
    void aPreviewThatCannotBeHadNowIsAskedForAgain(WebApp app) {
        try (Visit visit = app.visit().as("pina", "user").to("")) {
            visit.page()
                    .route(
                            "**/api/image-proxy?*",
                            route -> route.fulfill(new Route.FulfillOptions().setStatus(503)),
                            new Page.RouteOptions().setTimes(6));
            visit.button("Sample pictures").click();

            assertThat(visit.all(".share-image img.is-loaded")).hasCount(6);
            assertThat(visit.layoutShift()).as("layout shift").isLessThan(0.1);
        }
    }
}
