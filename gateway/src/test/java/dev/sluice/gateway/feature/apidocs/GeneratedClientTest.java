package dev.sluice.gateway.feature.apidocs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.PictureFiles;
import dev.sluice.gateway.testing.RunningGateway;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * A client in TypeScript, whose types openapi-typescript makes of the document, compiles and gets what it came for.
 * Skipped where there is no Node, or its packages cannot be had.
 */
class GeneratedClientTest {
    private static final Path SOURCES = Path.of("src", "test", "client");
    private static final Path EXAMPLE = Path.of("..", "docs", "examples", "typescript");
    private static final Path PLACE = Path.of("target", "client");
    private static final Duration TIMEOUT = Duration.ofMinutes(3);

    @Test
    void clientInTypeScriptIsGeneratedCompilesAndRuns() throws IOException, InterruptedException {
        prepare(SOURCES, "package.json", "tsconfig.json", "client.ts");
        try (HostileOrigin origin = HostileOrigin.start()
                        .on("/a.png", Behaviours.image(PictureFiles.encoded("png", 30, 20)))
                        .on("/a.png.gone", Behaviours.status(410));
                RunningGateway gateway = RunningGateway.start(origin, Map.of())) {
            Files.write(PLACE.resolve("api.json"), gateway.get("/v3/api-docs").body());

            assertThat(run("npx", "openapi-typescript", "api.json", "-o", "api.d.ts"))
                    .as(this::output)
                    .isZero();
            assertThat(run("npx", "tsc", "-p", ".")).as(this::output).isZero();
            String address = gateway.uri("").toString();
            assertThat(run("node", "client.js", address, origin.url("/a.png")))
                    .as(this::output)
                    .isZero();
        }
    }

    @Test
    void exampleIsTypedByTheDocumentAndUploads() throws IOException, InterruptedException {
        prepare(EXAMPLE, "package.json", "tsconfig.json", "images.ts", "main.ts");
        try (RunningGateway gateway =
                RunningGateway.start(Map.of("sluice.samples.enabled", "true", "sluice.samples.port", "0"))) {
            String address = "http://127.0.0.1:" + gateway.address().getPort();

            assertThat(run("env", "GATEWAY=" + address, "npm", "start"))
                    .as(this::output)
                    .isZero();
            assertThat(output())
                    .contains("srcset=\"" + address + "/api/image-proxy?", "shown: 200 image/jpeg")
                    .containsPattern("uploaded [0-9a-f-]{36}");
        }
    }

    private static void prepare(Path sources, String... names) throws IOException, InterruptedException {
        assumeThat(isInstalled("node") && isInstalled("npm")).as("Node is here").isTrue();
        Files.createDirectories(PLACE);
        for (String name : names) {
            Files.copy(sources.resolve(name), PLACE.resolve(name), StandardCopyOption.REPLACE_EXISTING);
        }
        assumeThat(run("npm", "install", "--prefer-offline", "--no-audit", "--no-fund", "--no-package-lock"))
                .as("its packages can be had")
                .isZero();
    }

    private static boolean isInstalled(String program) {
        return Arrays.stream(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator, -1))
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
    }

    private static int run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command)
                .directory(PLACE.toFile())
                .redirectErrorStream(true)
                .redirectOutput(PLACE.resolve("output").toFile())
                .start();
        if (!process.waitFor(TIMEOUT.toSeconds(), TimeUnit.SECONDS)) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
            throw new AssertionError(String.join(" ", command) + " does not end");
        }
        return process.exitValue();
    }

    private String output() {
        try {
            return Files.readString(PLACE.resolve("output"));
        } catch (IOException none) {
            return none.toString();
        }
    }
}
