package dev.sluice.gateway.feature.training;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A training is its caller's or is abandoned: never both, never neither. */
class DeliveryTest {
    private final List<String> abandoned = new ArrayList<>();
    private final Delivery delivery = new Delivery(id -> abandoned.add(id.value()));

    @Test
    void trainingThatItsCallerWasToldOfIsNotAbandoned() {
        delivery.queued("a");
        delivery.answered();
        delivery.ended();

        assertThat(abandoned).isEmpty();
    }

    @Test
    void trainingWhoseRequestEndsBeforeItsAnswerIsAbandonedOnce() {
        delivery.queued("a");
        delivery.ended();
        delivery.ended();

        assertThat(abandoned).containsExactly("a");
    }

    @Test
    void trainingThatIsQueuedWhenItsRequestHasEndedIsAbandoned() {
        delivery.ended();
        delivery.queued("a");

        assertThat(abandoned).containsExactly("a");
    }

    @Test
    void requestThatEndsWithoutATrainingAbandonsNone() {
        delivery.ended();

        assertThat(abandoned).isEmpty();
    }
}
