package dev.sluice.gateway.feature.training;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A training is its caller's or is abandoned: never both, never neither. */
class TrainingOwnershipTest {
    private final List<String> abandoned = new ArrayList<>();
    private final TrainingOwnership ownership = new TrainingOwnership(id -> abandoned.add(id.value()));

    @Test
    void trainingThatItsCallerWasToldOfIsNotAbandoned() {
        ownership.queued("a");
        ownership.answered();
        ownership.ended();

        assertThat(abandoned).isEmpty();
    }

    @Test
    void trainingWhoseRequestEndsBeforeItsAnswerIsAbandonedOnce() {
        ownership.queued("a");
        ownership.ended();
        ownership.ended();

        assertThat(abandoned).containsExactly("a");
    }

    @Test
    void trainingThatIsQueuedWhenItsRequestHasEndedIsAbandoned() {
        ownership.ended();
        ownership.queued("a");

        assertThat(abandoned).containsExactly("a");
    }

    @Test
    void requestThatEndsWithoutATrainingAbandonsNone() {
        ownership.ended();

        assertThat(abandoned).isEmpty();
    }
}
