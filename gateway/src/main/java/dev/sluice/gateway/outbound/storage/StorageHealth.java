package dev.sluice.gateway.outbound.storage;

import java.util.Map;
import java.util.function.Supplier;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.ReactiveHealthIndicator;
import reactor.core.publisher.Mono;

/**
 * Whether objects can be stored. It is part of {@code /actuator/health} and not of readiness: what needs no store goes
 * on without one, and one outage must not take every instance out of its load balancer at once.
 */
final class StorageHealth implements ReactiveHealthIndicator {
    private final Map<String, Object> identity;
    private final Supplier<Map<String, Object>> details;
    private final Supplier<Mono<Void>> probe;

    /**
     * @param identity which store it is
     * @param details what else is known of it
     * @param probe fails when the store cannot be used
     */
    StorageHealth(Map<String, Object> identity, Supplier<Map<String, Object>> details, Supplier<Mono<Void>> probe) {
        this.identity = identity;
        this.details = details;
        this.probe = probe;
    }

    @Override
    public Mono<Health> health() {
        return probe.get()
                .then(Mono.fromSupplier(() -> Health.up()
                        .withDetails(identity)
                        .withDetails(details.get())
                        .build()))
                .onErrorResume(
                        StorageException.class,
                        failure -> Mono.just(Health.down()
                                .withDetails(identity)
                                .withDetail("failure", failure.kind().code())
                                .withDetails(details.get())
                                .build()));
    }
}
