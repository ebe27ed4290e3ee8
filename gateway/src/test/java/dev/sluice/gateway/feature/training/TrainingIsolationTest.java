package dev.sluice.gateway.feature.training;

import static dev.sluice.gateway.feature.training.TrainingRig.PICTURE;
import static dev.sluice.gateway.feature.training.TrainingRig.json;
import static dev.sluice.gateway.feature.training.TrainingRig.refused;
import static dev.sluice.gateway.feature.training.TrainingRig.request;
import static dev.sluice.gateway.feature.training.TrainingRig.text;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Archives;
import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.FaultyFetch;
import dev.sluice.gateway.testing.NoLeaks;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;

/** Whatever goes wrong with one image, a training is set up without it, or is told which one it was. */
@ExtendWith(NoLeaks.class)
class TrainingIsolationTest {
    private static TrainingRig rig;

    @BeforeAll
    static void start(@TempDir Path directory) {
        rig = new TrainingRig(directory.resolve("spool"), FaultyFetch.Setup.class);
        for (FaultyFetch.Step step : FaultyFetch.Step.values()) {
            rig.origin.on(step.of("/a.png"), Behaviours.image(PICTURE));
        }
    }

    @AfterAll
    static void stop() {
        rig.close();
    }

    @AfterEach
    void everythingReservedComesBack() {
        rig.assertEverythingIsFree();
    }

    private static List<String> urls(FaultyFetch.Step step) {
        List<String> urls = rig.pictures(5);
        urls.set(2, step.of(urls.getFirst()));
        return urls;
    }

    @ParameterizedTest
    @EnumSource
    void stepThatThrowsCostsItsImageAlone(FaultyFetch.Step step) {
        HttpResponse<byte[]> answer = rig.start("alice", request(urls(step), "\"onError\":\"skip\""));

        assertThat(answer.statusCode()).as(text(answer)).isEqualTo(202);
        assertThat(json(answer).path("images").asInt()).isEqualTo(4);
        assertThat(json(answer).path("skipped").path(0).path("index").asInt()).isEqualTo(2);
        assertThat(Archives.read(rig.fal.archives().getLast())).hasSize(4);
    }

    @ParameterizedTest
    @EnumSource
    void trainingThatIsToHaveAllImagesIsRefusedForIt(FaultyFetch.Step step) {
        int orders = rig.fal.orders().size();

        JsonNode problem = refused(rig.start("alice", request(urls(step))), 502, "upstream_failed");

        assertThat(problem.path("images").path(0).path("index").asInt()).isEqualTo(2);
        assertThat(rig.fal.orders()).hasSize(orders);
    }
}
