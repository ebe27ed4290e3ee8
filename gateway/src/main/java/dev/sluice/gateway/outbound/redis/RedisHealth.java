package dev.sluice.gateway.outbound.redis;

import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.ScriptOutputType;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.ReactiveHealthIndicator;
import reactor.core.publisher.Mono;

/**
 * Whether Redis does what limits need: it runs a script that writes a key. A replica, a full Redis and one that forbids
 * it answer a PING all the same. It is told by {@code /actuator/health} and is no part of readiness: without Redis the
 * gateway still serves what it may, and one outage must not take every instance out of its load balancer at once.
 */
final class RedisHealth implements ReactiveHealthIndicator {
    private static final String SCRIPT = "redis.call('SET', KEYS[1], '1', 'PX', ARGV[1]) return 1";
    private static final String TTL_MILLIS = Long.toString(Duration.ofMinutes(1).toMillis());
    /** What an error of Redis begins with; of a script, before Redis 7, it stands within. */
    private static final Pattern CODE =
            Pattern.compile("\\b(READONLY|MOVED|CLUSTERDOWN|NOPERM|NOAUTH|OOM|MISCONF|LOADING)\\b");

    private final SharedRedis redis;

    RedisHealth(SharedRedis redis) {
        this.redis = redis;
    }

    @Override
    public Mono<Health> health() {
        String[] keys = {redis.key("health")};
        return redis.ask(commands -> commands.eval(SCRIPT, ScriptOutputType.INTEGER, keys, TTL_MILLIS)
                        .next())
                .map(_ -> Health.up().build())
                .onErrorResume(RedisUnavailableException.class, error -> Mono.just(down(error)));
    }

    private static Health down(RedisUnavailableException error) {
        Health.Builder health = Health.down(error);
        if (error.getCause() instanceof RedisCommandExecutionException refusal) {
            Matcher code = CODE.matcher(String.valueOf(refusal.getMessage()));
            if (code.find()) {
                health.withDetail("refusal", code.group());
            }
        }
        return health.build();
    }
}
