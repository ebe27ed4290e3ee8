package dev.sluice.gateway.outbound.redis;

import io.lettuce.core.ScriptOutputType;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.ReactiveHealthIndicator;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Whether Redis does what the gateway needs, on each of its connections: it runs a script that writes a key, in a
 * cluster on every master. A replica, a full Redis and one that forbids it answer a PING all the same. It is told by
 * {@code /actuator/health} and is no part of readiness: without Redis the gateway still serves what it may, and one
 * outage must not take every instance out of its load balancer at once.
 */
final class RedisHealth implements ReactiveHealthIndicator {
    /** The name of {@link SharedRedis} among the connections. */
    private static final String LINKS = "links";

    private static final String SCRIPT = "redis.call('SET', KEYS[1], '1', 'PX', ARGV[1]) return 1";
    private static final String TTL_MILLIS = Long.toString(Duration.ofMinutes(1).toMillis());
    /** What an error of Redis begins with; of a script, before Redis 7, it stands within. */
    private static final Pattern CODE =
            Pattern.compile("\\b(READONLY|MOVED|CLUSTERDOWN|NOPERM|NOAUTH|WRONGPASS|OOM|MISCONF|LOADING)\\b");

    private final SharedRedis redis;
    private final List<OtherConnection> others;

    RedisHealth(SharedRedis redis, List<OtherConnection> others) {
        this.redis = redis;
        this.others = List.copyOf(others);
    }

    @Override
    public Mono<Health> health() {
        Flux<Faults> asked = Flux.fromIterable(others)
                .flatMap(other -> other.faults().map(faults -> new Faults(other.name(), faults, Optional.empty())));
        return Flux.concat(own(), asked)
                .filter(found -> !found.texts.isEmpty())
                .collectList()
                .map(this::health);
    }

    /** What is wrong on one connection. */
    private record Faults(String connection, List<String> texts, Optional<RedisUnavailableException> error) {}

    private Mono<Faults> own() {
        String[] keys = {redis.key("health")};
        return redis.ask(commands -> commands.eval(SCRIPT, ScriptOutputType.INTEGER, keys, TTL_MILLIS)
                        .next())
                .doOnNext(_ -> redis.warnOfEviction())
                .map(_ -> new Faults(LINKS, List.of(), Optional.empty()))
                .onErrorResume(
                        RedisUnavailableException.class,
                        error -> Mono.just(new Faults(
                                LINKS,
                                List.of(LINKS + ": " + RedisUnavailableException.reason(error)),
                                Optional.of(error))));
    }

    private Health health(List<Faults> all) {
        if (all.isEmpty()) {
            return Health.up().build();
        }
        Health.Builder health = Health.down();
        List<String> texts = new ArrayList<>();
        for (Faults faults : all) {
            texts.addAll(faults.texts);
            faults.error.ifPresent(health::withException);
        }
        health.withDetail("connections", all.stream().map(Faults::connection).toList());
        health.withDetail("faults", texts);
        Matcher code = CODE.matcher(String.join("\n", texts));
        if (code.find()) {
            health.withDetail("refusal", code.group());
            redis.settingBehind(code.group()).ifPresent(setting -> health.withDetail("setting", setting));
        }
        return health.build();
    }
}
