package dev.sluice.gateway.outbound.link;

import dev.sluice.gateway.outbound.redis.SharedRedis;
import java.time.Clock;
import org.jspecify.annotations.Nullable;

/** Chooses where links are stored: in Redis where there is one, else in this process. */
public final class LinkFactory {

    private LinkFactory() {}

    /**
     * Links of one kind, stored apart from those of others.
     *
     * @param kind begins the keys in Redis
     * @param redis shared by all gateways; null for links of this process alone
     */
    public static <T> Links<T> create(
            String kind, Links.Format<T> format, Links.Bounds bounds, @Nullable SharedRedis redis, Clock clock) {
        return redis == null
                ? new MemoryLinks<>(format, bounds, clock)
                : new RedisLinks<>(redis, kind, format, bounds, clock);
    }
}
