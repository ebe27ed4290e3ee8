package dev.sluice.gateway.feature.zip;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.GatewayApplication;
import dev.sluice.gateway.outbound.imagecache.disk.CacheRig;
import dev.sluice.gateway.testing.Archives;
import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.GatewayProcess;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.Pictures;
import dev.sluice.gateway.testing.VersionedImage;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A gateway that dies while an archive's images enter the store leaves whole images, or none. */
class KilledWhileStoringTest {
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final int IMAGES = 10;
    private static final int LENGTH = 1_000_000;

    @TempDir
    private Path directory;

    @Test
    void nextGatewayMakesTheSameArchiveOfWhatIsLeft() throws Exception {
        try (HostileOrigin origin = HostileOrigin.start();
                HttpClient client = HttpClient.newHttpClient()) {
            for (int i = 0; i < IMAGES; i++) {
                origin.on("/" + i + ".png", new VersionedImage(Pictures.png(LENGTH + i), "\"" + i + "\""));
            }
            String body = IntStream.range(0, IMAGES)
                    .mapToObj(i -> "{\"url\":\"" + origin.url("/" + i + ".png") + "\"}")
                    .collect(Collectors.joining(",", "{\"images\":[", "]}"));
            byte[] archive;
            try (GatewayProcess gateway = started(origin)) {
                URI zip = gateway.uri("/api/zip");
                archive =
                        client.send(post(zip, body), BodyHandlers.ofByteArray()).body();
                var _ = client.sendAsync(post(zip, body), BodyHandlers.discarding());
                Await.until(
                        SOON,
                        "some are being stored",
                        () -> CacheRig.files(directory.resolve("cache")).size() > 2);

                ProcessHandle.of(gateway.pid()).orElseThrow().destroyForcibly();
            }

            try (GatewayProcess gateway = started(origin)) {
                for (int i = 0; i < 3; i++) {
                    HttpResponse<byte[]> again =
                            client.send(post(gateway.uri("/api/zip"), body), BodyHandlers.ofByteArray());
                    assertThat(again.body()).isEqualTo(archive);
                }
                assertThat(Archives.read(archive)).hasSize(IMAGES);
                assertThat(CacheRig.files(directory.resolve("cache")))
                        .hasSize(IMAGES)
                        .noneMatch(file -> file.toString().endsWith(".tmp"));
            }
        }
    }

    private static HttpRequest post(URI uri, String body) {
        return HttpRequest.newBuilder(uri)
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(body))
                .build();
    }

    private GatewayProcess started(HostileOrigin origin) throws IOException {
        return GatewayProcess.start(
                GatewayApplication.class,
                List.of("-Xmx128m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"),
                Map.of(
                        "sluice.fetch.allow-networks",
                        origin.addressAndPort(),
                        "sluice.image-proxy.cache.enabled",
                        "true",
                        "sluice.image-proxy.cache.caller-share",
                        "100",
                        "sluice.image-proxy.cache.directory",
                        directory.resolve("cache").toString()),
                directory.resolve("log"));
    }
}
