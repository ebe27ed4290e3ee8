package dev.sluice.gateway.feature.webapp;

import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.APIResponse;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.AriaRole;
import com.microsoft.playwright.options.RequestOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import org.springframework.core.io.Resource;
import org.springframework.core.io.support.PathMatchingResourcePatternResolver;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * One visitor and the page before them. Closing it fails when the page broke its content policy, or threw what nobody
 * caught.
 */
final class Visit implements AutoCloseable {
    private static final String WATCH = """
            globalThis.shifted = 0;
            new PerformanceObserver((list) => list.getEntries().filter((entry) => !entry.hadRecentInput)
                .forEach((entry) => { globalThis.shifted += entry.value; })).observe({type: 'layout-shift', buffered: true});
            document.addEventListener('securitypolicyviolation',
                (event) => console.error('policy violated: ' + event.violatedDirective + ' ' + event.blockedURI));
            globalThis.written = [];
            const put = IDBObjectStore.prototype.put;
            IDBObjectStore.prototype.put = function (value, key) {
                this.transaction.addEventListener('complete', () => written.push([key.at(-1), JSON.stringify(value)]));
                return put.call(this, value, key);
            };
            """;
    private static final String AXE = axe();

    private final BrowserContext context;
    private final Page page;
    private final String root;
    private final List<String> faults = new CopyOnWriteArrayList<>();

    Visit(BrowserContext context, String root) {
        this.context = context;
        this.root = root;
        context.setDefaultTimeout(Chromium.TIMEOUT_MILLIS);
        context.addInitScript(WATCH);
        page = context.newPage();
        page.onPageError(error -> faults.add("thrown: " + error));
        page.onConsoleMessage(message -> {
            String text = message.text();
            if (text.contains("policy violated")
                    || text.contains("Content Security Policy")
                    || text.contains("Trusted")) {
                faults.add(text);
            }
        });
    }

    String root() {
        return root;
    }

    Page page() {
        return page;
    }

    BrowserContext context() {
        return context;
    }

    /** Goes to a page of the app, for example {@code #/gallery}, and waits until it shows its heading. */
    Visit to(String hash) {
        page.navigate(root + hash);
        page.locator("main :is(h1, h2)").first().waitFor();
        return this;
    }

    /**
     * What the pages to come would do after some seconds they do after ten times as long: what a message offers to undo
     * can be undone by a busy machine too.
     */
    Visit withTimeToUndo() {
        page.addInitScript("""
                {
                    const later = globalThis.setTimeout;
                    globalThis.setTimeout = (run, delay, ...more) =>
                        later(run, delay >= 5_000 ? 10 * delay : delay, ...more);
                }
                """);
        return this;
    }

    /** Signs in without the page, which then knows the visitor by the cookie. */
    Visit as(String user, String role, String... projects) {
        post("api/session", Map.of("user", user, "roles", List.of(role), "projects", List.of(projects)));
        return this;
    }

    /** Posts as the page would, and answers the answer's JSON. */
    String post(String path, Object body) {
        APIResponse answer = context.request()
                .post(root + path, RequestOptions.create().setData(body).setHeader("Origin", origin()));
        assertThat(answer.ok()).as("%s: %s", path, answer.text()).isTrue();
        return answer.text();
    }

    void put(String path, Object body) {
        APIResponse answer = context.request()
                .put(root + path, RequestOptions.create().setData(body).setHeader("Origin", origin()));
        assertThat(answer.ok()).as("%s: %s", path, answer.text()).isTrue();
    }

    private String origin() {
        URI uri = URI.create(root);
        return uri.getScheme() + "://" + uri.getRawAuthority();
    }

    Locator button(String name) {
        return page.getByRole(
                AriaRole.BUTTON, new Page.GetByRoleOptions().setName(name).setExact(true));
    }

    /** A button of the dialog that is open. */
    Locator dialogButton(String name) {
        return page.locator("dialog[open]")
                .getByRole(
                        AriaRole.BUTTON,
                        new Locator.GetByRoleOptions().setName(name).setExact(true));
    }

    Locator field(String label) {
        return page.getByLabel(label, new Page.GetByLabelOptions().setExact(true));
    }

    Locator all(String selector) {
        return page.locator(selector);
    }

    Locator see(String text) {
        Locator found = page.getByText(text).first();
        found.waitFor();
        return found;
    }

    Object evaluate(String expression) {
        return page.evaluate(expression);
    }

    /** Leaves the page though it asks; what it has asked with. */
    List<String> asksBeforeLeaving() {
        List<String> asked = new CopyOnWriteArrayList<>();
        page.onDialog(dialog -> {
            asked.add(dialog.type());
            dialog.accept();
        });
        return asked;
    }

    /** How far what was drawn has moved by itself, as browsers sum it up; 0.1 is what counts as good. */
    double layoutShift() {
        return ((Number) Objects.requireNonNull(evaluate("() => shifted"))).doubleValue();
    }

    /** The bytes of a sample picture, the first of which is a JPEG. */
    byte[] sample(int index) {
        return context.request().get(sampleUrl(index)).body();
    }

    /**
     * Waits until this page has heard that the database keeps under this name, for anybody, what holds this text.
     * Others may read it before, and Chromium 156 may lose it all the same when the page is left in between.
     */
    void awaitKept(String name, String text) {
        page.waitForFunction(
                "([name, text]) => written.some(([to, value]) => to === name && value.includes(text))",
                List.of(name, text));
    }

    /** The pages to come are in a new tab, and learn of what was kept only when {@link #findWhatWasKept} says so. */
    void holdBackWhatWasKept() {
        page.addInitScript("""
                sessionStorage.clear();
                const request = navigator.locks.request.bind(navigator.locks);
                const turn = new Promise((resolve) => { window.findWhatWasKept = resolve; });
                navigator.locks.request = (name, options, work) => turn.then(() => request(name, work));
                """);
    }

    /** Goes on with what {@link #holdBackWhatWasKept} held back, on this page. */
    void findWhatWasKept() {
        evaluate("() => window.findWhatWasKept()");
    }

    /** Where a sample picture is. */
    String sampleUrl(int index) {
        JsonNode samples = JsonMapper.shared()
                .readTree(context.request().get(root + "samples").text());
        return samples.at("/pictures/" + index).stringValue();
    }

    /** Brings so many sample pictures into the visitor's gallery; their ids. */
    List<String> imports(int count, Map<String, String> further) {
        return IntStream.range(0, count)
                .mapToObj(index -> {
                    Map<String, String> order = new HashMap<>(further);
                    order.put("url", sampleUrl(index));
                    return JsonMapper.shared()
                            .readTree(post("api/images/imports", order))
                            .required("id")
                            .stringValue();
                })
                .toList();
    }

    /** What axe-core calls serious or critical on the page as it is now. */
    List<?> seriousFindings() {
        if (page.evaluate("() => 'axe' in globalThis").equals(false)) {
            page.evaluate("() => { " + AXE + " }");
        }
        return (List<?>) Objects.requireNonNull(page.evaluate("""
                async () => (await axe.run(document, {resultTypes: ['violations']})).violations
                    .filter((one) => one.impact === 'serious' || one.impact === 'critical')
                    .map((one) => one.id + ': ' + one.nodes.map((node) => node.html + ' ' + node.failureSummary).join(' | '))"""));
    }

    @Override
    public void close() {
        context.close();
        assertThat(faults).isEmpty();
    }

    private static String axe() {
        try {
            Resource[] found = new PathMatchingResourcePatternResolver()
                    .getResources("classpath*:/META-INF/resources/webjars/axe-core/*/axe.min.js");
            assertThat(found).as("axe-core on the class path").hasSize(1);
            return found[0].getContentAsString(StandardCharsets.UTF_8);
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }
}
