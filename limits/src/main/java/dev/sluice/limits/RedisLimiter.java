package dev.sluice.limits;

import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.SocketOptions;
import io.lettuce.core.api.StatefulRedisConnection;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * Decides with counters that all processes share, in Redis: the buckets of client addresses by bucket4j, everything
 * else by one script. While Redis fails, is slow or has just failed too often, each limit does what its {@link Outage}
 * says.
 *
 * <p>Decisions are emitted on a thread of the Redis client, of the timer, or of the subscriber: go elsewhere before
 * doing much. Safe for any number of threads.
 */
public final class RedisLimiter implements Limiter, AutoCloseable {
    private static final int MOST_PLANS = 1000;
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(2);
    private static final Permit NOTHING = _ -> Mono.empty();

    private final RedisLimiterSettings settings;
    private final LimiterObserver observer;
    private final Scheduler timer;
    private final RedisTime time;
    private final RedisLink link;
    private final Health health;
    private final Settlements settlements;
    private final Renewals renewals;
    private final Admissions admissions;
    private final LocalLimiter local;
    private final Inspector inspector;
    private final Deadlines deadlines;
    private final Deadlines wallDeadlines;
    private final LoadingCache<Policy, PolicyPlan> plans;
    private volatile @Nullable BucketWall wall;

    private RedisLimiter(
            RedisClient client,
            RedisLimiterSettings settings,
            Clock clock,
            Scheduler timer,
            LimiterObserver observer,
            Scripts scripts) {
        this.settings = settings;
        this.observer = observer;
        this.timer = timer;
        time = new RedisTime(clock);
        health = new Health(settings.breaker(), observer);
        local = new LocalLimiter(clock, observer, settings.localSubjects());
        deadlines = new Deadlines(timer, settings.deadline().toNanos());
        wallDeadlines = new Deadlines(timer, settings.commandTimeout().toNanos());
        plans = Caffeine.newBuilder()
                .weakKeys()
                .maximumSize(MOST_PLANS)
                .executor(Runnable::run)
                .build(policy -> new PolicyPlan(policy, settings));
        link = new RedisLink(client, this::connected);
        settlements = new Settlements(link, settings, timer, observer, scripts.settle());
        renewals = new Renewals(link, settings, timer, health, scripts.renew(), settlements::resume);
        admissions = new Admissions(this, link, settings, timer, scripts.admit());
        inspector = new Inspector(link, settings, time, scripts.admit(), () -> wall);
    }

    /**
     * A limiter that connects in the background, now and whenever the connection is lost; until then it decides as if
     * Redis were down. Never blocks and never throws for want of Redis.
     *
     * @param client of the one Redis to use, and of nobody else: its options are replaced. The caller shuts it down,
     *     after the limiter; how often it tries to connect again is told by its resources
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
            return Mono.just(new Decision.Admitted(NOTHING, List.of()));
        }
        PolicyPlan plan = plans.get(policy);
        return new Mono<>() {
            @Override
            public void subscribe(CoreSubscriber<? super Decision> actual) {
                actual.onSubscribe(new Admission(RedisLimiter.this, plan, subject, requestId, reservation, actual));
            }
        };
    }

    Deadlines.Entry watch(Admission admission) {
        return deadlines.watch(() -> decideAlone(admission));
    }

    void start(Admission admission) {
        BucketWall current = wall;
        if (admission.plan.wall.isEmpty()) {
            admissions.ask(admission);
        } else if (current == null || !link.isOpen() || !health.mayAsk()) {
            decideAlone(admission);
        } else {
            askWall(current, admission);
        }
    }

    private void askWall(BucketWall current, Admission admission) {
        long begun = System.nanoTime();
        AtomicBoolean isOver = new AtomicBoolean();
        Deadlines.Entry late = wallDeadlines.watch(() -> {
            if (isOver.compareAndSet(false, true)) {
                health.failed(System.nanoTime() - begun, new SlowRedisException(settings.commandTimeout()));
                decideAlone(admission);
            }
        });
        WallAsked.of(current, admission).whenComplete((answer, error) -> {
            late.clear();
            if (!isOver.compareAndSet(false, true)) {
                return;
            }
            if (error != null) {
                health.failed(System.nanoTime() - begun, error);
                decideAlone(admission);
            } else {
                health.answered(System.nanoTime() - begun);
                passed(admission, answer);
            }
        });
    }

    private void passed(Admission admission, WallAsked.Answer answer) {
        if (!answer.violations().isEmpty()) {
            admission.decide(
                    new Decision.Refused(answer.violations(), answer.standings()), LimiterObserver.Place.SHARED);
        } else if (admission.plan.scripted.isEmpty()) {
            admission.decide(new Decision.Admitted(NOTHING, answer.standings()), LimiterObserver.Place.SHARED);
        } else {
            admission.wallAdmitted(answer.standings());
            admissions.ask(admission);
        }
    }

    /** Redis is not to be waited for: every limit does what its outage says. */
    void decideAlone(Admission admission) {
        if (!admission.mayDecideAlone()) {
            return;
        }
        Decision decision = local.decide(
                admission.plan.policy,
                admission.subject,
                admission.id,
                admission.reservation,
                limit -> limit.outage() == Outage.COUNT_LOCALLY,
                health.rest());
        if (!admission.decide(decision, LimiterObserver.Place.LOCAL)
                && decision instanceof Decision.Admitted(Permit permit, List<Standing> _)) {
            permit.settle(RedisPermit.unused(admission.plan.policy)).subscribe();
        }
    }

    private void connected(StatefulRedisConnection<byte[], byte[]> connection) {
        wall = new BucketWall(connection, settings, time);
    }

    LimiterObserver observer() {
        return observer;
    }

    RedisTime time() {
        return time;
    }

    Health health() {
        return health;
    }

    Settlements settlements() {
        return settlements;
    }

    Renewals renewals() {
        return renewals;
    }

    @Override
    public Mono<List<Standing>> inspect(List<Limit> limits, Subject subject) {
        return inspector.inspect(limits, subject).timeout(settings.deadline(), timer);
    }

    @Override
    public Mono<Void> reset(List<Limit> limits, Subject subject) {
        return inspector.reset(limits, subject).timeout(settings.deadline(), timer);
    }

    /** Closes the connection; the client is its owner's. */
    @Override
    public void close() {
        link.close();
    }

    /** The scripts; tests give Redis another clock in them. */
    record Scripts(Script admit, Script settle, Script renew) {
        static final Scripts OWN =
                new Scripts(Script.named("admit.lua"), Script.named("settle.lua"), Script.named("renew.lua"));
    }
}
