package dev.sluice.gateway.outbound.link;

import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.outbound.redis.SharedRedis;
import java.time.Clock;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * Where contents wait behind links. Full means full: a new link is refused rather than another caller's evicted, or
 * anyone could end other people's downloads by asking for many of their own.
 */
public interface Links<T> {

    /**
     * Keeps {@code content} behind a new link that cannot be guessed.
     *
     * @return the link, or an {@code overloaded} error when there is no room
     */
    Mono<Link<T>> keep(T content);

    /**
     * The link of a token, or empty when there is none or it has expired. In one process it is the same object every
     * time.
     */
    Mono<Link<T>> find(String token);

    /**
     * How much is kept, and for how long.
     *
     * @param ttl how long a link can be used
     * @param capacity weight of all contents together
     */
    record Bounds(Duration ttl, long capacity) {

        GatewayException full() {
            return new GatewayException(ProblemCode.OVERLOADED, "No room for another link at present.").retryAfter(ttl);
        }
    }

    /**
     * Links of a kind that no other has.
     *
     * @param kind begins the keys in Redis
     * @param redis shared by all gateways; null for links of this process alone
     */
    static <T> Links<T> of(String kind, LinkFormat<T> format, Bounds bounds, @Nullable SharedRedis redis, Clock clock) {
        return redis == null
                ? new MemoryLinks<>(format, bounds, clock)
                : new RedisLinks<>(redis, kind, format, bounds, clock);
    }
}
