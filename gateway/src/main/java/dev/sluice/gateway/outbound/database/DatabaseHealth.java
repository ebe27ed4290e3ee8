package dev.sluice.gateway.outbound.database;

import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.ReactiveHealthIndicator;
import reactor.core.publisher.Mono;

/**
 * Whether the database answers. It is part of {@code /actuator/health} and not of readiness: without it the gateway
 * still serves what needs none, and one outage must not take every instance out of its load balancer at once.
 */
final class DatabaseHealth implements ReactiveHealthIndicator {
    private final Database database;

    DatabaseHealth(Database database) {
        this.database = database;
    }

    @Override
    public Mono<Health> health() {
        return database.query(
                        client -> client.sql("SELECT 1").fetch().rowsUpdated().thenReturn(true))
                .map(_ -> Health.up().build())
                .onErrorResume(
                        DatabaseException.class,
                        error -> Mono.just(Health.down(error).build()));
    }
}
