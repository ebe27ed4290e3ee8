package dev.sluice.gateway;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.microsoft.playwright.Page;
import com.microsoft.playwright.assertions.LocatorAssertions;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.SimpleFileServer;
import dev.sluice.gateway.feature.webapp.Chromium;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.RunningGateway;
import java.io.BufferedReader;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The programs of {@code docs/examples} do what they say, as far as this machine has their tools. */
class ExamplesTest {
    private static final Path EXAMPLES =
            Path.of("..", "docs", "examples").toAbsolutePath().normalize();
    /** For a page that does what it should, however busy the machine is. */
    private static final double TIMEOUT_MILLIS = 60_000;

    @Test
    void servicesHaveImagesZipped() throws Exception {
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
                    // Two images, and the manifest that says why there is no third.
                    .containsPattern("(?m)^python: (3 entries|skipped, )")
                    .containsPattern("(?m)^java: 3 entries$");
        }
    }

    /** The gateway is a stub that breaks off in the middle of a chunk. */
    @ParameterizedTest
    @ValueSource(strings = {"zip.py", "Zip.java"})
    void serviceCutsItsAnswerWhereTheGatewayCutsTheArchive(String program) throws Exception {
        Path interpreter = program.endsWith(".py")
                ? Path.of("/usr/bin/python3")
                : Path.of(System.getProperty("java.home"), "bin", "java");
        assumeTrue(Files.isExecutable(interpreter), "needs " + interpreter);
        byte[] samples = """
                {"pictures":["http://127.0.0.1/samples/picture-01.jpg","http://127.0.0.1/samples/picture-02.gif"],
                 "misbehaving":[{"url":"http://127.0.0.1/samples/disguised.png"}]}
                """.getBytes(StandardCharsets.UTF_8);
        try (HostileOrigin gateway = HostileOrigin.start()
                .on("/samples", Behaviours.body("application/json", samples))
                .on("/api/zip", Behaviours.truncatedChunks(100_000))) {
            Process service = new ProcessBuilder(
                            interpreter.toString(),
                            EXAMPLES.resolve(program).toString(),
                            "http://" + gateway.addressAndPort(),
                            "0")
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            try (BufferedReader said = service.inputReader(StandardCharsets.UTF_8);
                    HttpClient client = HttpClient.newHttpClient()) {
                String url = Objects.requireNonNull(said.readLine()).replaceFirst("^\\w+: ", "");
                HttpRequest request = HttpRequest.newBuilder(URI.create(url)).build();

                HttpResponse<InputStream> answer = client.send(request, BodyHandlers.ofInputStream());

                assertThat(answer.statusCode()).isEqualTo(200);
                try (InputStream archive = answer.body()) {
                    assertThat(archive.readNBytes(1000)).hasSize(1000);
                    assertThatIOException().isThrownBy(archive::readAllBytes);
                }
            } finally {
                service.destroy();
                service.waitFor();
            }
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
