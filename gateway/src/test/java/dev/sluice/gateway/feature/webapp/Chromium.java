package dev.sluice.gateway.feature.webapp;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserType.LaunchOptions;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import com.microsoft.playwright.assertions.PlaywrightAssertions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** The browser of this machine; none is ever downloaded. */
public final class Chromium implements AutoCloseable {
    /** For a page that does what it should, however busy the machine is. */
    static final int TIMEOUT_MILLIS = 30_000;

    /**
     * What Playwright turns off, since the last such argument is the one that holds, and what is a process for each new
     * visitor, and takes processor time though nobody sees it: the two pages that a window of the whole browser draws
     * for the list below its address bar, where nobody types, and the spare one that is started ahead for the next
     * site, while a visitor here sees one site alone.
     */
    private static final String WITHOUT = "--disable-features=AvoidUnnecessaryBeforeUnloadCheckSync,"
            + "BoundaryEventDispatchTracksNodeRemoval,DestroyProfileOnBrowserClose,DialMediaRouteProvider,"
            + "GlobalMediaControls,HttpsUpgrades,LensOverlay,MediaRouter,PaintHolding,ThirdPartyStoragePartitioning,"
            + "BlockOriginHeaderModificationOnRedirect,Translate,AutoDeElevate,OptimizationHints,msForceBrowserSignIn,"
            + "msEdgeUpdateLaunchServicesPreferredVersion,WebUIOmniboxPopup,WebUIOmniboxAimPopup,"
            + "SpareRendererForSitePerProcess";

    private final Playwright playwright;
    private final Browser browser;

    private Chromium(Playwright playwright, Browser browser) {
        this.playwright = playwright;
        this.browser = browser;
    }

    /**
     * Where it is, if it is. The one without windows comes first: its engine is the same, and it spends no processor
     * time on what surrounds a page.
     */
    public static Optional<Path> program() {
        return Stream.of(
                        "/usr/bin/chromium-headless-shell",
                        "/usr/bin/chromium",
                        "/usr/bin/chromium-browser",
                        "/usr/bin/google-chrome")
                .map(Path::of)
                .filter(Files::isExecutable)
                .findFirst();
    }

    /** Starts it, with a profile that goes with it. */
    public static Chromium start(Path program) {
        PlaywrightAssertions.setDefaultAssertionTimeout(TIMEOUT_MILLIS);
        Playwright playwright = Playwright.create(
                new Playwright.CreateOptions().setEnv(Map.of("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")));
        return new Chromium(
                playwright,
                playwright
                        .chromium()
                        .launch(new LaunchOptions()
                                .setExecutablePath(program)
                                // Root has no sandbox, and a container's /dev/shm is small. Where no graphics card is,
                                // what is to be drawn by one is computed, which takes longer than to draw without.
                                .setArgs(
                                        List.of("--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", WITHOUT))));
    }

    /** A visitor whom the browser knows nothing of. */
    Visit visit(String root, Browser.NewContextOptions options) {
        return new Visit(browser.newContext(options), root);
    }

    /** A tab that shows nothing yet. */
    public Page newPage() {
        return browser.newPage();
    }

    @Override
    public void close() {
        browser.close();
        playwright.close();
    }
}
