package dev.sluice.gateway.feature.webapp;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Await;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.util.FileSystemUtils;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The Firefox of this machine, driven by WebDriver BiDi over its own WebSocket: no driver stands between, and nothing
 * is ever downloaded. Closing it fails when a page broke its content policy.
 *
 * @see <a href="https://www.w3.org/TR/webdriver-bidi/">WebDriver BiDi</a>
 */
final class Firefox implements AutoCloseable {
    private static final Duration TIMEOUT = Duration.ofMillis(2L * Chromium.TIMEOUT_MILLIS);
    private static final Pattern LISTENS = Pattern.compile("WebDriver BiDi listening on (ws://127\\.0\\.0\\.1:\\d+)");
    private static final JsonMapper JSON = JsonMapper.shared();
    private static final String PREFERENCES = """
            user_pref("browser.download.dir", "{downloads}");
            user_pref("browser.download.folderList", 2);
            user_pref("browser.download.useDownloadDir", true);
            user_pref("browser.shell.checkDefaultBrowser", false);
            user_pref("datareporting.policy.dataSubmissionEnabled", false);
            user_pref("app.normandy.enabled", false);
            user_pref("network.captive-portal-service.enabled", false);
            user_pref("network.connectivity-service.enabled", false);
            user_pref("services.settings.server", "http://127.0.0.1:9/");
            """;
    private static final String WATCH = """
            () => {
              globalThis.violations = [];
              document.addEventListener('securitypolicyviolation',
                  (event) => violations.push(event.violatedDirective + ' ' + event.blockedURI));
            }""";
    private static final Map<String, String> KEYS =
            Map.of("Enter", "\uE007", "Escape", "\uE00C", "ArrowRight", "\uE014");

    private final Path directory;
    private final Process process;
    private final HttpClient http;
    private final WebSocket socket;
    private final BlockingQueue<JsonNode> answers;
    private final String context;
    private int commands;

    private Firefox(Path directory, Process process, URI address) {
        this.directory = directory;
        this.process = process;
        this.http = HttpClient.newHttpClient();
        Answers listener = new Answers();
        this.answers = listener.whole;
        this.socket = http.newWebSocketBuilder().buildAsync(address, listener).join();
        send("session.new", Map.of("capabilities", Map.of()));
        send("script.addPreloadScript", Map.of("functionDeclaration", WATCH));
        this.context = send("browsingContext.getTree", Map.of())
                .at("/contexts/0/context")
                .stringValue();
        send(
                "browsingContext.setViewport",
                Map.of("context", context, "viewport", Map.of("width", 1280, "height", 800)));
    }

    /** Where it is, if it is. */
    static Optional<Path> program() {
        return List.of("/usr/bin/firefox-esr", "/usr/bin/firefox").stream()
                .map(Path::of)
                .filter(Files::isExecutable)
                .findFirst();
    }

    /** Starts it with a profile of its own. */
    static Firefox start(Path program) {
        try {
            Path directory = Files.createTempDirectory("firefox");
            Path log = directory.resolve("log");
            Files.createDirectory(directory.resolve("downloads"));
            Files.writeString(
                    directory.resolve("user.js"),
                    PREFERENCES.replace(
                            "{downloads}", directory.resolve("downloads").toString()));
            Process process = new ProcessBuilder(
                            program.toString(),
                            "--headless",
                            "--no-remote",
                            "--profile",
                            directory.toString(),
                            "--remote-debugging-port",
                            "0")
                    .redirectErrorStream(true)
                    .redirectOutput(log.toFile())
                    .start();
            AtomicReference<String> address = new AtomicReference<>("");
            Await.until(TIMEOUT, "Firefox listens", () -> {
                Matcher matcher = LISTENS.matcher(read(log));
                return matcher.find() && address.compareAndSet("", matcher.group(1) + "/session");
            });
            return new Firefox(directory, process, URI.create(address.get()));
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    private JsonNode send(String method, Map<String, ?> parameters) {
        int id = ++commands;
        socket.sendText(JSON.writeValueAsString(Map.of("id", id, "method", method, "params", parameters)), true)
                .join();
        try {
            while (true) {
                JsonNode answer = answers.poll(TIMEOUT.toSeconds(), TimeUnit.SECONDS);
                assertThat(answer).as("an answer to %s", method).isNotNull();
                if (answer != null && answer.path("id").asInt(0) == id) {
                    assertThat(answer.path("type").asString(""))
                            .as("%s: %s", method, answer)
                            .isEqualTo("success");
                    return answer.required("result");
                }
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(interrupted);
        }
    }

    void open(String url) {
        obeysItsPolicy();
        send("browsingContext.navigate", Map.of("context", context, "url", url, "wait", "complete"));
    }

    /** What an expression is; promises are awaited. */
    JsonNode evaluate(String expression) {
        JsonNode result = send(
                "script.evaluate",
                Map.of("expression", expression, "target", Map.of("context", context), "awaitPromise", true));
        assertThat(result.path("type").asString(""))
                .as("%s: %s", expression, result)
                .isEqualTo("success");
        return result.at("/result");
    }

    /** Waits until an expression is true. */
    void until(String expression) {
        Await.until(
                TIMEOUT, expression, () -> evaluate(expression).path("value").asBoolean(false));
    }

    /** Waits until there are so many elements. */
    void until(String selector, int count) {
        until("document.querySelectorAll(" + quoted(selector) + ").length === " + count);
    }

    void see(String text) {
        until("document.body.innerText.includes(" + quoted(text) + ")");
    }

    /** Clicks an element as a mouse would, once it is there and can be used. */
    void click(String selector) {
        String found = "document.querySelector(" + quoted(selector) + ")";
        until(found + " !== null && !" + found + ".disabled");
        send(
                "input.performActions",
                Map.of(
                        "context",
                        context,
                        "actions",
                        List.of(Map.of(
                                "type",
                                "pointer",
                                "id",
                                "mouse",
                                "actions",
                                List.of(
                                        Map.of("type", "pointerMove", "x", 0, "y", 0, "origin", element(selector)),
                                        Map.of("type", "pointerDown", "button", 0),
                                        Map.of("type", "pointerUp", "button", 0))))));
    }

    /** Presses a key: one of those named here, or a character. */
    void press(String key) {
        String value = KEYS.getOrDefault(key, key);
        send(
                "input.performActions",
                Map.of(
                        "context",
                        context,
                        "actions",
                        List.of(Map.of(
                                "type",
                                "key",
                                "id",
                                "keyboard",
                                "actions",
                                List.of(
                                        Map.of("type", "keyDown", "value", value),
                                        Map.of("type", "keyUp", "value", value))))));
    }

    void type(String selector, String text) {
        click(selector);
        text.codePoints().mapToObj(Character::toString).forEach(this::press);
    }

    /** Chooses files of this machine. */
    void choose(String selector, List<Path> files) {
        send(
                "input.setFiles",
                Map.of(
                        "context",
                        context,
                        "element",
                        element(selector).get("element"),
                        "files",
                        files.stream().map(Path::toString).toList()));
    }

    private Map<String, Object> element(String selector) {
        JsonNode found = evaluate("(() => { const found = document.querySelector(" + quoted(selector)
                + "); found.scrollIntoView({block: 'center'}); return found; })()");
        return Map.of(
                "type",
                "element",
                "element",
                Map.of("sharedId", found.required("sharedId").stringValue()));
    }

    static String quoted(String text) {
        return JSON.writeValueAsString(text);
    }

    /** What has been downloaded under a name, once it is whole. */
    Path downloaded(String name) {
        Path file = directory.resolve("downloads").resolve(name);
        Await.until(
                TIMEOUT,
                name + " is there",
                () -> Files.exists(file)
                        && !Files.exists(file.resolveSibling(name + ".part"))
                        && file.toFile().length() > 0);
        return file;
    }

    private void obeysItsPolicy() {
        assertThat(evaluate("JSON.stringify(globalThis.violations ?? [])")
                        .path("value")
                        .asString(""))
                .isEqualTo("[]");
    }

    @Override
    public void close() {
        try {
            obeysItsPolicy();
            send("browser.close", Map.of());
        } finally {
            end();
        }
    }

    private void end() {
        http.shutdownNow();
        process.destroy();
        Await.until(TIMEOUT, "Firefox has ended", () -> !process.isAlive());
        try {
            FileSystemUtils.deleteRecursively(directory);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** Puts an answer's parts together. */
    private static final class Answers implements WebSocket.Listener {
        final BlockingQueue<JsonNode> whole = new LinkedBlockingQueue<>();
        private final StringBuilder parts = new StringBuilder();

        @Override
        public @Nullable CompletionStage<?> onText(WebSocket socket, CharSequence text, boolean last) {
            parts.append(text);
            if (last) {
                whole.add(JSON.readTree(parts.toString()));
                parts.setLength(0);
            }
            socket.request(1);
            return null;
        }
    }
}
