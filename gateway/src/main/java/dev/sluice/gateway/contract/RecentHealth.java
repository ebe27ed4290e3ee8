package dev.sluice.gateway.contract;

import java.time.Duration;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.ReactiveHealthIndicator;
import reactor.core.publisher.Mono;

/** What a dependency's health was at most a second ago: whoever asks for it often does not make it work for that. */
public final class RecentHealth implements ReactiveHealthIndicator {
    private static final Duration RECENT = Duration.ofSeconds(1);

    private final Mono<Health> health;

    /** Asks {@code indicator}, once for all who ask at the same time. */
    public RecentHealth(ReactiveHealthIndicator indicator) {
        this.health = Mono.defer(indicator::health).cache(RECENT);
    }

    @Override
    public Mono<Health> health() {
        return health;
    }
}
