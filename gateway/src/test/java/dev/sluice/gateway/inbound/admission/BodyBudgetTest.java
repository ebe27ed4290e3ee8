package dev.sluice.gateway.inbound.admission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNoException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import org.junit.jupiter.api.Test;
import org.springframework.util.unit.DataSize;

class BodyBudgetTest {
    private static final long MEGABYTE = 1024 * 1024;

    private final BodyBudget memory = new BodyBudget(DataSize.ofMegabytes(8));

    private static ProblemCode refusal(BodyBudget.Place place, long bytes) {
        return catchThrowableOfType(GatewayException.class, () -> place.take(bytes))
                .code();
    }

    @Test
    void oneCallersBodiesTakeAQuarterTogether() {
        memory.enter("ip:a").take(MEGABYTE);
        BodyBudget.Place second = memory.enter("ip:a");
        second.take(MEGABYTE);

        assertThat(refusal(memory.enter("ip:a"), 1)).isEqualTo(ProblemCode.RATE_LIMITED);
        assertThatNoException().isThrownBy(() -> memory.enter("ip:b").take(2 * MEGABYTE));

        second.close();
        second.close();
        assertThatNoException().isThrownBy(() -> memory.enter("ip:a").take(MEGABYTE));
    }

    @Test
    void allCallersTakeAllOfItAndNoMore() {
        for (int caller = 0; caller < 4; caller++) {
            memory.enter("ip:" + caller).take(2 * MEGABYTE);
        }

        assertThat(refusal(memory.enter("ip:other"), 1)).isEqualTo(ProblemCode.OVERLOADED);
        assertThat(memory.reserved()).isEqualTo(8 * MEGABYTE);
    }

    @Test
    void whatComesAfterTheEndTakesNothing() {
        BodyBudget.Place place = memory.enter("ip:a");
        place.take(MEGABYTE);
        place.close();
        place.take(MEGABYTE);

        assertThat(memory.reserved()).isZero();
    }

    @Test
    void shareHasRoomForTheLargestBody() {
        assertThatNoException()
                .isThrownBy(() ->
                        new BodyBudget(DataSize.ofMegabytes(1)).enter("ip:a").take(MEGABYTE));
    }
}
