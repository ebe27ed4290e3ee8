package dev.sluice.gateway.feature.zip;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.GatewayApplication;
import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.GatewayProcess;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.Pictures;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * More at once than a small JVM can hold, with the options that the documentation gives for one: five gigabytes, every
 * image as large as may be, and four times as many clients with small images.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class CrowdTest {
    private static final long MOST_RESIDENT = 400_000_000;
    private static final int IMAGES = 20;
    private static final int LARGE = 5_000_000;
    private static final int SMALL = 100_000;
    private static final int TIMEOUT_MILLIS = 120_000;
    private static final String FREE_MEMORY = "sluice_zip_budget_free_bytes{kind=\"memory\"}";
    private static final String FREE_DISK = "sluice_zip_budget_free_bytes{kind=\"disk\"}";

    /** How a client fared; whatever else befalls one is a failure. */
    private enum Outcome {
        WHOLE_ARCHIVE,
        TOLD_TO_COME_LATER
    }

    @TempDir
    private static Path directory;

    private HostileOrigin origin;
    private GatewayProcess gateway;
    private double memory;
    private double disk;

    @BeforeAll
    void start() throws IOException {
        origin = HostileOrigin.start()
                .on("/large.png", Behaviours.image(Pictures.png(LARGE)))
                .on("/small.png", Behaviours.image(Pictures.png(SMALL)));
        String documentation = Files.readString(Path.of("..", "docs", "operations.md"));
        List<String> command = List.of(documentation
                .substring(documentation.indexOf("MALLOC_ARENA_MAX="), documentation.indexOf("-jar gateway.jar"))
                .replace("\\\n", " ")
                .split("\\s+"));
        List<String> options = new ArrayList<>(
                command.stream().filter(word -> word.startsWith("-X")).toList());
        assertThat(options).contains("-Xmx128m", "-XX:MaxDirectMemorySize=128m");
        options.add("-XX:+ExitOnOutOfMemoryError");
        // What a jar says in its manifest.
        options.add("--enable-native-access=ALL-UNNAMED");
        options.add("--sun-misc-unsafe-memory-access=allow");
        Map<String, String> settings = Map.of(
                "sluice.fetch.allow-networks", origin.addressAndPort(),
                "sluice.limits.enabled", "false", // the crowd comes from one address
                "sluice.zip.spool-directory", directory.resolve("spool").toString());
        gateway = GatewayProcess.start(
                GatewayApplication.class,
                options,
                Map.of("MALLOC_ARENA_MAX", command.getFirst().split("=", 2)[1]),
                settings,
                directory.resolve("gateway.log"));
        memory = gateway.metric(FREE_MEMORY);
        disk = gateway.metric(FREE_DISK);
    }

    @AfterAll
    void stop() {
        gateway.close();
        origin.close();
    }

    /** Each may hold three images at a time: the room on disk is enough for all of them, should no memory be left. */
    @Test
    void everyoneOfACrowdGetsItsArchiveFromASmallJvm() throws Exception {
        assertThat(crowd(50, "/large.png", LARGE)).hasSize(50).containsOnly(Outcome.WHOLE_ARCHIVE);
        assertSound();
    }

    /**
     * There is room on disk for three images of each of 68, so that so many are served whatever becomes of the others.
     */
    @Test
    void largerCrowdGetsWholeArchivesOrIsToldToComeLater() throws Exception {
        assertThat(crowd(200, "/small.png", SMALL))
                .hasSize(200)
                .filteredOn(Outcome.WHOLE_ARCHIVE::equals)
                .hasSizeGreaterThanOrEqualTo(68);
        assertSound();
    }

    private void assertSound() {
        assertThat(gateway.isAlive()).isTrue();
        assertThat(gateway.log()).doesNotContain("OutOfMemoryError", "OutOfDirectMemoryError");
        gateway.peakResidentBytes().ifPresent(peak -> assertThat(peak).isLessThan(MOST_RESIDENT));
        Await.until(
                Duration.ofSeconds(30),
                "every reservation is back",
                () -> gateway.metric(FREE_MEMORY) == memory && gateway.metric(FREE_DISK) == disk);
    }

    private List<Outcome> crowd(int count, String image, int length) throws Exception {
        CyclicBarrier start = new CyclicBarrier(count);
        List<Future<Outcome>> clients = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(count)) {
            for (int client = 0; client < count; client++) {
                clients.add(threads.submit(() -> {
                    start.await();
                    return ask(gateway, origin.url(image), length);
                }));
            }
            List<Outcome> outcomes = new ArrayList<>();
            for (Future<Outcome> client : clients) {
                outcomes.add(client.get(5, TimeUnit.MINUTES));
            }
            return outcomes;
        }
    }

    private static Outcome ask(GatewayProcess gateway, String url, int length) throws IOException {
        var connection = (HttpURLConnection) gateway.uri("/api/zip").toURL().openConnection();
        connection.setConnectTimeout(TIMEOUT_MILLIS);
        connection.setReadTimeout(TIMEOUT_MILLIS);
        connection.setDoOutput(true);
        connection.setRequestProperty("Content-Type", "application/json");
        try (OutputStream body = connection.getOutputStream()) {
            String images = String.join(",", Collections.nCopies(IMAGES, "{\"url\":\"" + url + "\"}"));
            body.write(("{\"images\":[" + images + "]}").getBytes(StandardCharsets.UTF_8));
        }
        if (connection.getResponseCode() != HttpURLConnection.HTTP_OK) {
            return orderlyRefusal(connection);
        }
        try (InputStream archive = connection.getInputStream()) {
            readWhole(archive, length);
        }
        return Outcome.WHOLE_ARCHIVE;
    }

    private static Outcome orderlyRefusal(HttpURLConnection connection) throws IOException {
        assertThat(connection.getResponseCode()).isEqualTo(HttpURLConnection.HTTP_UNAVAILABLE);
        assertThat(connection.getHeaderField("Retry-After")).isNotNull();
        try (InputStream problem = connection.getErrorStream()) {
            assertThat(new String(problem.readAllBytes(), StandardCharsets.UTF_8))
                    .contains("\"code\":\"overloaded\"");
        }
        return Outcome.TOLD_TO_COME_LATER;
    }

    /**
     * Reads to the end without keeping anything; the reader checks each entry's CRC, the framing that nothing is
     * missing.
     */
    private static void readWhole(InputStream archive, int length) throws IOException {
        byte[] buffer = new byte[64 * 1024];
        ZipInputStream entries = new ZipInputStream(archive);
        int count = 0;
        for (ZipEntry entry = entries.getNextEntry(); entry != null; entry = entries.getNextEntry()) {
            long size = 0;
            for (int read = entries.read(buffer); read >= 0; read = entries.read(buffer)) {
                size += read;
            }
            assertThat(size).as(entry.getName()).isEqualTo(length);
            count++;
        }
        assertThat(count).isEqualTo(IMAGES);
        archive.transferTo(OutputStream.nullOutputStream());
    }
}
