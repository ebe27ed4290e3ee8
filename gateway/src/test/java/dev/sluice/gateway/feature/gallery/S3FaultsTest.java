package dev.sluice.gateway.feature.gallery;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.outbound.storage.S3Bucket;
import dev.sluice.gateway.outbound.storage.S3Stub;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.RunningGateway;
import java.net.URI;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A bucket that is overloaded, or hangs, under the whole gateway. */
@ExtendWith(NoLeaks.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class S3FaultsTest {
    enum Mood {
        WELL,
        OVERLOADED,
        HANGING
    }

    @TempDir
    private static Path data;

    private S3Bucket bucket;
    private S3Stub way;
    private HostileOrigin origin;
    private RunningGateway gateway;
    private GalleryClient alice;
    private volatile Mood mood = Mood.WELL;

    @BeforeAll
    void start() {
        bucket = S3Bucket.open();
        way = S3Stub.start((head, in, out) -> {
            switch (mood) {
                case WELL -> S3Stub.pass(URI.create(bucket.endpoint()), head, in, out);
                case OVERLOADED -> S3Stub.status(out, "503 Slow Down", "Content-Length: 0");
                case HANGING -> S3Stub.hang(in);
            }
        });
        origin = HostileOrigin.start();
        origin.on("/a.png", Behaviours.image(Drawn.noise(60, 60)));
        Map<String, String> settings = new HashMap<>(bucket.settings(way.endpoint()));
        settings.put("sluice.storage.s3.attempt-timeout", "1500ms");
        settings.put("sluice.storage.s3.call-timeout", "3s");
        settings.put("sluice.storage.s3.put-timeout", "3s");
        settings.put("sluice.storage.s3.tries", "2");
        settings.put("sluice.pictures.work-directory", data.toString());
        settings.put("sluice.gallery.generation.poll", "50ms");
        settings.put("sluice.gallery.generation.retry-pause", "100ms");
        gateway = RunningGateway.start(origin, settings);
        alice = GalleryClient.alice(gateway::uri);
    }

    @AfterAll
    void stop() {
        gateway.close();
        way.close();
        bucket.close();
        origin.close();
    }

    @AfterEach
    void nothingIsLeft() {
        mood = Mood.WELL;
        Holdings.assertIdle(gateway, data);
        gateway.bean(Reconciler.class).pass().block(Duration.ofSeconds(20));
        Holdings.settled(gateway);
    }

    @ParameterizedTest
    @EnumSource(
            value = Mood.class,
            names = {"OVERLOADED", "HANGING"})
    void everythingEndsClearlyAndWorksAgainLater(Mood bad) {
        String path = alice.imported(origin.url("/a.png"));
        mood = bad;

        HttpResponse<byte[]> imported = alice.importing(origin.url("/a.png"));
        HttpResponse<byte[]> file = alice.get(path + "/file");
        HttpResponse<byte[]> deleted = alice.delete(path);
        String ordered = alice.ordered("patience with S3");

        for (HttpResponse<byte[]> answer : List.of(imported, file, deleted)) {
            assertThat(answer.statusCode()).isEqualTo(502);
            assertThat(GalleryClient.code(answer)).isEqualTo("storage_failed");
            assertThat(GalleryClient.json(answer).required("reason").stringValue())
                    .isEqualTo("unavailable");
        }
        mood = Mood.WELL;
        assertThat(alice.ended(ordered).required("status").stringValue()).isEqualTo("completed");
        assertThat(alice.delete(path).statusCode()).isEqualTo(204);
        Holdings.settled(gateway);
    }
}
