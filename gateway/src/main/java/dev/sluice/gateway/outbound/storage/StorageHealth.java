package dev.sluice.gateway.outbound.storage;

import java.util.Map;
import java.util.function.Supplier;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.ReactiveHealthIndicator;
import reactor.core.publisher.Mono;

/**
 * Whether objects can be stored: the store is there, and took the last object. It is part of {@code /actuator/health}
 * and not of readiness: what needs no store goes on without one, and one outage must not take every instance out of its
 * load balancer at once.
 */
final class StorageHealth implements ReactiveHealthIndicator {
    private final Map<String, Object> identity;
    private final Supplier<Map<String, Object>> details;
    private final Supplier<Mono<Void>> probe;
    private final LastWrite lastWrite;

    /**
     * @param identity which store it is
     * @param details what else is known of it
     * @param probe fails when the store cannot be used
     * @param lastWrite whether it takes objects
     */
    StorageHealth(
            Map<String, Object> identity,
            Supplier<Map<String, Object>> details,
            Supplier<Mono<Void>> probe,
            LastWrite lastWrite) {
        this.identity = identity;
        this.details = details;
        this.probe = probe;
        this.lastWrite = lastWrite;
    }

    @Override
    public Mono<Health> health() {
        return probe.get()
                .then(Mono.defer(lastWrite::refusal))
                .map(this::takesNothing)
                .switchIfEmpty(Mono.fromSupplier(() -> Health.up()
                        .withDetails(identity)
                        .withDetails(details.get())
                        .build()))
                .onErrorResume(
                        StorageException.class,
                        failure -> Mono.just(
                                down(failure.kind()).withDetails(details.get()).build()));
    }

    private Health takesNothing(LastWrite.Refusal refusal) {
        Health.Builder down = down(refusal.kind()).withDetail("at", refusal.at().toString());
        return (refusal.words().isEmpty()
                        ? down.withDetail("operation", "put")
                        : down.withDetail("reason", refusal.words()))
                .withDetails(details.get())
                .build();
    }

    private Health.Builder down(StorageException.Kind kind) {
        return Health.down().withDetails(identity).withDetail("failure", kind.code());
    }
}
