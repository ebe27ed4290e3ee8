package dev.sluice.gateway.feature.training;

import static dev.sluice.gateway.feature.training.TrainingRig.PICTURE;
import static dev.sluice.gateway.feature.training.TrainingRig.get;
import static dev.sluice.gateway.feature.training.TrainingRig.json;
import static dev.sluice.gateway.feature.training.TrainingRig.refused;
import static dev.sluice.gateway.feature.training.TrainingRig.request;
import static dev.sluice.gateway.feature.training.TrainingRig.text;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Archives;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.FalStub;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.OriginExchange;
import dev.sluice.gateway.testing.RunningGateway;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.SequencedMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/** Trainings as their clients meet them, at a provider that checks what it is sent. */
@ExtendWith(NoLeaks.class)
class TrainingTest {
    private static TrainingRig rig;

    @BeforeAll
    static void start(@TempDir Path directory) {
        rig = new TrainingRig(directory.resolve("spool"));
    }

    @AfterAll
    static void stop() {
        rig.close();
    }

    @BeforeEach
    void forget() {
        rig.forget();
    }

    @AfterEach
    void everythingIsFree() {
        rig.assertEverythingIsFree();
    }

    @Test
    void imagesBecomeOneArchiveAtTheProviderAndATrainingIsQueued() {
        HttpResponse<byte[]> answer =
                rig.start("alice", request(rig.pictures(20), "\"steps\":2500", "\"somethingElse\":{\"unknown\":true}"));

        assertThat(answer.statusCode()).as(text(answer)).isEqualTo(202);
        JsonNode accepted = json(answer);
        String statusUrl = "/api/lora/train/" + accepted.path("requestId").asString();
        assertThat(answer.headers().firstValue("Location")).hasValue(statusUrl);
        assertThat(answer.headers().firstValue("Cache-Control")).hasValue("no-store");
        assertThat(accepted.path("statusUrl").asString()).isEqualTo(statusUrl);
        assertThat(accepted.path("status").asString()).isEqualTo("queued");
        assertThat(accepted.path("images").asInt()).isEqualTo(20);
        assertThat(accepted.path("skipped").isEmpty()).isTrue();
        SequencedMap<String, byte[]> archive = Archives.read(rig.fal.archives().getFirst());
        assertThat(archive).hasSize(20);
        assertThat(archive.values()).allMatch(content -> Arrays.equals(content, PICTURE));
        assertThat(rig.fal.orders()).singleElement().satisfies(order -> {
            assertThat(order.path("images_data_url").asString()).isEqualTo(rig.fal.fileUrl());
            assertThat(order.path("trigger_word").asString()).isEqualTo("sks-cat");
            assertThat(order.path("steps").asInt()).isEqualTo(2500);
        });
    }

    @Test
    void archiveIsPutWithItsLengthAndWithoutTheKey() {
        assertThat(rig.start().statusCode()).isEqualTo(202);

        OriginExchange put = rig.fal.puts().getFirst();
        assertThat(put.header("Content-Length"))
                .containsExactly(Integer.toString(rig.fal.archives().getFirst().length));
        assertThat(put.header("Transfer-Encoding")).isEmpty();
        assertThat(put.header("Content-Type")).containsExactly("application/zip");
        assertThat(put.header("Authorization")).isEmpty();
        assertThat(put.header("Cookie")).isEmpty();
    }

    @Test
    void aThousandStepsAreTheDefault() {
        assertThat(json(rig.start()).path("steps").asInt()).isEqualTo(1000);
        assertThat(rig.fal.orders().getFirst().path("steps").asInt()).isEqualTo(1000);
    }

    static Stream<Arguments> mistakes() {
        String four = "\"images\":[" + String.join(",", Collections.nCopies(4, "{\"url\":\"http://e.com\"}")) + "]";
        String word = "\"triggerWord\":\"w\"";
        return Stream.of(
                Arguments.of("no images", "{" + word + "}", "malformed_request", "images"),
                Arguments.of(
                        "three images",
                        "{\"images\":[{\"url\":\"a\"},{\"url\":\"b\"},{\"url\":\"c\"}]," + word + "}",
                        "malformed_request",
                        "images"),
                Arguments.of(
                        "21 images", request(Collections.nCopies(21, "http://e.com")), "too_many_images", "images"),
                Arguments.of("no url", "{\"images\":[{}]," + word + "}", "malformed_request", "images[0].url"),
                Arguments.of("no trigger word", "{" + four + "}", "malformed_request", "triggerWord"),
                Arguments.of(
                        "an empty trigger word",
                        "{" + four + ",\"triggerWord\":\"\"}",
                        "malformed_request",
                        "triggerWord"),
                Arguments.of(
                        "a trigger word with a blank",
                        "{" + four + ",\"triggerWord\":\"a cat\"}",
                        "malformed_request",
                        "triggerWord"),
                Arguments.of(
                        "a trigger word with an umlaut",
                        "{" + four + ",\"triggerWord\":\"Kätzchen\"}",
                        "malformed_request",
                        "triggerWord"),
                Arguments.of(
                        "65 letters",
                        "{" + four + ",\"triggerWord\":\"" + "a".repeat(65) + "\"}",
                        "malformed_request",
                        "triggerWord"),
                Arguments.of("99 steps", "{" + four + "," + word + ",\"steps\":99}", "malformed_request", "steps"),
                Arguments.of("5001 steps", "{" + four + "," + word + ",\"steps\":5001}", "malformed_request", "steps"),
                Arguments.of(
                        "steps in words",
                        "{" + four + "," + word + ",\"steps\":\"many\"}",
                        "malformed_request",
                        "steps"),
                Arguments.of(
                        "steps in quotes",
                        "{" + four + "," + word + ",\"steps\":\"500\"}",
                        "malformed_request",
                        "steps"),
                Arguments.of(
                        "half a step", "{" + four + "," + word + ",\"steps\":500.5}", "malformed_request", "steps"),
                Arguments.of(
                        "another onError",
                        "{" + four + "," + word + ",\"onError\":\"retry\"}",
                        "malformed_request",
                        "onError"),
                Arguments.of("no JSON", "hello", "malformed_request", "body"),
                Arguments.of("nothing", "", "malformed_request", "body"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("mistakes")
    void mistakeIsNamed(String what, String body, String code, String member) {
        // A path of its own: a fetch that an earlier test gave up may reach the origin only now.
        String own = body.replace("http://e.com", rig.origin.url("/mistaken.png"));

        JsonNode problem = refused(rig.start("alice", own), 400, code);

        assertThat(problem.path("member").asString()).isEqualTo(member);
        assertThat(problem.path("expected").asString()).isNotBlank();
        assertThat(problem.path("detail").asString()).startsWith(member).contains("(expected: ");
        assertThat(rig.fal.requests()).isZero();
        assertThat(rig.origin.requests("/mistaken.png")).isZero();
    }

    @Test
    void imageThatCannotBeFetchedIsTheEndAndNothingIsQueued() {
        rig.origin.on("/gone.png", Behaviours.status(410));
        List<String> urls = rig.pictures(5);
        urls.set(3, rig.origin.url("/gone.png"));

        JsonNode problem = refused(rig.start("alice", request(urls)), 502, "upstream_failed");

        assertThat(problem.path("images").size()).isEqualTo(1);
        assertThat(problem.path("images").path(0).path("index").asInt()).isEqualTo(3);
        assertThat(problem.path("images").path(0).path("url").asString()).isEqualTo(urls.get(3));
        assertThat(problem.path("images").path(0).path("code").asString()).isEqualTo("upstream_status");
        assertThat(rig.fal.requests()).isZero();
    }

    @Test
    void imagesMayBeLeftOutAsLongAsEnoughRemain() {
        rig.origin.on("/gone.png", Behaviours.status(410));
        List<String> urls = rig.pictures(5);
        urls.set(1, rig.origin.url("/gone.png"));

        HttpResponse<byte[]> answer = rig.start("alice", request(urls, "\"onError\":\"skip\""));

        assertThat(answer.statusCode()).as(text(answer)).isEqualTo(202);
        assertThat(json(answer).path("images").asInt()).isEqualTo(4);
        assertThat(json(answer).path("skipped").size()).isEqualTo(1);
        assertThat(json(answer).path("skipped").path(0).path("index").asInt()).isEqualTo(1);
        assertThat(Archives.read(rig.fal.archives().getFirst()))
                .as("pictures alone: a manifest is none")
                .hasSize(4)
                .doesNotContainKey("manifest.json");
    }

    @Test
    void tooFewImagesLeftAreTheEndAndNothingIsQueued() {
        rig.origin.on("/gone.png", Behaviours.status(410));
        List<String> urls = rig.pictures(5);
        urls.set(1, rig.origin.url("/gone.png"));
        urls.set(4, "http://10.0.0.1/");

        JsonNode problem = refused(rig.start("alice", request(urls, "\"onError\":\"skip\"")), 502, "upstream_failed");

        assertThat(problem.path("detail").asString())
                .startsWith("3 of 5 images could be fetched (expected: at least 4)");
        assertThat(problem.path("images")
                        .valueStream()
                        .map(image -> image.path("code").asString()))
                .containsExactly("upstream_status", "blocked_address");
        assertThat(rig.fal.requests()).isZero();
    }

    @Test
    void noImageAtAllIsTheEndAndNothingIsQueued() {
        List<String> urls = Collections.nCopies(4, rig.origin.url("/nowhere.png"));

        JsonNode problem =
                refused(rig.start("alice", request(urls, "\"onError\":\"skip\"")), 502, "no_image_available");

        assertThat(problem.path("images").size()).isEqualTo(4);
        assertThat(rig.fal.requests()).isZero();
    }

    @Test
    void stateIsToldFromTheQueueToTheResult() {
        String path = json(rig.start()).path("statusUrl").asString();

        rig.fal.status(FalStub.state("IN_QUEUE", ",\"queue_position\":3"));
        JsonNode queued = json(get(rig.gateway, "alice", path));
        assertThat(queued.path("status").asString()).isEqualTo("queued");
        assertThat(queued.path("queuePosition").asInt()).isEqualTo(3);
        assertThat(path).endsWith(queued.path("requestId").asString());

        rig.fal.status(FalStub.state("IN_PROGRESS", ""));
        assertThat(json(get(rig.gateway, "alice", path)).path("status").asString())
                .isEqualTo("running");

        rig.fal.status(FalStub.state("COMPLETED", ""));
        rig.fal.result(FalStub.json(200, """
                {"diffusers_lora_file":{"url":"http://example.com/lora.safetensors"},
                 "config_file":{"url":"http://example.com/config.json"}}"""));
        JsonNode completed = json(get(rig.gateway, "alice", path));
        assertThat(completed.path("status").asString()).isEqualTo("completed");
        assertThat(completed.path("weightsUrl").asString()).isEqualTo("http://example.com/lora.safetensors");
        assertThat(completed.path("configUrl").asString()).isEqualTo("http://example.com/config.json");
    }

    @Test
    void failureOfATrainingIsToldInTheProvidersWords() {
        String path = json(rig.start()).path("statusUrl").asString();

        rig.fal.status(FalStub.state("COMPLETED", ",\"error\":\"Out of memory " + FalStub.KEY + "\""));
        JsonNode failed = json(get(rig.gateway, "alice", path));
        assertThat(failed.path("status").asString()).isEqualTo("failed");
        assertThat(failed.path("detail").asString()).isEqualTo("The provider could not train: Out of memory [key]");

        rig.fal.status(FalStub.state("COMPLETED", ""));
        rig.fal.result(
                FalStub.json(422, "{\"detail\":[{\"loc\":[\"body\"],\"msg\":\"No images\",\"type\":\"value\"}]}"));
        JsonNode refusedResult = json(get(rig.gateway, "alice", path));
        assertThat(refusedResult.path("status").asString()).isEqualTo("failed");
        assertThat(refusedResult.path("detail").asString()).endsWith("No images");
    }

    @Test
    void resultThatIsAScriptIsNoResult() {
        String path = json(rig.start()).path("statusUrl").asString();
        rig.fal.status(FalStub.state("COMPLETED", ""));
        rig.fal.result(FalStub.json(200, "{\"diffusers_lora_file\":{\"url\":\"javascript:alert(1)\"}}"));

        refused(get(rig.gateway, "alice", path), 502, "upstream_failed");
    }

    @Test
    void strangersTrainNothing() {
        HttpResponse<byte[]> answer = rig.gateway.post("/api/lora/train", request(rig.pictures(4)));

        refused(answer, 401, "unauthenticated");
        assertThat(rig.origin.requests()).isEmpty();
        assertThat(rig.fal.requests()).isZero();
    }

    @Test
    void stateIsNobodyElses() {
        rig.fal.status(FalStub.state("IN_PROGRESS", ""));
        String path = json(rig.start()).path("statusUrl").asString();
        int before = rig.fal.requests();

        refused(get(rig.gateway, "bob", path), 404, "not_found");
        refused(get(rig.gateway, "alice", path + "x"), 404, "not_found");
        refused(get(rig.gateway, "alice", "/api/lora/train/" + FalStub.ID), 404, "not_found");
        refused(
                get(rig.gateway, "alice", "/api/lora/train/other" + path.substring(path.indexOf('.'))),
                404,
                "not_found");
        refused(rig.gateway.send(HttpRequest.newBuilder(rig.gateway.uri(path))), 401, "unauthenticated");
        assertThat(rig.fal.requests()).isEqualTo(before);
        assertThat(get(rig.gateway, "alice", path).statusCode()).isEqualTo(200);
    }

    @Test
    void stateSurvivesARestart() {
        rig.fal.status(FalStub.state("IN_PROGRESS", ""));
        String path = json(rig.start()).path("statusUrl").asString();

        try (RunningGateway another = rig.restarted()) {
            assertThat(json(get(another, "alice", path)).path("status").asString())
                    .isEqualTo("running");
            refused(get(another, "bob", path), 404, "not_found");
        }
    }
}
