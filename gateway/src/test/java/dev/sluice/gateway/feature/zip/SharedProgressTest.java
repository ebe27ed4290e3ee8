package dev.sluice.gateway.feature.zip;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.outbound.redis.SharedRedis;
import dev.sluice.gateway.testing.Archives;
import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.EmbeddedRedis;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.Pictures;
import dev.sluice.gateway.testing.RunningGateway;
import java.io.InputStream;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import reactor.core.scheduler.Schedulers;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** One gateway downloads, another one tells of it. */
@ExtendWith(NoLeaks.class)
class SharedProgressTest {
    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    private static final byte[] PICTURE = Pictures.png(20_000);

    private static EmbeddedRedis redis;
    private static HostileOrigin origin;
    private static RunningGateway downloads;
    private static RunningGateway tells;

    private final HttpClient client = HttpClient.newHttpClient();
    private CountDownLatch held;
    private JsonNode link;

    @BeforeAll
    static void start() {
        redis = EmbeddedRedis.start();
        origin = HostileOrigin.start().on("/first.png", Behaviours.image(PICTURE));
        Map<String, String> settings = Map.of("sluice.redis.url", redis.url(), "sluice.redis.command-timeout", "1s");
        downloads = RunningGateway.start(origin, settings);
        tells = RunningGateway.start(origin, settings);
    }

    @AfterAll
    static void stop() {
        tells.close();
        downloads.close();
        origin.close();
        redis.close();
    }

    @BeforeEach
    void createLink() {
        held = new CountDownLatch(1);
        CountDownLatch released = held;
        origin.on("/second.png", exchange -> {
            released.await();
            Behaviours.image(PICTURE).answer(exchange);
        });
        String body = "{\"images\":[{\"url\":\"%s\"},{\"url\":\"%s\"}]}"
                .formatted(origin.url("/first.png"), origin.url("/second.png"));
        AtomicReference<byte[]> answer = new AtomicReference<>(new byte[0]);
        // Redis was away, perhaps, in the test before.
        Await.until(TIMEOUT, "a link", () -> {
            HttpResponse<byte[]> created = downloads.post("/api/zip/links", body);
            answer.set(created.body());
            return created.statusCode() == 201;
        });
        link = JsonMapper.shared().readTree(answer.get());
        HttpRequest.Builder known = HttpRequest.newBuilder(
                        tells.uri(link.path("eventsUrl").asString()))
                .HEAD();
        Await.until(
                TIMEOUT, "the link is known elsewhere", () -> tells.send(known).statusCode() == 200);
    }

    @AfterEach
    void release() {
        held.countDown();
        client.close();
    }

    /** Lines as they come; ends with the answer. */
    private static final class Listener {
        private final List<String> lines = new CopyOnWriteArrayList<>();
        private final CompletableFuture<Void> end;

        Listener(HttpClient client, RunningGateway gateway, String path) {
            end = client.sendAsync(HttpRequest.newBuilder(gateway.uri(path)).build(), BodyHandlers.ofLines())
                    .thenAccept(answer -> answer.body().forEach(lines::add));
        }

        void awaits(String part) {
            Await.until(TIMEOUT, part, () -> lines.stream().anyMatch(line -> line.contains(part)));
        }

        void awaitsItsEnd() throws Exception {
            end.get(TIMEOUT.toSeconds(), TimeUnit.SECONDS);
            assertThat(lines).anyMatch(line -> line.equals("event:end"));
        }
    }

    private Listener listen(RunningGateway gateway) {
        return new Listener(client, gateway, link.path("eventsUrl").asString());
    }

    private CompletableFuture<HttpResponse<byte[]>> download() {
        return client.sendAsync(
                HttpRequest.newBuilder(downloads.uri(link.path("url").asString()))
                        .build(),
                BodyHandlers.ofByteArray());
    }

    @Test
    void listenerElsewhereIsToldWhileTheDownloadRunsAndOfItsEnd() throws Exception {
        Listener listener = listen(tells);
        listener.awaits("\"state\":\"queued\"");

        CompletableFuture<HttpResponse<byte[]>> download = download();
        listener.awaits("\"state\":\"done\",\"bytes\":20000");
        assertThat(download).isNotDone();

        held.countDown();
        listener.awaitsItsEnd();
        assertThat(listener.lines).contains("data:{\"images\":2,\"done\":2,\"skipped\":0,\"bytes\":40000}");
        assertThat(Archives.read(download.get().body())).containsOnlyKeys("first.png", "second.png");
    }

    @Test
    void listenerThatComesLateIsToldTheOutcome() throws Exception {
        held.countDown();
        download().get(TIMEOUT.toSeconds(), TimeUnit.SECONDS);

        listen(tells).awaitsItsEnd();
    }

    @Test
    void downloadThatIsGivenUpEndsElsewhereToo() throws Exception {
        Listener listener = listen(tells);
        HttpResponse<InputStream> download = client.send(
                HttpRequest.newBuilder(downloads.uri(link.path("url").asString()))
                        .build(),
                BodyHandlers.ofInputStream());
        listener.awaits("\"state\":\"done\"");

        download.body().close();

        listener.awaitsItsEnd();
        assertThat(listener.lines).noneMatch(line -> line.contains("\"done\":2"));
    }

    @Test
    void newDownloadElsewhereIsToldWhereAnEarlierOneHasEnded() throws Exception {
        held.countDown();
        HttpResponse<byte[]> earlier = tells.get(link.path("url").asString());
        assertThat(earlier.statusCode()).isEqualTo(200);
        CountDownLatch again = new CountDownLatch(1);
        held = again;
        origin.on("/second.png", exchange -> {
            again.await();
            Behaviours.status(404).answer(exchange);
        });
        awaitProgress(1, "ended");
        CompletableFuture<HttpResponse<byte[]>> later = download();
        awaitProgress(2, "running");

        Listener listener = listen(tells);
        listener.awaits("\"state\":\"downloading\"");
        held.countDown();
        listener.awaitsItsEnd();
        assertThat(listener.lines).anyMatch(line -> line.contains("\"done\":1,\"skipped\":1"));
        assertThat(later.get(TIMEOUT.toSeconds(), TimeUnit.SECONDS).statusCode())
                .isEqualTo(200);
    }

    private void awaitProgress(int number, String state) {
        String token = link.path("url").asString().replaceFirst(".*/", "");
        SharedProgress progress = new SharedProgress(
                tells.bean(SharedRedis.class), Duration.ofMinutes(1), Duration.ofMinutes(1), Schedulers.parallel());
        Await.until(TIMEOUT, number + " " + state, () -> {
            SharedProgress.Snapshot written = progress.read(token).block(TIMEOUT);
            return written != null
                    && written.number() == number
                    && written.text().startsWith(state);
        });
    }

    @Test
    void downloadAndItsOwnListenersNeedNoRedis() throws Exception {
        redis.kill();
        try {
            CompletableFuture<HttpResponse<byte[]>> download = download();
            Listener listener = listen(downloads);
            listener.awaits("\"state\":\"done\"");
            held.countDown();
            listener.awaitsItsEnd();
            assertThat(download.get(TIMEOUT.toSeconds(), TimeUnit.SECONDS).statusCode())
                    .isEqualTo(200);
        } finally {
            redis.restart();
        }
    }
}
