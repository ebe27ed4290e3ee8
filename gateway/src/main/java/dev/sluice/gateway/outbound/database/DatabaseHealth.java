package dev.sluice.gateway.outbound.database;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.ReactiveHealthIndicator;
import reactor.core.publisher.Mono;

/**
 * Whether the database answers and takes changes, which a standby does not; with the SQLSTATE where there is one. It is
 * part of {@code /actuator/health} and not of readiness: without it the gateway still serves what needs none, and one
 * outage must not take every instance out of its load balancer at once.
 */
final class DatabaseHealth implements ReactiveHealthIndicator {
    private final Database database;

    DatabaseHealth(Database database) {
        this.database = database;
    }

    @Override
    public Mono<Health> health() {
        return database.takesChanges()
                .map(isPrimary -> isPrimary
                        ? Health.up().build()
                        : refused(Health.down(), DatabaseErrors.READ_ONLY, "it takes no changes"))
                .onErrorResume(
                        DatabaseException.class,
                        error -> Mono.just(refused(
                                Health.down(error), DatabaseErrors.state(error), DatabaseErrors.reason(error))));
    }

    private static Health refused(Health.Builder health, @Nullable String state, String reason) {
        health.withDetail("reason", reason);
        return (state == null ? health : health.withDetail("refusal", state)).build();
    }
}
