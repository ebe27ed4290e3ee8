package dev.sluice.gateway.outbound.health;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.springframework.boot.health.contributor.Health;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.test.scheduler.VirtualTimeScheduler;

class RecentHealthTest {
    @Test
    void dependencyIsAskedOnceASecondHoweverOftenItsHealthIsAskedFor() {
        VirtualTimeScheduler time = VirtualTimeScheduler.getOrSet();
        try {
            AtomicInteger asked = new AtomicInteger();
            RecentHealth health = new RecentHealth(() -> Mono.fromSupplier(() -> asked.incrementAndGet() == 1
                    ? Health.down().build()
                    : Health.up().build()));

            for (int i = 0; i < 100; i++) {
                assertThat(health.health().block()).isEqualTo(Health.down().build());
            }
            assertThat(asked).hasValue(1);

            time.advanceTimeBy(Duration.ofSeconds(1));
            assertThat(health.health().block()).isEqualTo(Health.up().build());
            assertThat(asked).hasValue(2);
        } finally {
            VirtualTimeScheduler.reset();
        }
    }

    @Test
    void dependencyThatDoesNotAnswerIsDownUntilItDoesAndIsNotAskedAgainMeanwhile() {
        VirtualTimeScheduler time = VirtualTimeScheduler.getOrSet();
        try {
            AtomicInteger asked = new AtomicInteger();
            Sinks.One<Health> answer = Sinks.one();
            RecentHealth health = new RecentHealth(() -> Mono.defer(() -> {
                asked.incrementAndGet();
                return answer.asMono();
            }));

            for (int i = 0; i < 3; i++) {
                Mono<Health> seen = health.health().cache();
                seen.subscribe();
                time.advanceTimeBy(Duration.ofSeconds(3));
                assertThat(seen.block())
                        .isEqualTo(Health.down()
                                .withDetail("reason", "no answer within 3 s")
                                .build());
            }
            answer.tryEmitValue(Health.up().build()).orThrow();

            assertThat(health.health().block()).isEqualTo(Health.up().build());
            assertThat(asked).hasValue(1);
        } finally {
            VirtualTimeScheduler.reset();
        }
    }
}
