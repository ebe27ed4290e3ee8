package dev.sluice.gateway;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.microsoft.playwright.Page;
import com.microsoft.playwright.assertions.LocatorAssertions;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.SimpleFileServer;
import dev.sluice.gateway.feature.webapp.Chromium;
import dev.sluice.gateway.testing.RunningGateway;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The programs of {@code docs/examples} do what they say, as far as this machine has their tools. */
class ExamplesTest {
    private static final Path EXAMPLES =
            Path.of("..", "docs", "examples").toAbsolutePath().normalize();
    /** For a page that does what it should, however busy the machine is. */
    private static final double TIMEOUT_MILLIS = 60_000;

    @Test
    void programsHaveImagesZipped() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/bin/bash")), "needs bash");
        try (RunningGateway gateway =
                RunningGateway.start(Map.of("sluice.samples.enabled", "true", "sluice.samples.port", "0"))) {
            ProcessBuilder builder = new ProcessBuilder(
                            "/bin/bash", EXAMPLES.resolve("run.sh").toString(), url(gateway))
                    .redirectErrorStream(true);
            builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
            Process process = builder.start();
            process.getOutputStream().close();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(process.waitFor()).as(output).isZero();
            assertThat(output)
                    .containsPattern("(?m)^python: (2 images, 1 skipped|skipped, )")
                    .containsPattern("(?m)^java: 3 images$");
        }
    }

    @Test
    void pageOfAnotherSiteShowsSignedImagesAndUploads() throws Exception {
        Optional<Path> program = Chromium.program();
        assumeTrue(program.isPresent(), "needs Chromium");
        HttpServer site = SimpleFileServer.createFileServer(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                EXAMPLES,
                SimpleFileServer.OutputLevel.NONE);
        site.start();
        String origin = "http://localhost:" + site.getAddress().getPort();
        Map<String, String> settings = Map.of(
                "sluice.samples.enabled", "true",
                "sluice.samples.port", "0",
                "sluice.origins.allowed", origin);
        try (RunningGateway gateway = RunningGateway.start(settings);
                Chromium chromium = Chromium.start(program.orElseThrow())) {
            Page page = chromium.newPage();
            page.navigate(origin + "/page.html?" + url(gateway));
            assertThat(page.locator("img[data-loaded]"))
                    .hasCount(2, new LocatorAssertions.HasCountOptions().setTimeout(TIMEOUT_MILLIS));
            page.locator("#draw").click();
            assertThat(page.locator("#state"))
                    .hasText(
                            Pattern.compile("uploaded [0-9a-f-]{36}"),
                            new LocatorAssertions.HasTextOptions().setTimeout(TIMEOUT_MILLIS));
        } finally {
            site.stop(0);
        }
    }

    private static String url(RunningGateway gateway) {
        return "http://localhost:" + gateway.address().getPort();
    }
}
