package dev.sluice.gateway.feature.gallery;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.testing.Behaviours;
import dev.sluice.gateway.testing.NoLeaks;
import dev.sluice.gateway.testing.ReplicateStub;
import dev.sluice.gateway.testing.RunningGateway;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** A provider that is waited for until the deadline, which is soon here: nothing else is to be done within it. */
@ExtendWith(NoLeaks.class)
class ProviderDeadlineTest {
    @TempDir
    private Path data;

    private ProviderRig rig;
    private RunningGateway gateway;
    private GalleryClient alice;

    @BeforeEach
    void start() {
        rig = new ProviderRig(data);
        gateway = rig.gateway(Map.of("sluice.gallery.generation.deadline", "5s"));
        alice = GalleryClient.alice(gateway::uri);
    }

    @AfterEach
    void stop() {
        Holdings.assertIdle(gateway, rig.work());
        assertThat(Holdings.settled(gateway).objects()).isEmpty();
        gateway.close();
        rig.close();
    }

    private void assertTimedOut(String prompt) {
        JsonNode image = alice.ended(alice.ordered(prompt));
        assertThat(image.required("status").stringValue()).isEqualTo("failed");
        assertThat(image.at("/error/code").stringValue()).as(image.toString()).isEqualTo("timed_out");
        assertThat(image.at("/error/detail").stringValue()).isNotBlank();
        assertThat(image.has("url")).isFalse();
    }

    @Test
    void predictionThatHangsForEverIsCancelledAtTheDeadline() {
        rig.provider.look(ReplicateStub.state("processing"));

        assertTimedOut("for ever");

        assertThat(rig.provider.cancellations()).isEqualTo(1);
    }

    @Test
    void providerThatNeverAnswersHoldsNoWorkerBeyondTheDeadline() {
        rig.provider.create(Behaviours.silent());

        assertTimedOut("silence");

        assertThat(rig.provider.creations()).hasSize(1);
    }
}
