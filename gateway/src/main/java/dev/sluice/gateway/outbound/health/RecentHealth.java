package dev.sluice.gateway.outbound.health;

import java.time.Duration;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.ReactiveHealthIndicator;
import reactor.core.publisher.Mono;

/**
 * What a dependency's health was at most a second ago: whoever asks for it often does not make it work for that. A
 * dependency that does not answer within 3 seconds is down until it does, since who asks waits no longer either; it is
 * not asked a second time meanwhile.
 */
public final class RecentHealth implements ReactiveHealthIndicator {
    private static final Duration RECENT = Duration.ofSeconds(1);
    private static final Duration LONGEST_ANSWER = Duration.ofSeconds(3);
    private static final Health LATE = Health.down()
            .withDetail("reason", "no answer within " + LONGEST_ANSWER.toSeconds() + " s")
            .build();

    private final Mono<Health> health;

    /** Asks {@code indicator}, once for all who ask at the same time. */
    public RecentHealth(ReactiveHealthIndicator indicator) {
        // The timeout ends the wait alone: what has been asked goes on, and is there for the next who asks.
        this.health = Mono.defer(indicator::health).cache(RECENT).timeout(LONGEST_ANSWER, Mono.just(LATE));
    }

    @Override
    public Mono<Health> health() {
        return health;
    }
}
