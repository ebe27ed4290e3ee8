package dev.sluice.gateway.feature.training;

import static dev.sluice.gateway.feature.training.TrainingRig.SOON;
import static dev.sluice.gateway.feature.training.TrainingRig.request;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.GatewayApplication;
import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.GatewayProcess;
import dev.sluice.gateway.testing.RunningGateway;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

/** What ends a process, and what ends its disk, in a process of its own: nothing is left of an archive. */
class TrainingKillTest {
    private static final String FREE_DISK = "sluice_training_disk_free_bytes";
    private static final List<String> FLAGS = List.of("-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC");

    @TempDir
    private Path directory;

    private final HttpClient client = HttpClient.newHttpClient();
    private Path spool;
    private TrainingRig rig;

    @BeforeEach
    void start() {
        spool = directory.resolve("spool");
        rig = new TrainingRig(spool);
    }

    @AfterEach
    void stop() {
        rig.close();
        client.close();
    }

    private Path processDirectory() throws IOException {
        try (Stream<Path> processes = Files.list(spool)) {
            return processes.findAny().orElseThrow();
        }
    }

    @Test
    void nothingIsLeftOfAnArchiveWhoseGatewayIsKilled() throws Exception {
        rig.fal.putUnread(Behaviours.silent());
        Path named;
        CompletableFuture<HttpResponse<String>> cutOff;
        try (GatewayProcess gateway = process()) {
            cutOff = client.sendAsync(order(gateway), BodyHandlers.ofString());
            Await.until(SOON, "the upload has begun", () -> rig.fal.puts().size() == 1);
            assertThat(rig.files()).as("the archive has no name").isZero();
            // Where the system does not take the name of an open file away, this is what the archive looks like.
            named = Files.writeString(processDirectory().resolve("1000"), "an archive");
        } // Closing it is a kill.
        assertThat(cutOff).failsWithin(SOON);
        rig.fal.awaitPutsClosed();
        assertThat(named).exists();

        try (RunningGateway next = rig.restarted()) {
            assertThat(named).doesNotExist();
            assertThat(rig.files()).isZero();
            rig.fal.put(Behaviours.status(200));
            HttpResponse<byte[]> answer = next.send(HttpRequest.newBuilder(next.uri(TrainingRig.PATH))
                    .header("Authorization", "Bearer " + next.signIn("alice", "user"))
                    .header("Content-Type", "application/json")
                    .POST(BodyPublishers.ofString(request(rig.pictures(4)))));
            assertThat(answer.statusCode()).as(TrainingRig.text(answer)).isEqualTo(202);
        }
        assertThat(rig.fal.orders()).as("of the second gateway alone").hasSize(1);
    }

    @Test
    void diskThatIsFullHalfWayThroughAnArchiveIsToldAndNothingIsLeft() throws Exception {
        try (GatewayProcess gateway = process()) {
            double free = gateway.metric(FREE_DISK);
            // The archive has 4 MB. The rest of what a gateway writes is much smaller.
            Process limit = new ProcessBuilder("prlimit", "--pid", Long.toString(gateway.pid()), "--fsize=2500000")
                    .inheritIO()
                    .start();
            assertThat(limit.waitFor()).isZero();

            HttpResponse<String> answer = client.send(order(gateway), BodyHandlers.ofString());

            assertThat(answer.statusCode()).as(answer.body()).isEqualTo(503);
            assertThat(answer.body()).contains("\"code\":\"overloaded\"").contains("The archive cannot be kept");
            assertThat(gateway.log()).contains("cannot keep an archive on disk: spool file: File too large");
            Await.until(SOON, "everything is free", () -> gateway.metric(FREE_DISK) == free);
            assertThat(rig.files()).isZero();
            assertThat(rig.fal.requests()).isZero();
        }
    }

    private GatewayProcess process() {
        Map<String, String> settings = rig.settings("sluice.limits.enabled", "false");
        return GatewayProcess.start(GatewayApplication.class, FLAGS, settings, directory.resolve("gateway.log"));
    }

    private HttpRequest order(GatewayProcess gateway) throws IOException, InterruptedException {
        HttpRequest login = post(gateway, "/api/session", "{\"user\":\"alice\",\"roles\":[\"user\"]}")
                .build();
        String token = JsonMapper.shared()
                .readTree(client.send(login, BodyHandlers.ofString()).body())
                .path("token")
                .asString();
        return post(gateway, TrainingRig.PATH, request(rig.pictures(4)))
                .header("Authorization", "Bearer " + token)
                .build();
    }

    private static HttpRequest.Builder post(GatewayProcess gateway, String path, String json) {
        return HttpRequest.newBuilder(gateway.uri(path))
                .timeout(SOON)
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(json));
    }
}
