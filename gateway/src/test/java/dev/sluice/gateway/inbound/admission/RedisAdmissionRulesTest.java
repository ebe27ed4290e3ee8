package dev.sluice.gateway.inbound.admission;

import dev.sluice.gateway.testing.EmbeddedRedis;
import dev.sluice.gateway.testing.ReactiveStreamsRules;
import dev.sluice.limits.Decision;
import dev.sluice.limits.LimiterObserver;
import dev.sluice.limits.Policy;
import dev.sluice.limits.Scope;
import dev.sluice.limits.Subject;
import dev.sluice.limits.TokenBucket;
import dev.sluice.limits.redis.RedisLimiter;
import dev.sluice.limits.redis.RedisLimiterSettings;
import dev.sluice.limits.redis.connection.SilentConnections;
import io.lettuce.core.RedisClient;
import io.lettuce.core.resource.ClientResources;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/**
 * An admission by Redis keeps the rules of Reactive Streams. It has no failure: Redis that is away is a decision too.
 */
class RedisAdmissionRulesTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Policy POLICY =
            new Policy("rules", List.of(TokenBucket.of("all", Scope.SUBJECT, 100_000, Duration.ofMinutes(1))));

    private static EmbeddedRedis redis;
    private static RedisClient client;
    private static RedisLimiter limiter;

    private final AtomicLong requests = new AtomicLong();

    @BeforeAll
    static void start() {
        redis = EmbeddedRedis.start();
        client = RedisClient.create(
                ClientResources.builder()
                        .nettyCustomizer(new SilentConnections(Duration.ofSeconds(30)))
                        .build(),
                redis.url());
        limiter = RedisLimiter.connect(
                client,
                RedisLimiterSettings.defaults().withTimes(Duration.ofSeconds(10), Duration.ofSeconds(5)),
                Clock.systemUTC(),
                Schedulers.parallel(),
                LimiterObserver.NONE);
        limiter.prepare().block(PATIENCE);
    }

    @AfterAll
    static void stop() {
        limiter.close();
        client.shutdown();
        var _ = client.getResources().shutdown();
        redis.close();
    }

    @TestFactory
    Stream<DynamicTest> admissionsKeepTheRules() {
        return ReactiveStreamsRules.of(
                1, elements -> elements == 0 ? admission().filter(decision -> false) : admission(), null);
    }

    private Mono<Decision> admission() {
        return limiter.admit(POLICY, new Subject("alice", "192.0.2.1"), "request-" + requests.incrementAndGet());
    }
}
