package dev.sluice.limits;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class StandingTest {

    @Test
    void numbersThatCanBeTrueAreKept() {
        Standing standing = new Standing("ip", 30, 0, Duration.ofSeconds(60));

        assertThat(standing.remaining()).isZero();
        assertThat(standing.resetsIn()).isEqualTo(Duration.ofSeconds(60));
    }

    @Test
    void numbersThatCannotBeTrueAreNamed() {
        assertThatThrownBy(() -> new Standing("ip", 30, 31, Duration.ZERO))
                .hasMessage("remaining: 31 (expected: 0 to 30)");
        assertThatThrownBy(() -> new Standing("ip", 0, 0, Duration.ZERO)).hasMessageStartingWith("capacity: 0");
        assertThatThrownBy(() -> new Standing(" ", 1, 1, Duration.ZERO)).hasMessageStartingWith("limit: blank");
        assertThatThrownBy(() -> new Standing("ip", 1, 1, Duration.ofSeconds(-1)))
                .hasMessageStartingWith("resetsIn: PT-1S");
    }
}
