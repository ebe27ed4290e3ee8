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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Five gigabytes at once through a small JVM, with the flags that the README gives for one: 50 clients, 20 images each,
 * every one as large as may be.
 */
class CrowdTest {
    private static final List<String> FLAGS = List.of(
            "-Xmx256m",
            "-XX:MaxDirectMemorySize=256m",
            "-XX:+UseSerialGC",
            "-XX:+ExitOnOutOfMemoryError",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow");
    private static final long MOST_RESIDENT = 500_000_000;
    private static final int CLIENTS = 50;
    private static final int IMAGES = 20;
    private static final int IMAGE_BYTES = 5_000_000;
    private static final int TIMEOUT_MILLIS = 120_000;
    private static final String FREE_MEMORY = "sluice_zip_budget_free_bytes{kind=\"memory\"}";
    private static final String FREE_DISK = "sluice_zip_budget_free_bytes{kind=\"disk\"}";

    /** How a client fared. */
    private enum Outcome {
        WHOLE_ARCHIVE,
        TOLD_TO_COME_LATER
    }

    @TempDir
    private Path directory;

    @Test
    void aCrowdGetsItsArchivesFromASmallJvm() throws Exception {
        try (HostileOrigin origin =
                        HostileOrigin.start().on("/large.png", Behaviours.image(Pictures.png(IMAGE_BYTES)));
                GatewayProcess gateway = start(origin)) {
            double memory = gateway.metric(FREE_MEMORY);
            double disk = gateway.metric(FREE_DISK);

            List<Outcome> outcomes = crowd(gateway, origin.url("/large.png"));

            assertThat(outcomes).hasSize(CLIENTS).contains(Outcome.WHOLE_ARCHIVE);
            assertThat(gateway.isAlive()).isTrue();
            assertThat(gateway.log()).doesNotContain("OutOfMemoryError", "OutOfDirectMemoryError");
            gateway.peakResidentBytes().ifPresent(peak -> assertThat(peak).isLessThan(MOST_RESIDENT));
            Await.until(
                    Duration.ofSeconds(30),
                    "every reservation is back",
                    () -> gateway.metric(FREE_MEMORY) == memory && gateway.metric(FREE_DISK) == disk);
        }
    }

    private GatewayProcess start(HostileOrigin origin) {
        Map<String, String> settings = Map.of(
                "sluice.fetch.allow-networks", origin.addressAndPort(),
                "sluice.limits.enabled", "false", // the crowd comes from one address
                "sluice.zip.spool-directory", directory.resolve("spool").toString());
        return GatewayProcess.start(GatewayApplication.class, FLAGS, settings, directory.resolve("gateway.log"));
    }

    private static List<Outcome> crowd(GatewayProcess gateway, String url) throws Exception {
        CyclicBarrier start = new CyclicBarrier(CLIENTS);
        List<Future<Outcome>> clients = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(CLIENTS)) {
            for (int client = 0; client < CLIENTS; client++) {
                clients.add(threads.submit(() -> {
                    start.await();
                    return ask(gateway, url);
                }));
            }
            List<Outcome> outcomes = new ArrayList<>();
            for (Future<Outcome> client : clients) {
                outcomes.add(client.get(5, TimeUnit.MINUTES));
            }
            return outcomes;
        }
    }

    private static Outcome ask(GatewayProcess gateway, String url) throws IOException {
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
            readWhole(archive);
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
    private static void readWhole(InputStream archive) throws IOException {
        byte[] buffer = new byte[64 * 1024];
        ZipInputStream entries = new ZipInputStream(archive);
        int count = 0;
        for (ZipEntry entry = entries.getNextEntry(); entry != null; entry = entries.getNextEntry()) {
            long size = 0;
            for (int read = entries.read(buffer); read >= 0; read = entries.read(buffer)) {
                size += read;
            }
            assertThat(size).as(entry.getName()).isEqualTo(IMAGE_BYTES);
            count++;
        }
        assertThat(count).isEqualTo(IMAGES);
        archive.transferTo(OutputStream.nullOutputStream());
    }
}
