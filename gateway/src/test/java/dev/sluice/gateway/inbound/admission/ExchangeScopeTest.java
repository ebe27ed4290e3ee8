package dev.sluice.gateway.inbound.admission;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.contract.RequestContext;
import dev.sluice.gateway.contract.RequestUsage;
import dev.sluice.limits.Permit;
import dev.sluice.limits.Usage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.mock.http.server.reactive.MockServerHttpRequest;
import org.springframework.mock.web.server.MockServerWebExchange;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;
import reactor.test.scheduler.VirtualTimeScheduler;

/** A permit is settled when its exchange ends, however it ends, and renewed until then. */
class ExchangeScopeTest {
    private static final Map<String, String> UNITS =
            Map.of("bytes-hour", RequestUsage.BYTES, "calls-hour", RequestUsage.CALLS);

    private final MockServerWebExchange exchange = MockServerWebExchange.from(MockServerHttpRequest.get("/"));
    private final Recorded permit = new Recorded();
    private VirtualTimeScheduler time;

    /** Remembers what it was told. */
    private static final class Recorded implements Permit {
        private final List<Usage> settled = new ArrayList<>();
        private int renewed;

        @Override
        public Mono<Void> settle(Usage usage) {
            return Mono.fromRunnable(() -> settled.add(usage));
        }

        @Override
        public Optional<Duration> renewalPeriod() {
            return Optional.of(Duration.ofSeconds(15));
        }

        @Override
        public Mono<Void> renew() {
            return Mono.fromRunnable(() -> renewed++);
        }
    }

    @BeforeEach
    void stopTheClock() {
        time = VirtualTimeScheduler.getOrSet();
    }

    @AfterEach
    void startTheClock() {
        VirtualTimeScheduler.reset();
    }

    private Mono<Void> filtered(Mono<Void> answer) {
        return Mono.defer(() -> ExchangeScope.around(
                exchange,
                () -> Mono.fromRunnable(() -> ExchangeScope.register(exchange, permit, UNITS))
                        .then(answer)));
    }

    @Test
    void completedExchangeIsSettledByWhatItUsed() {
        Mono<Void> answer =
                Mono.fromRunnable(() -> RequestContext.of(exchange).usage().send(42));
        StepVerifier.create(filtered(answer)).verifyComplete();
        assertThat(permit.settled).containsExactly(new Usage(Map.of("bytes-hour", 42L, "calls-hour", 0L)));
    }

    @Test
    void failedExchangeIsSettledAndItsErrorGoesOn() {
        StepVerifier.create(filtered(Mono.error(new IllegalStateException("failed"))))
                .verifyErrorMessage("failed");
        assertThat(permit.settled).hasSize(1);
    }

    @Test
    void cancelledExchangeIsSettled() {
        Disposable running = filtered(Mono.never()).subscribe();
        assertThat(permit.settled).isEmpty();
        running.dispose();
        assertThat(permit.settled).hasSize(1);
    }

    @Test
    void permitIsRenewedUntilTheExchangeEndsAndNotAfter() {
        Disposable running = filtered(Mono.never()).subscribe();
        time.advanceTimeBy(Duration.ofSeconds(50));
        assertThat(permit.renewed).isEqualTo(3);
        running.dispose();
        time.advanceTimeBy(Duration.ofMinutes(5));
        assertThat(permit.renewed).isEqualTo(3);
    }

    @Test
    void permitThatComesAfterTheEndIsSettledAtOnceAndNeverRenewed() {
        StepVerifier.create(ExchangeScope.around(exchange, Mono::empty)).verifyComplete();
        ExchangeScope.register(exchange, permit, UNITS);
        assertThat(permit.settled).hasSize(1);
        time.advanceTimeBy(Duration.ofMinutes(5));
        assertThat(permit.renewed).isZero();
    }

    @Test
    void exchangeWithoutAPermitHasNothingToSettle() {
        StepVerifier.create(ExchangeScope.around(exchange, Mono::empty)).verifyComplete();
        assertThat(permit.settled).isEmpty();
    }
}
