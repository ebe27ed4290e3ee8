package dev.sluice.gateway.feature.zip;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.gateway.testing.Archives;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.HostileOrigin;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.Pictures;
import dev.sluice.gateway.testing.RunningGateway;
import dev.sluice.zipstream.BufferBudget;
import java.io.UncheckedIOException;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A client hears something before a proxy on the way gives up, also when its origins say nothing. */
@ExtendWith(NoLeaks.class)
class SilenceTest {
    private static final JsonMapper JSON = JsonMapper.shared();
    private static final byte[] PICTURE = Pictures.png(20_000);

    private static HostileOrigin origin;
    private static RunningGateway gateway;

    @BeforeAll
    static void start() {
        origin = HostileOrigin.start().on("/a.png", Behaviours.image(PICTURE)).on("/silent.png", Behaviours.silent());
        // Far more time for each image than for all of them.
        gateway = RunningGateway.start(
                origin, Map.of("sluice.zip.longest-silence", "1s", "sluice.zip.image-timeout", "5m"));
        // That the first archive of a JVM loads its classes is no silence of an origin.
        ask("/api/zip", "skip", "a.png", "a.png");
    }

    @AfterAll
    static void stop() {
        gateway.close();
        origin.close();
    }

    @AfterEach
    void everythingReservedComesBack() {
        for (String kind : List.of("imageMemory", "imageDisk")) {
            BufferBudget budget = gateway.bean(kind, BufferBudget.class);
            origin.await(Duration.ofSeconds(5), kind + " is free again", () -> budget.available() == budget.capacity());
        }
    }

    private static HttpResponse<byte[]> ask(String path, String onError, String... files) {
        List<String> urls = Stream.of(files).map(file -> origin.url("/" + file)).toList();
        return gateway.post(path, ZipFaultsTest.request(urls, onError));
    }

    private static void assertGivenUp(JsonNode image, int index) {
        assertThat(image.path("index").asInt()).isEqualTo(index);
        assertThat(image.path("code").asString()).isEqualTo("timed_out");
        assertThat(image.path("detail").asString())
                .isEqualTo("Given up: nothing of the archive had come for 1 second.");
    }

    @ParameterizedTest
    @CsvSource({
        "/api/zip, skip, no_image_available",
        "/api/zip, cut, upstream_failed",
        "/api/zip, fail, upstream_failed",
        "/api/zip/base64, skip, no_image_available",
        "/api/zip/base64, fail, upstream_failed"
    })
    void twentyOriginsThatSayNothingAreAnsweredForAtOnce(String path, String onError, String code) {
        HttpResponse<byte[]> answer =
                ask(path, onError, Collections.nCopies(20, "silent.png").toArray(String[]::new));

        assertThat(answer.statusCode()).isEqualTo(502);
        JsonNode problem = JSON.readTree(answer.body());
        assertThat(problem.path("code").asString()).isEqualTo(code);
        assertThat(problem.path("images").size()).isEqualTo(20);
        for (int index = 0; index < 20; index++) {
            assertGivenUp(problem.path("images").path(index), index);
        }
    }

    @Test
    void oneThatSaysNothingDoesNotHoldUpWhatIsThere() {
        SequencedMap<String, byte[]> entries = Archives.read(
                ask("/api/zip", "skip", "a.png", "silent.png", "a.png").body());

        assertThat(entries).containsOnlyKeys("a.png", "a (2).png", "manifest.json");
        JsonNode skipped = JSON.readTree(entries.lastEntry().getValue()).path("skipped");
        assertThat(skipped.size()).isEqualTo(1);
        assertGivenUp(skipped.path(0), 1);
    }

    @Test
    void restIsGivenUpWhenNothingOfItComes() {
        SequencedMap<String, byte[]> entries = Archives.read(
                ask("/api/zip", "skip", "a.png", "silent.png", "silent.png").body());

        assertThat(entries).containsOnlyKeys("a.png", "manifest.json");
        JsonNode skipped = JSON.readTree(entries.lastEntry().getValue()).path("skipped");
        assertThat(skipped.size()).isEqualTo(2);
        assertGivenUp(skipped.path(0), 1);
        assertGivenUp(skipped.path(1), 2);
    }

    @Test
    void allOrNothingIsNothingWhenOneIsGivenUp() {
        HttpResponse<byte[]> answer = ask("/api/zip", "fail", "a.png", "silent.png", "a.png", "a.png");

        assertThat(answer.statusCode()).isEqualTo(502);
        JsonNode images = JSON.readTree(answer.body()).path("images");
        assertThat(images.size()).isEqualTo(1);
        assertGivenUp(images.path(0), 1);
    }

    @Test
    void whatMayBeCutIsCut() {
        assertThatThrownBy(() -> ask("/api/zip", "cut", "a.png", "silent.png", "a.png"))
                .isInstanceOf(UncheckedIOException.class);
    }
}
