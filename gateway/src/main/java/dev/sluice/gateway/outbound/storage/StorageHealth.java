package dev.sluice.gateway.outbound.storage;

import java.util.function.Supplier;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.ReactiveHealthIndicator;
import reactor.core.publisher.Mono;

/**
 * Whether objects can be stored. It is part of {@code /actuator/health} and not of readiness: what needs no store goes
 * on without one, and one outage must not take every instance out of its load balancer at once.
 */
final class StorageHealth implements ReactiveHealthIndicator {
    private final String kind;
    private final Supplier<Mono<Void>> probe;

    /** {@code probe} fails when the store cannot be used. */
    StorageHealth(String kind, Supplier<Mono<Void>> probe) {
        this.kind = kind;
        this.probe = probe;
    }

    @Override
    public Mono<Health> health() {
        return probe.get()
                .then(Mono.fromSupplier(
                        () -> Health.up().withDetail("kind", kind).build()))
                .onErrorResume(
                        StorageException.class,
                        failure -> Mono.just(Health.down()
                                .withDetail("kind", kind)
                                .withDetail("failure", failure.kind().code())
                                .build()));
    }
}
