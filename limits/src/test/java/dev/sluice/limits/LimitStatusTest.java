package dev.sluice.limits;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class LimitStatusTest {

    @Test
    void numbersThatCanBeTrueAreKept() {
        LimitStatus status = new LimitStatus("ip", 30, 0, Duration.ofSeconds(60));

        assertThat(status.remaining()).isZero();
        assertThat(status.resetsIn()).isEqualTo(Duration.ofSeconds(60));
    }

    @Test
    void numbersThatCannotBeTrueAreNamed() {
        assertThatThrownBy(() -> new LimitStatus("ip", 30, 31, Duration.ZERO))
                .hasMessage("remaining: 31 (expected: 0 to 30)");
        assertThatThrownBy(() -> new LimitStatus("ip", 0, 0, Duration.ZERO)).hasMessageStartingWith("capacity: 0");
        assertThatThrownBy(() -> new LimitStatus(" ", 1, 1, Duration.ZERO)).hasMessageStartingWith("limit: blank");
        assertThatThrownBy(() -> new LimitStatus("ip", 1, 1, Duration.ofSeconds(-1)))
                .hasMessageStartingWith("resetsIn: PT-1S");
    }
}
