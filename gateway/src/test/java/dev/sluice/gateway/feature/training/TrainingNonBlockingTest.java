package dev.sluice.gateway.feature.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Archives;
import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.FalStub;
import dev.sluice.gateway.testing.GatewayProcess;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.Pictures;
import dev.sluice.gateway.testing.WatchedGateway;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

/** No training blocks an event loop, whether it is set up or given up. */
class TrainingNonBlockingTest {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final String FREE_DISK = "sluice_training_disk_free_bytes";
    private static final List<String> FLAGS = List.of(
            "-Xmx256m",
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-XX:+AllowRedefinitionToAddDeleteMethods",
            "-XX:+EnableDynamicAgentLoading",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow");

    @TempDir
    private Path directory;

    @Test
    void trainingsAreSetUpAskedForAndGivenUp() throws Exception {
        try (HostileOrigin origin = HostileOrigin.start().on("/a.png", Behaviours.image(Pictures.png(2_000_000)));
                FalStub fal = FalStub.start();
                GatewayProcess gateway = start(origin, fal);
                HttpClient client = HttpClient.newHttpClient()) {
            double free = gateway.metric(FREE_DISK);
            String token = token(gateway, client);
            String four = TrainingRig.request(Collections.nCopies(4, origin.url("/a.png")));

            HttpResponse<String> started = client.send(post(gateway, token, four), BodyHandlers.ofString());
            assertThat(started.statusCode()).as(started.body()).isEqualTo(202);
            assertThat(Archives.read(fal.archives().getFirst())).hasSize(4);
            fal.status(FalStub.state("IN_PROGRESS", ""));
            String state = JsonMapper.shared()
                    .readTree(started.body())
                    .path("statusUrl")
                    .asString();
            HttpRequest look = HttpRequest.newBuilder(gateway.uri(state))
                    .timeout(SOON)
                    .header("Authorization", "Bearer " + token)
                    .build();
            assertThat(client.send(look, BodyHandlers.ofString()).statusCode()).isEqualTo(200);

            fal.putUnread(Behaviours.silent());
            CompletableFuture<HttpResponse<String>> leaving =
                    client.sendAsync(post(gateway, token, four), BodyHandlers.ofString());
            Await.until(SOON, "the upload has begun", () -> fal.puts().size() == 2);
            leaving.cancel(true);
            Await.until(SOON, "everything is free", () -> gateway.metric(FREE_DISK) == free);

            assertThat(Arrays.stream(gateway.log().split(WatchedGateway.BLOCKED, -1))
                            .skip(1)
                            .toList())
                    .hasSizeGreaterThan(0)
                    .allSatisfy(report -> assertThat(report).contains(WatchedGateway.ON_PURPOSE));
        }
    }

    private GatewayProcess start(HostileOrigin origin, FalStub fal) {
        Map<String, String> settings = Map.of(
                "sluice.fetch.allow-networks",
                origin.addressAndPort() + "," + fal.addressAndPort(),
                "sluice.training.api-key",
                FalStub.KEY,
                "sluice.training.queue-url",
                fal.baseUrl(),
                "sluice.training.storage-url",
                fal.baseUrl(),
                "sluice.training.upload-schemes",
                "http",
                "sluice.training.upload-domains",
                "127.0.0.2",
                "sluice.training.spool-directory",
                directory.resolve("spool").toString());
        return GatewayProcess.start(WatchedGateway.class, FLAGS, settings, directory.resolve("gateway.log"));
    }

    private static String token(GatewayProcess gateway, HttpClient client) throws Exception {
        HttpRequest login = HttpRequest.newBuilder(gateway.uri("/api/session"))
                .timeout(SOON)
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString("{\"user\":\"alice\",\"roles\":[\"user\"]}"))
                .build();
        return JsonMapper.shared()
                .readTree(client.send(login, BodyHandlers.ofString()).body())
                .path("token")
                .asString();
    }

    private static HttpRequest post(GatewayProcess gateway, String token, String json) {
        return HttpRequest.newBuilder(gateway.uri("/api/lora/train"))
                .timeout(SOON)
                .header("Authorization", "Bearer " + token)
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(json))
                .build();
    }
}
