package dev.sluice.gateway.outbound.redis;

import io.lettuce.core.api.reactive.RedisReactiveCommands;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.ReactiveHealthIndicator;
import reactor.core.publisher.Mono;

/**
 * Whether Redis answers. It is told by {@code /actuator/health} and is no part of readiness: without Redis the gateway
 * still serves what it may, and one outage must not take every instance out of its load balancer at once.
 */
final class RedisHealth implements ReactiveHealthIndicator {
    private final SharedRedis redis;

    RedisHealth(SharedRedis redis) {
        this.redis = redis;
    }

    @Override
    public Mono<Health> health() {
        return redis.ask(RedisReactiveCommands::ping)
                .map(_ -> Health.up().build())
                .onErrorResume(
                        RedisUnavailableException.class,
                        error -> Mono.just(Health.down(error).build()));
    }
}
