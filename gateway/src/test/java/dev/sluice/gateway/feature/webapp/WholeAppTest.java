package dev.sluice.gateway.feature.webapp;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.microsoft.playwright.Download;
import com.microsoft.playwright.Page.WaitForConsoleMessageOptions;
import com.microsoft.playwright.Request;
import com.microsoft.playwright.options.LoadState;
import dev.sluice.gateway.testing.Archives;
import dev.sluice.gateway.testing.RunningGateway;
import java.io.IOException;
import java.nio.file.Files;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What holds for all pages: weight, place, policy, keyboard. */
@ExtendWith(WebApp.Extension.class)
class WholeAppTest {
    /** The element that has the focus if nothing shows it, "end" if none has it, else its place. */
    private static final String FOCUS = """
            () => {
              const here = document.activeElement;
              const outlined = (one) => one !== null && getComputedStyle(one).outlineStyle !== 'none'
                  && parseFloat(getComputedStyle(one).outlineWidth) >= 2;
              if (here === null || here === document.body) return 'end';
              return outlined(here) || outlined(here.closest('label'))
                  ? String([...document.querySelectorAll('*')].indexOf(here)) : 'unseen: ' + here.outerHTML.slice(0, 200);
            }""";

    @Test
    void theStartPageComesInUnder120KilobytesAndStandsStill(WebApp app) {
        try (Visit visit = app.visit()) {
            List<Request> requests = new CopyOnWriteArrayList<>();
            visit.page().onRequestFinished(requests::add);
            visit.to("").page().waitForLoadState(LoadState.NETWORKIDLE);

            int bytes = requests.stream()
                    .map(Request::sizes)
                    .mapToInt(sizes -> sizes.responseBodySize + sizes.responseHeadersSize)
                    .sum();
            assertThat(bytes).isBetween(10_000, 120_000);
            assertThat(visit.layoutShift()).as("layout shift").isLessThan(0.1);
        }
    }

    @Test
    void theGalleryComesInUnder250KilobytesBesideItsPictures(WebApp app) {
        try (Visit visit = app.visit().as("gala", "user")) {
            List<Request> requests = new CopyOnWriteArrayList<>();
            visit.page().onRequestFinished(requests::add);
            visit.to("#/gallery").page().waitForLoadState(LoadState.NETWORKIDLE);

            int bytes = requests.stream()
                    .map(Request::sizes)
                    .mapToInt(sizes -> sizes.responseBodySize + sizes.responseHeadersSize)
                    .sum();
            assertThat(bytes).isBetween(10_000, 250_000);
        }
    }

    @Test
    void behindAPathPrefixOfTheGatewaysOwnEverythingIsFound(WebApp app) throws IOException {
        try (RunningGateway prefixed = RunningGateway.start(Map.of(
                        "spring.webflux.base-path", "/sluice",
                        "sluice.samples.enabled", "true",
                        "sluice.samples.port", "0"));
                Visit visit = app.visit(prefixed.uri("/sluice/").toString()).as("pia", "user")) {
            works(visit);
        }
    }

    @Test
    void behindAProxyThatTakesItsPrefixAwayEverythingIsFound(WebApp app) throws IOException {
        try (PrefixProxy proxy = PrefixProxy.start("/some/where", app.root());
                Visit visit = app.visit(proxy.root()).as("pit", "user")) {
            works(visit);
        }
    }

    private static void works(Visit visit) throws IOException {
        visit.to("#/generate").page().locator("textarea").fill("A lock gate");
        visit.button("Generate").click();
        assertThat(visit.all(".order img.is-loaded")).hasCount(1);
        visit.to("#/gallery");
        assertThat(visit.all(".picture img.is-loaded")).hasCount(1);
        visit.all(".tile-open").click();
        visit.page().reload();
        assertThat(visit.all(".viewer img.is-loaded")).hasCount(1);
        visit.page().goBack();
        visit.to("#/").button("Sample pictures").click();
        assertThat(visit.all(".share-image img.is-loaded")).hasCount(6);
        Download zip =
                visit.page().waitForDownload(() -> visit.button("Download ZIP").click());
        visit.see("Saved to Downloads");
        assertThat(Archives.read(Files.readAllBytes(zip.path()))).hasSize(6);
    }

    @Test
    void whatTheContentPolicyForbidsFailsATest(WebApp app) {
        Visit visit = app.visit().to("");
        // The browser says so itself, and then the page.
        visit.page()
                .waitForConsoleMessage(
                        new WaitForConsoleMessageOptions()
                                .setPredicate(message -> message.text().contains("policy violated")),
                        () -> visit.evaluate("() => { new Image().src = 'http://localhost:1/a.png'; }"));

        assertThatThrownBy(visit::close).hasMessageContaining("policy violated: img-src http://localhost:1/a.png");
    }

    @Test
    void noTextBecomesMarkupOrScript(WebApp app) {
        Visit visit = app.visit().to("");

        assertThatThrownBy(() -> visit.evaluate("() => { document.body.innerHTML = '<b>text</b>'; }"))
                .hasMessageContaining("TrustedHTML");
        assertThatThrownBy(() -> visit.evaluate("() => { document.body.setAttribute('onclick', 'x()'); }"))
                .hasMessageContaining("TrustedScript");
        assertThatThrownBy(() -> visit.evaluate("() => trustedTypes.createPolicy('another', {})"))
                .hasMessageContaining("another");
        assertThatThrownBy(visit::close).hasMessageContaining("trusted-types");
    }

    @Test
    void everyStopOfTheTabKeyIsSeen(WebApp app) {
        try (Visit visit = app.visit().as("toni", "super-admin", "p1")) {
            visit.imports(1, Map.of());
            for (String page : List.of(
                    "#/",
                    "#/sign-in",
                    "#/gallery",
                    "#/generate",
                    "#/upload",
                    "#/import",
                    "#/admin?tab=overview",
                    "#/admin?tab=limits")) {
                visit.to(page);
                Set<String> stops = new LinkedHashSet<>();
                String stop = step(visit);
                while (stops.add(stop)) {
                    stop = step(visit);
                }
                assertThat(stops).as(page).hasSizeGreaterThan(8).noneMatch(one -> one.startsWith("unseen"));
            }
        }
    }

    private static String step(Visit visit) {
        visit.page().keyboard().press("Tab");
        return String.valueOf(visit.evaluate(FOCUS));
    }

    @Test
    void everyModuleLoads(WebApp app) {
        try (Visit visit = app.visit().to("")) {
            String base = app.root() + "assets/" + Assets.load().version() + "/";
            for (String name : Assets.load().files().keySet()) {
                if (name.endsWith(".js") && !name.equals("main.js") && !name.equals("compress-worker.js")) {
                    visit.page().evaluate("(url) => import(url).then(() => true)", base + name);
                }
            }
        }
    }
}
