package dev.sluice.gateway.feature.gallery;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.GatewayApplication;
import dev.sluice.gateway.testing.Await;
import dev.sluice.gateway.testing.GatewayProcess;
import dev.sluice.gateway.testing.ReplicateStub;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What an operator's alerts can be made from: events with fields, not text alone. In a process with a log of its own.
 */
class GenerationLogTest {
    private static final List<String> FLAGS = List.of("-Xmx200m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC");

    @TempDir
    private Path data;

    @Test
    void failedGenerationsAndRejectedPromptsAreEventsWithFields() {
        try (ReplicateStub provider = ReplicateStub.start();
                GatewayProcess gateway = GatewayProcess.start(
                        GatewayApplication.class,
                        FLAGS,
                        Map.of(
                                "logging.structured.format.console",
                                "ecs",
                                "sluice.gallery.generation.provider",
                                "replicate",
                                "sluice.gallery.generation.api-token",
                                ReplicateStub.TOKEN,
                                "sluice.gallery.generation.base-url",
                                provider.baseUrl(),
                                "sluice.gallery.generation.model",
                                ReplicateStub.MODEL,
                                "sluice.gallery.generation.forbidden-terms",
                                "bloodbath"),
                        data.resolve("log"))) {
            GalleryClient alice = GalleryClient.alice(gateway::uri);
            provider.create(ReplicateStub.error(401, "You did not pass a valid token"));

            String path = alice.ordered("no token");
            alice.ended(path);
            assertThat(alice.ordering("a bloodbath").statusCode()).isEqualTo(422);

            JsonNode failed = event(gateway, "image generation failed");
            assertThat(failed.at("/log/level").asString("none")).isEqualTo("ERROR");
            assertThat(failed.at("/image/id").asString("none")).isEqualTo(path.substring(path.lastIndexOf('/') + 1));
            assertThat(failed.at("/user/id").asString("none")).isEqualTo("user:alice");
            assertThat(failed.at("/failure/code").asString("none")).isEqualTo("refused");
            assertThat(failed.path("message").asString("none")).contains("You did not pass a valid token");
            assertThat(failed.at("/error/stack_trace").isMissingNode())
                    .as("it is no defect")
                    .isTrue();
            JsonNode rejected = event(gateway, "bloodbath");
            assertThat(rejected.at("/log/level").asString("none")).isEqualTo("WARN");
            assertThat(rejected.at("/user/id").asString("none")).isEqualTo("user:alice");
            assertThat(rejected.at("/prompt/term").asString("none")).isEqualTo("bloodbath");
        }
    }

    @Test
    void plainLogHasTheSameFields() {
        try (ReplicateStub provider = ReplicateStub.start();
                GatewayProcess gateway = GatewayProcess.start(
                        GatewayApplication.class,
                        FLAGS,
                        Map.of(
                                "sluice.gallery.generation.provider",
                                "replicate",
                                "sluice.gallery.generation.api-token",
                                ReplicateStub.TOKEN,
                                "sluice.gallery.generation.base-url",
                                provider.baseUrl(),
                                "sluice.gallery.generation.model",
                                ReplicateStub.MODEL),
                        data.resolve("log"))) {
            GalleryClient alice = GalleryClient.alice(gateway::uri);
            provider.look(ReplicateStub.failed("The paint ran out"));

            String path = alice.ordered("a ship");
            JsonNode failed = alice.ended(path);

            String why = "The provider could not make the picture: The paint ran out";
            assertThat(failed.at("/error/detail").asString(failed.toString())).isEqualTo(why);
            String message = "image generation failed: " + why;
            Await.until(
                    GalleryClient.SOON, message, () -> gateway.log().lines().anyMatch(line -> line.contains(message)));
            assertThat(gateway.log().lines().filter(line -> line.contains(message)))
                    .singleElement()
                    .asString()
                    .contains("image.id=\"" + path.substring(path.lastIndexOf('/') + 1) + "\"")
                    .contains("user.id=\"user:alice\"")
                    .contains("failure.code=\"failed\"");
        }
    }

    /** The first that says so. */
    private static JsonNode event(GatewayProcess gateway, String text) {
        Await.until(
                GalleryClient.SOON,
                "an event: " + text,
                () -> !events(gateway, text).isEmpty());
        return events(gateway, text).getFirst();
    }

    private static List<JsonNode> events(GatewayProcess gateway, String text) {
        return gateway.log()
                .lines()
                .filter(line -> line.startsWith("{") && line.endsWith("}"))
                .map(JsonMapper.shared()::readTree)
                .filter(event -> event.path("message").asString("").contains(text))
                .toList();
    }
}
