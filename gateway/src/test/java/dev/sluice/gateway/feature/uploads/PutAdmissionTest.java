package dev.sluice.gateway.feature.uploads;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.outbound.spool.DiskBudget;
import dev.sluice.gateway.outbound.storage.ObjectKey;
import dev.sluice.zipstream.MinimumRate;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Who may put what at a time, and for how long. */
class PutAdmissionTest {
    private final PutAdmission admission = new PutAdmission(new DiskBudget(100, 60));

    private static ObjectKey key(String owner) {
        return ObjectKey.image(owner, Instant.EPOCH, UUID.randomUUID(), "png");
    }

    private static void assertRefused(ThrowingCallable put, ProblemCode code) {
        assertThatThrownBy(put)
                .isInstanceOfSatisfying(
                        GatewayException.class,
                        refused -> assertThat(refused.code()).isEqualTo(code));
    }

    @Test
    void oneOfAKeyAndNoMoreThanAShareAndAllThereIs() {
        ObjectKey first = key("alice");
        PutAdmission.Place place = admission.admit(first, 60);

        assertRefused(() -> admission.admit(first, 1), ProblemCode.CONFLICT);
        assertRefused(() -> admission.admit(key("alice"), 1), ProblemCode.TOO_MANY_CONCURRENT);
        assertRefused(() -> admission.admit(key("bob"), 41), ProblemCode.OVERLOADED);
        admission.admit(key("bob"), 40);

        place.close();
        place.close();
        admission.admit(first, 60);
        assertRefused(() -> admission.admit(key("carol"), 1), ProblemCode.OVERLOADED);
    }

    @ParameterizedTest
    @CsvSource({"1, PT30S", "16384, PT31S", "1048576, PT1M34S", "10485760, PT10M"})
    void timeOfAnUploadFollowsItsSize(long bytes, Duration expected) {
        MinimumRate slowest = new MinimumRate(16 * 1024, Duration.ofSeconds(30));

        assertThat(TicketRoutes.deadline(bytes, slowest, Duration.ofMinutes(10)))
                .isEqualTo(expected);
    }
}
