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
import dev.sluice.limits.Scope;
import dev.sluice.limits.Subject;
import dev.sluice.limits.TokenBucket;
import dev.sluice.limits.local.LocalLimiter;
import dev.sluice.limits.redis.connection.ReadOnlyReconnect;
import dev.sluice.limits.redis.connection.RedisLink;
import dev.sluice.limits.redis.connection.Silence;
import dev.sluice.limits.redis.connection.SilentConnections;
import io.lettuce.core.RedisClient;
import io.lettuce.core.cluster.ClusterClientOptions;
import io.lettuce.core.cluster.ClusterTopologyRefreshOptions;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.Transports;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.util.retry.Retry;

/**
 * Decides with counters that all processes share, in Redis, one node or a cluster: the buckets of client addresses by
 * bucket4j, everything else by scripts. While Redis fails, is slow or has just failed too often, each limit does what
 * its {@link FallbackMode} says; slots, quotas and budgets are not counted without Redis while it answers anybody.
 *
 * <p>Decisions are emitted on a thread of the Redis client, of the timer, or of the subscriber: switch threads before
 * doing much. Safe for any number of threads.
 */
public final class RedisLimiter implements Limiter, AutoCloseable {
    private static final int MOST_POLICIES = 1000;
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(2);
    /** A promotion is known after so long even where no answer has told of it. */
    private static final Duration TOPOLOGY_PERIOD = Duration.ofSeconds(2);
    /** Between two looks at the topology that answers and lost connections lead to. */
    private static final Duration TOPOLOGY_PAUSE = Duration.ofMillis(500);

    private static final Duration PREPARE_AGAIN = Duration.ofMillis(50);
    /** Nobody is charged for it. */
    private static final Limit PROBE = TokenBucket.of("probe", Scope.SUBJECT, 1, Duration.ofSeconds(1));

    private final RedisLimiterSettings settings;
    private final Scheduler timer;
    private final ScriptExecutor redis;
    private final Scripts scripts;
    private final Leases leases;
    private final Admissions admissions;
    private final RedisInspector inspector;
    private final RedisProbes probes;
    private final LoadingCache<Policy, CompiledPolicy> policies;

    private RedisLimiter(
            Supplier<RedisLink> connect,
            ClientResources resources,
            CompiledPolicy.Topology topology,
            RedisLimiterSettings settings,
            Clock clock,
            Scheduler timer,
            LimiterObserver observer,
            Scripts scripts) {
        this.settings = settings;
        this.timer = timer;
        this.scripts = scripts;
        policies = Caffeine.newBuilder()
                .weakKeys()
                .maximumSize(MOST_POLICIES)
                .executor(Runnable::run)
                .build(policy -> new CompiledPolicy(policy, settings, topology));
        RedisClock redisClock = new RedisClock(clock);
        ReadOnlyReconnect reconnect = new ReadOnlyReconnect();
        Silence silence = new Silence(settings.breaker().rest(), System::nanoTime);
        AddressBuckets addressBuckets = new AddressBuckets(settings, redisClock, reconnect, silence);
        redis = new ScriptExecutor(
                connect,
                addressBuckets::connected,
                reconnect,
                silence,
                observer,
                resources.eventLoopGroupProvider().allocate(Transports.eventLoopGroupClass()));
        RedisBreaker breaker = new RedisBreaker(settings.breaker(), observer, silence);
        probes = new RedisProbes(
                RedisProbes.command(redis, settings, topology, breaker, timer),
                redis::masters,
                topology,
                breaker,
                timer);
        LocalLimiter local = new LocalLimiter(clock, observer, settings.localSubjects());
        Settlements settlements = new Settlements(redis, settings, timer, observer, scripts.settle());
        Renewals renewals = new Renewals(redis, settings, timer, breaker, scripts.renew(), settlements::resume);
        leases = new Leases(redis, settings, topology, redisClock, breaker, timer, scripts.lease());
        AdmitBatches batches =
                new AdmitBatches(redis, settings, redisClock, breaker, settlements, timer, observer, scripts.admit());
        admissions = new Admissions(
                redis,
                addressBuckets,
                leases,
                batches,
                settings,
                topology,
                redisClock,
                breaker,
                silence,
                local,
                settlements,
                renewals,
                timer,
                observer);
        inspector = new RedisInspector(
                redis, addressBuckets, leases, settings, topology, redisClock, scripts.admit(), scripts.reset());
    }

    /**
     * A limiter that connects in the background, now and whenever the connection is lost; until then it decides as if
     * Redis were down. Never blocks and never throws for want of Redis.
     *
     * @param client of the one Redis to use, and of nobody else: its options are replaced. The caller shuts it down,
     *     after the limiter; its resources say how often it tries to connect again, and have {@link SilentConnections},
     *     whose silence is longer than a command may take
     * @param clock what time it is here; may be wrong
     * @param timer runs the deadlines
     */
    public static RedisLimiter connect(
            RedisClient client, RedisLimiterSettings settings, Clock clock, Scheduler timer, LimiterObserver observer) {
        return connect(client, settings, clock, timer, observer, Scripts.OWN);
    }

    /**
     * The same on a cluster, whose nodes the client learns by itself: what one caller and one address take is counted
     * on one node each, and what all share is leased from another.
     *
     * @param client of the one cluster to use, and of nobody else: its options are replaced; its resources have
     *     {@link SilentConnections}, whose silence is longer than a command may take
     */
    public static RedisLimiter connect(
            RedisClusterClient client,
            RedisLimiterSettings settings,
            Clock clock,
            Scheduler timer,
            LimiterObserver observer) {
        return connect(client, settings, clock, timer, observer, Scripts.OWN);
    }

    static RedisLimiter connect(
            RedisClient client,
            RedisLimiterSettings settings,
            Clock clock,
            Scheduler timer,
            LimiterObserver observer,
            Scripts scripts) {
        SilentConnections.require(client);
        // Not REJECT_COMMANDS: it fails what is under way when a connection breaks, though Redis may have done it.
        client.setOptions(client.getOptions()
                .mutate()
                .requestQueueSize(settings.queue())
                .socketOptions(SilentConnections.sockets(CONNECT_TIMEOUT))
                .build());
        return new RedisLimiter(
                () -> RedisLink.toNode(client.connect(ByteArrayCodec.INSTANCE), ScriptExecutor.ONE),
                client.getResources(),
                CompiledPolicy.Topology.ONE_NODE,
                settings,
                clock,
                timer,
                observer,
                scripts);
    }

    static RedisLimiter connect(
            RedisClusterClient client,
            RedisLimiterSettings settings,
            Clock clock,
            Scheduler timer,
            LimiterObserver observer,
            Scripts scripts) {
        SilentConnections.require(client);
        client.setOptions(ClusterClientOptions.builder(client.getOptions())
                .requestQueueSize(settings.queue())
                .socketOptions(SilentConnections.sockets(CONNECT_TIMEOUT))
                .topologyRefreshOptions(ClusterTopologyRefreshOptions.builder()
                        .enablePeriodicRefresh(TOPOLOGY_PERIOD)
                        .adaptiveRefreshTriggersTimeout(TOPOLOGY_PAUSE)
                        .build())
                .build());
        return new RedisLimiter(
                () -> RedisLink.toCluster(client.connect(ByteArrayCodec.INSTANCE), Tags::within),
                client.getResources(),
                CompiledPolicy.Topology.CLUSTER,
                // Each slot has commands of its own: with two at once hardly any request found one to share.
                settings.withBatches(settings.batch(), 1),
                clock,
                timer,
                observer,
                scripts);
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

    /**
     * Waits for the connection, tells Redis the scripts, and asks it once where a caller stands: what the first request
     * would wait for otherwise. Never fails; does not end while there is no Redis.
     */
    @Override
    public Mono<Void> prepare() {
        return Mono.defer(() -> Mono.fromCompletionStage(redis.load(scripts.all())))
                .then(Mono.defer(() -> inspect(List.of(PROBE), new Subject("probe", "probe"))))
                .retryWhen(Retry.fixedDelay(Long.MAX_VALUE, PREPARE_AGAIN))
                .then();
    }

    @Override
    public Mono<List<String>> faults() {
        return probes.faults();
    }

    /** For tests that decide an admission from outside. */
    Admissions admissions() {
        return admissions;
    }

    /**
     * Gives back what this process has of what all share and did not use, for which it waits 200 ms at most, and closes
     * the connection; the client belongs to its owner.
     */
    @Override
    public void close() {
        probes.close();
        leases.close();
        redis.close();
    }

    /** The scripts; tests give Redis another clock in them. */
    record Scripts(Script admit, Script settle, Script renew, Script reset, Script lease) {
        static final Scripts OWN = read(Script::ofValues, Script::named);

        List<Script> all() {
            return List.of(admit, settle, renew, reset, lease);
        }

        /** @param values reads those that begin with {@code value.lua} */
        static Scripts read(Function<String, Script> values, Function<String, Script> others) {
            return new Scripts(
                    values.apply("admit.lua"),
                    values.apply("settle.lua"),
                    values.apply("renew.lua"),
                    values.apply("reset.lua"),
                    others.apply("lease.lua"));
        }
    }
}
