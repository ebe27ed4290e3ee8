package dev.sluice.limits.redis;

import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;
import dev.sluice.limits.Decision;
import dev.sluice.limits.FallbackMode;
import dev.sluice.limits.Limit;
import dev.sluice.limits.LimitChecks;
import dev.sluice.limits.LimitStatus;
import dev.sluice.limits.Limiter;
import dev.sluice.limits.LimiterObserver;
import dev.sluice.limits.Policy;
import dev.sluice.limits.Reservation;
import dev.sluice.limits.Subject;
import dev.sluice.limits.local.LocalLimiter;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.SocketOptions;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * Decides with counters that all processes share, in Redis: the buckets of client addresses by bucket4j, everything
 * else by one script. While Redis fails, is slow or has just failed too often, each limit does what its
 * {@link FallbackMode} says.
 *
 * <p>Decisions are emitted on a thread of the Redis client, of the timer, or of the subscriber: switch threads before
 * doing much. Safe for any number of threads.
 */
public final class RedisLimiter implements Limiter, AutoCloseable {
    private static final int MOST_POLICIES = 1000;
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(2);

    private final RedisLimiterSettings settings;
    private final Scheduler timer;
    private final ScriptExecutor redis;
    private final Admissions admissions;
    private final RedisInspector inspector;
    private final LoadingCache<Policy, CompiledPolicy> policies;

    private RedisLimiter(
            RedisClient client,
            RedisLimiterSettings settings,
            Clock clock,
            Scheduler timer,
            LimiterObserver observer,
            Scripts scripts) {
        this.settings = settings;
        this.timer = timer;
        policies = Caffeine.newBuilder()
                .weakKeys()
                .maximumSize(MOST_POLICIES)
                .executor(Runnable::run)
                .build(policy -> new CompiledPolicy(policy, settings));
        RedisClock redisClock = new RedisClock(clock);
        ReplicaExit replicas = new ReplicaExit();
        AddressBuckets addressBuckets = new AddressBuckets(settings, redisClock, replicas);
        redis = new ScriptExecutor(client, addressBuckets::connected, replicas);
        RedisBreaker breaker = new RedisBreaker(settings.breaker(), observer);
        LocalLimiter local = new LocalLimiter(clock, observer, settings.localSubjects());
        Settlements settlements = new Settlements(redis, settings, timer, observer, scripts.settle());
        Renewals renewals = new Renewals(redis, settings, timer, breaker, scripts.renew(), settlements::resume);
        admissions = new Admissions(
                redis,
                addressBuckets,
                settings,
                redisClock,
                breaker,
                local,
                settlements,
                renewals,
                timer,
                observer,
                scripts.admit());
        inspector = new RedisInspector(redis, addressBuckets, settings, redisClock, scripts.admit());
    }

    /**
     * A limiter that connects in the background, now and whenever the connection is lost; until then it decides as if
     * Redis were down. Never blocks and never throws for want of Redis.
     *
     * @param client of the one Redis to use, and of nobody else: its options are replaced. The caller shuts it down,
     *     after the limiter; its resources say how often it tries to connect again
     * @param clock what time it is here; may be wrong
     * @param timer runs the deadlines
     */
    public static RedisLimiter connect(
            RedisClient client, RedisLimiterSettings settings, Clock clock, Scheduler timer, LimiterObserver observer) {
        return connect(client, settings, clock, timer, observer, Scripts.OWN);
    }

    static RedisLimiter connect(
            RedisClient client,
            RedisLimiterSettings settings,
            Clock clock,
            Scheduler timer,
            LimiterObserver observer,
            Scripts scripts) {
        // Not REJECT_COMMANDS: it fails what is under way when a connection breaks, though Redis may have done it.
        client.setOptions(ClientOptions.builder()
                .requestQueueSize(settings.queue())
                .socketOptions(SocketOptions.builder()
                        .connectTimeout(CONNECT_TIMEOUT)
                        .keepAlive(true)
                        .build())
                .build());
        return new RedisLimiter(client, settings, clock, timer, observer, scripts);
    }

    @Override
    public Mono<Decision> admit(Policy policy, Subject subject, String requestId, Reservation reservation) {
        LimitChecks.requestId(requestId);
        if (policy.limits().isEmpty()) {
            return Mono.just(new Decision.Admitted(RedisPermit.NOTHING, List.of()));
        }
        CompiledPolicy compiled = policies.get(policy);
        return new Mono<>() {
            @Override
            public void subscribe(CoreSubscriber<? super Decision> actual) {
                actual.onSubscribe(admissions.subscription(compiled, subject, requestId, reservation, actual));
            }
        };
    }

    @Override
    public Mono<List<LimitStatus>> inspect(List<Limit> limits, Subject subject) {
        return inspector.inspect(limits, subject).timeout(settings.deadline(), timer);
    }

    @Override
    public Mono<Void> reset(List<Limit> limits, Subject subject) {
        return inspector.reset(limits, subject).timeout(settings.deadline(), timer);
    }

    /** For tests that decide an admission from outside. */
    Admissions admissions() {
        return admissions;
    }

    /** Closes the connection; the client belongs to its owner. */
    @Override
    public void close() {
        redis.close();
    }

    /** The scripts; tests give Redis another clock in them. */
    record Scripts(Script admit, Script settle, Script renew) {
        static final Scripts OWN =
                new Scripts(Script.named("admit.lua"), Script.named("settle.lua"), Script.named("renew.lua"));
    }
}
