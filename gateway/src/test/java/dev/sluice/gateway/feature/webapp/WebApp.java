package dev.sluice.gateway.feature.webapp;

import com.microsoft.playwright.Browser.NewContextOptions;
import com.microsoft.playwright.options.ReducedMotion;
import dev.sluice.gateway.testing.RunningGateway;
import dev.sluice.gateway.testing.WordPressStub;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.springframework.util.FileSystemUtils;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** One browser and one whole gateway with its samples, for all tests of the pages. */
final class WebApp implements AutoCloseable {
    private final Chromium chromium;
    private final WordPressStub wordPress;
    private final Path cache;
    private final RunningGateway gateway;

    private WebApp(Path program) {
        chromium = Chromium.start(program);
        wordPress = WordPressStub.start();
        cache = temporaryDirectory();
        gateway = RunningGateway.start(settings(wordPress, cache));
        paintSamples(gateway);
    }

    private static Map<String, String> settings(WordPressStub wordPress, Path cache) {
        Map<String, String> settings = new HashMap<>();
        settings.put("sluice.samples.enabled", "true");
        settings.put("sluice.samples.port", "0");
        settings.put("sluice.zip.image-timeout", "2s");
        settings.put("sluice.image-proxy.cache.enabled", "true");
        settings.put("sluice.image-proxy.cache.directory", cache.toString());
        // This gateway outlives its classes, and each later one would look for what it has in memory as if it were
        // lost.
        settings.put("sluice.image-proxy.cache.memory", "0B");
        settings.put("sluice.trusted-proxies", "127.0.0.1");
        // Counted, as the pages show it, and wide enough for visitors that never pause.
        settings.put("sluice.limits.enabled", "true");
        settings.put("sluice.limits.definitions.ip.burst", "100000");
        settings.put("sluice.limits.definitions.user.burst", "10000");
        settings.put("sluice.gallery.wordpress.blog.url", wordPress.baseUrl());
        settings.put("sluice.gallery.wordpress.blog.user", WordPressStub.USER);
        settings.put("sluice.gallery.wordpress.blog.roles", "*");
        settings.put("sluice.gallery.wordpress.blog.application-password", "not the password");
        return settings;
    }

    /** Where the app is, with a slash at its end. */
    String root() {
        return gateway.uri("/").toString();
    }

    /** The gateway itself, to put something in front of it. */
    RunningGateway gateway() {
        return gateway;
    }

    Visit visit() {
        return visit(new NewContextOptions().setViewportSize(1280, 800));
    }

    Visit visit(NewContextOptions options) {
        return chromium.visit(root(), options);
    }

    /** A visitor of another gateway, or of this one by another way; over TLS they take any certificate. */
    Visit visit(String root) {
        return chromium.visit(
                root, new NewContextOptions().setViewportSize(1280, 800).setIgnoreHTTPSErrors(true));
    }

    /** As {@link #visit()}, for pages that stay busy for long: what moves without end is drawn anew all the time. */
    Visit visitWithoutMotion() {
        return visitWithoutMotion(root());
    }

    /** As {@link #visitWithoutMotion()}, of another gateway. */
    Visit visitWithoutMotion(String root) {
        return chromium.visit(
                root, new NewContextOptions().setViewportSize(1280, 800).setReducedMotion(ReducedMotion.REDUCE));
    }

    /** They are painted when they are first asked for, which takes a cold process longer than an image may take. */
    private static void paintSamples(RunningGateway gateway) {
        JsonNode samples = JsonMapper.shared().readTree(gateway.get("/samples").body());
        for (JsonNode picture : samples.required("pictures")) {
            gateway.send(HttpRequest.newBuilder(URI.create(picture.stringValue())));
        }
    }

    private static Path temporaryDirectory() {
        try {
            return Files.createTempDirectory("web-app-cache");
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    @Override
    public void close() throws IOException {
        gateway.close();
        wordPress.close();
        chromium.close();
        FileSystemUtils.deleteRecursively(cache);
    }

    private static void closeAtTheEnd(WebApp app) {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try {
                app.close();
            } catch (IOException failed) {
                throw new UncheckedIOException(failed);
            }
        }));
    }

    /** Starts it for the first test of the process that wants it; skips them all where no browser is. */
    static final class Extension implements ParameterResolver, ExecutionCondition {
        private static @Nullable WebApp running;

        @Override
        public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
            return Chromium.program()
                    .map(program -> ConditionEvaluationResult.enabled(program + " is here"))
                    .orElseGet(() -> ConditionEvaluationResult.disabled(
                            "no Chromium here (expected: /usr/bin/chromium-headless-shell or /usr/bin/chromium)"));
        }

        @Override
        public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
            return parameter.getParameter().getType() == WebApp.class;
        }

        @Override
        public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
            return running();
        }

        /** Kept here, since the build runs each class as if it were the only one. */
        private static synchronized WebApp running() {
            WebApp app = running;
            if (app == null) {
                app = new WebApp(Chromium.program().orElseThrow());
                closeAtTheEnd(app);
                running = app;
            }
            return app;
        }
    }
}
