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
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The start page: addresses in, an archive out. */
@ExtendWith(WebApp.Extension.class)
class ZipBuilderPageTest {
    private static final Pattern ARCHIVE = Pattern.compile("/api/zip/links/[^/]+$");

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
    void aListThatIsBroughtBackKeepsWhatWasAddedMeanwhile(WebApp app) {
        try (Visit visit = app.visit().withTimeToUndo().to("")) {
            visit.button("Sample pictures").click();
            assertThat(visit.all(".entry")).hasCount(6);
            visit.button("Remove all").click();
            visit.field("Image links").fill("https://example.com/later.jpg");
            visit.button("Add").click();
            assertThat(visit.all(".entry")).hasCount(1);
            visit.button("Undo").click();

            assertThat(visit.all(".entry")).hasCount(7);
            assertThat(visit.all(".entry").last()).containsText("example.com");
        }
    }

    @Test
    void aZipOfSamplesWithBadOnesIsDownloadedWholeAndTellsWhatIsMissing(WebApp app) throws IOException {
        try (Visit visit = app.visit().to("")) {
            visit.button("Samples, some broken").click();
            assertThat(visit.all(".entry")).hasCount(14);
            visit.page().getByLabel("Archive name").fill("trip");
            visit.field("Name in the archive of image 1").fill("first");
            visit.evaluate(WATCH_PROGRESS);

            Download download = visit.page()
                    .waitForDownload(() -> visit.button("Download ZIP").click());
            visit.see("Saved to Downloads");

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
            visit.page().getByLabel("Image links").fill("http://10.0.0.1/secret.png nonsense");
            visit.button("Add").click();
            visit.see("1 link added.");
            visit.page()
                    .getByText("No archive", new Page.GetByTextOptions().setExact(true))
                    .click();
            visit.button("Download ZIP").click();

            visit.see("The gateway does not reach that address.");
            visit.see("One of the pictures could not be fetched");
            visit.see("1 image not fetched");
            assertThat(visit.page().getByText("Saved to Downloads")).hasCount(0);
        }
    }

    @Test
    void theSameArchiveCanBeHadWithCurl(WebApp app) {
        try (Visit visit = app.visit().to("")) {
            visit.page().getByLabel("Image links").fill("https://example.com/it's.png");
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
    void anEmptiedListLeavesOnlyTheWayBack(WebApp app) {
        try (Visit visit = app.visit().withTimeToUndo().to("")) {
            visit.page().getByLabel("Image links").fill("https://example.com/a.png https://example.com/b.png");
            visit.button("Add").click();
            visit.see("2 links added.");
            visit.button("Remove all").click();

            visit.see("2 images removed");
            assertThat(visit.page().getByText("2 links added.")).hasCount(0);
            visit.button("Undo").click();
            assertThat(visit.all(".entry")).hasCount(2);
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
    void strangersSeeSmallPicturesByTheGatewaysSignature(WebApp app) {
        try (Visit visit = app.visit().to("")) {
            visit.button("Samples, some broken").click();
            assertThat(visit.all(".share-image img.is-loaded")).hasCount(6);
            assertThat(visit.all(".share-image img").first())
                    .hasAttribute("src", Pattern.compile(".*&w=160&for=page&exp=\\d+&sig=.+"));
            assertThat(visit.page().getByText("previews are for people who are signed in"))
                    .hasCount(0);
        }
    }

    @Test
    void aNameThatIsBeingTypedStaysWhenPreviewsCome(WebApp app) {
        try (Visit visit = app.visit()) {
            List<Route> held = new CopyOnWriteArrayList<>();
            visit.page().route("**/api/image-proxy/previews", held::add);
            visit.to("").button("Sample pictures").click();
            visit.page().waitForCondition(() -> !held.isEmpty());
            visit.field("Name in the archive of image 1").fill("first");

            held.getFirst().resume();

            assertThat(visit.all(".share-image img.is-loaded")).hasCount(6);
            assertThat(visit.field("Name in the archive of image 1")).hasValue("first");
        }
    }

    /** Before the browser has painted the field, and so before any effect of its first drawing has run. */
    @Test
    void aNameThatIsTypedInItsFirstMomentStays(WebApp app) {
        try (Visit visit = app.visit()) {
            visit.page().addInitScript("""
                    new MutationObserver((changes, watcher) => {
                      const field = document.querySelector('input.entry-name');
                      if (field) {
                        watcher.disconnect();
                        field.value = 'first';
                        field.dispatchEvent(new Event('input', {bubbles: true}));
                      }
                    }).observe(document, {childList: true, subtree: true});""");
            visit.to("").button("Sample pictures").click();

            assertThat(visit.all(".share-image img.is-loaded")).hasCount(6);
            assertThat(visit.field("Name in the archive of image 1")).hasValue("first");
        }
    }

    @Test
    void whereStrangersSeeNoPicturesTheyAreToldWhoDoes(WebApp app) {
        try (Visit visit = app.visit()) {
            visit.page()
                    .route(
                            "**/api/image-proxy/previews",
                            route -> route.fulfill(new Route.FulfillOptions()
                                    .setStatus(401)
                                    .setContentType("application/problem+json")
                                    .setBody("{\"code\":\"unauthenticated\",\"detail\":\"token: none\"}")));
            visit.to("").button("Sample pictures").click();

            visit.see("previews are for people who are signed in");
            assertThat(visit.all(".entry")).hasCount(6);
            assertThat(visit.all(".entry img")).hasCount(0);
        }
    }

    @Test
    void picturesOfSignedInVisitorsComeThroughTheProxy(WebApp app) {
        try (Visit visit = app.visit().as("paula", "user").to("")) {
            visit.button("Samples, some broken").click();
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

    @Test
    void aRefusalIsWaitedOutAndTheArchiveComesByItself(WebApp app) {
        try (Visit visit = app.visit().to("")) {
            visit.page()
                    .route(
                            ARCHIVE,
                            route -> route.fulfill(refusal("too_many_concurrent", 2)),
                            new Page.RouteOptions().setTimes(1));
            visit.button("Sample pictures").click();
            assertThat(visit.all(".entry")).hasCount(6);
            Download download = visit.page().waitForDownload(() -> {
                visit.button("Download ZIP").click();
                visit.see("continues in");
                assertThat(visit.page().getByText("Saved to Downloads")).hasCount(0);
            });
            visit.see("Saved to Downloads");
            assertThat(download.suggestedFilename()).isEqualTo("images.zip");
        }
    }

    @Test
    void aRefusalThatLastsIsToldWithItsEndAndNothingElseIsClaimed(WebApp app) {
        try (Visit visit = app.visit().to("")) {
            visit.page().route(ARCHIVE, route -> route.fulfill(refusal("quota_exceeded", 7200)));
            visit.button("Sample pictures").click();
            visit.button("Download ZIP").click();

            visit.see("Your share is used up");
            visit.see("More in 2 h.");
            assertThat(visit.page().getByText("Saved to Downloads")).hasCount(0);
            assertThat(visit.all("[data-state=done]")).hasCount(0);
            assertThat(visit.page().getByLabel("Archive name")).isEnabled();
            assertThat(visit.button("Try again")).isEnabled();
        }
    }

    @Test
    void aRunningArchiveIsCancelledAndTheListIsThereAgain(WebApp app) {
        try (Visit visit = app.visit().to("")) {
            visit.page().route(ARCHIVE, route -> {}); // never answered
            visit.button("Sample pictures").click();
            visit.button("Download ZIP").click();
            assertThat(visit.page().getByLabel("Archive name")).isDisabled();
            visit.button("Cancel").click();

            visit.see("Cancelled. Nothing was saved.");
            assertThat(visit.all(".progress-failed")).hasCount(0);
            assertThat(visit.page().getByLabel("Archive name")).isEnabled();
            assertThat(visit.all(".entry-ready")).hasCount(6);

            visit.page().unroute(ARCHIVE);
            visit.page().waitForDownload(() -> visit.button("Try again").click());
            visit.see("Saved to Downloads");
        }
    }

    @Test
    void anArchiveThatBreaksOffIsNotSaved(WebApp app) {
        try (Visit visit = app.visit().to("")) {
            visit.page()
                    .route(
                            ARCHIVE,
                            route -> route.fulfill(new Route.FulfillOptions()
                                    .setContentType("application/zip")
                                    .setBodyBytes(new byte[1000])));
            visit.button("Sample pictures").click();
            visit.button("Download ZIP").click();

            visit.see("The archive broke off");
            assertThat(visit.page().getByText("Saved to Downloads")).hasCount(0);
        }
    }

    @Test
    void whatIsOverOneArchiveIsInTheNext(WebApp app) throws IOException {
        try (Visit visit = app.visit().to("")) {
            String links = IntStream.range(0, 25)
                    .mapToObj(index -> visit.sampleUrl(0) + "?copy=" + index)
                    .collect(Collectors.joining(","));
            visit.page().getByLabel("Image links").fill(links);
            visit.button("Add").click();
            visit.see("25 links added. A ZIP holds 20 links: the list becomes 2 of them.");
            assertThat(visit.all(".entry")).hasCount(25);
            List<Download> downloads = new CopyOnWriteArrayList<>();
            visit.page().onDownload(downloads::add);
            visit.button("Download 2 ZIPs").click();
            visit.see("2 ZIPs, 25 images");

            visit.page().waitForCondition(() -> downloads.size() == 2);
            assertThat(downloads.getFirst().suggestedFilename()).isEqualTo("images-1.zip");
            assertThat(Archives.read(Files.readAllBytes(downloads.getFirst().path())))
                    .hasSize(20);
            assertThat(downloads.getLast().suggestedFilename()).isEqualTo("images-2.zip");
            assertThat(Archives.read(Files.readAllBytes(downloads.getLast().path())))
                    .hasSize(5);
        }
    }

    @Test
    void onesOwnPictureGoesIntoAnArchiveByItsLink(WebApp app) throws IOException {
        try (Visit visit = app.visit().as("pola", "user")) {
            String id = visit.imports(1, Map.of()).getFirst();
            visit.to("").page().getByLabel("Image links").fill(app.root() + "api/images/" + id + "/file");
            visit.button("Add").click();
            visit.see("My gallery");
            Download zip = visit.page()
                    .waitForDownload(() -> visit.button("Download ZIP").click());

            visit.see("Saved to Downloads");
            assertThat(Archives.read(Files.readAllBytes(zip.path()))).hasSize(1);
        }
    }

    @Test
    void whatIsTooLargeForAPageIsLeftToTheBrowserAndNotCalledSaved(WebApp app) {
        try (Visit visit = app.visit().to("")) {
            visit.page().addInitScript("""
                            const ask = globalThis.fetch;
                            globalThis.fetch = async (url, how) => {
                              const answer = await ask(url, how);
                              if (/links\\/[^/]+$/.test(url)) {
                                const headers = new Headers(answer.headers);
                                headers.set('Content-Length', '300000000');
                                Object.defineProperty(answer, 'headers', {value: headers});
                              }
                              return answer;
                            };""");
            visit.page().reload();
            visit.button("Sample pictures").click();
            visit.page().waitForDownload(() -> visit.button("Download ZIP").click());

            visit.see("images.zip is large: your browser downloads it");
            assertThat(visit.page().getByText("Saved to Downloads")).hasCount(0);
        }
    }

    @Test
    void theListItsNamesAndARunningArchiveAreFoundAgainAfterAReload(WebApp app) {
        try (Visit visit = app.visit().as("petra", "user").to("")) {
            // Made on the first visit; a page that is left before has nowhere to keep anything.
            visit.page()
                    .waitForFunction("async () => (await indexedDB.databases()).some(({name}) => name === 'sluice')");
            visit.button("Sample pictures").click();
            visit.page().getByLabel("Archive name").fill("trip");
            visit.field("Name in the archive of image 2").fill("second");
            visit.page().keyboard().press("Tab");
            visit.page().reload();
            assertThat(visit.all(".entry")).hasCount(6);
            assertThat(visit.page().getByLabel("Archive name")).hasValue("trip");
            assertThat(visit.field("Name in the archive of image 2")).hasValue("second");

            visit.page().route(ARCHIVE, route -> {}); // never answered
            visit.button("Download ZIP").click();
            assertThat(visit.button("Cancel")).isVisible();
            List<String> asked = visit.asksBeforeLeaving();
            visit.page().reload();
            assertThat(asked).contains("beforeunload");
            assertThat(visit.button("Cancel")).isVisible();
            Download download = visit.page().waitForDownload(() -> visit.page().unroute(ARCHIVE));
            assertThat(download.suggestedFilename()).isEqualTo("trip.zip");
            visit.see("Saved to Downloads");

            // It is its user's: nothing of it is left when they sign out.
            visit.button("Sign out").click();
            assertThat(visit.all(".entry")).hasCount(0);
            visit.page().reload();
            visit.see("Add at least one image.");
            assertThat(visit.all(".entry")).hasCount(0);
        }
    }

    @Test
    void whatIsAddedBeforeTheKeptListIsFoundJoinsIt(WebApp app) {
        try (Visit visit = app.visit().to("")) {
            visit.button("Sample pictures").click();
            assertThat(visit.all(".entry")).hasCount(6);

            visit.awaitKept("zip", visit.sampleUrl(5));
            visit.holdBackWhatWasKept();
            visit.page().reload();
            visit.field("Image links").fill("https://example.com/new.png " + visit.sampleUrl(0));
            visit.button("Add").click();
            assertThat(visit.all(".entry")).hasCount(2);
            visit.findWhatWasKept();

            assertThat(visit.all(".entry")).hasCount(7);
        }
    }

    @Test
    void aSecondTabKeepsItsOwnListOverAReload(WebApp app) {
        try (Visit visit = app.visit().to("")) {
            visit.page()
                    .waitForFunction("async () => (await indexedDB.databases()).some(({name}) => name === 'sluice')");
            visit.button("Sample pictures").click();
            assertThat(visit.all(".entry")).hasCount(6);

            Page second = visit.context().newPage();
            second.navigate(visit.page().url());
            second.getByLabel("Image links", new Page.GetByLabelOptions().setExact(true))
                    .fill("https://example.com/one.png https://example.com/two.png");
            second.getByText("Add", new Page.GetByTextOptions().setExact(true)).click();
            assertThat(second.locator(".entry")).hasCount(2);
            second.reload();
            assertThat(second.locator(".entry")).hasCount(2);

            visit.page().reload();
            assertThat(visit.all(".entry")).hasCount(6);
        }
    }

    private static Route.FulfillOptions refusal(String code, int seconds) {
        return new Route.FulfillOptions()
                .setStatus(429)
                .setHeaders(Map.of("Retry-After", String.valueOf(seconds), "Content-Type", "application/problem+json"))
                .setBody("{\"code\":\"" + code + "\",\"title\":\"Too many\",\"detail\":\"limit x: used up\"}");
    }
}
