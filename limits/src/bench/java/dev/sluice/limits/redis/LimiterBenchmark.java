package dev.sluice.limits.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.management.OperatingSystemMXBean;
import dev.sluice.limits.Budget;
import dev.sluice.limits.CalendarQuota;
import dev.sluice.limits.ConcurrencyLimit;
import dev.sluice.limits.Decision;
import dev.sluice.limits.LimitStatus;
import dev.sluice.limits.Permit;
import dev.sluice.limits.Policy;
import dev.sluice.limits.RecordedEvents;
import dev.sluice.limits.Scope;
import dev.sluice.limits.Subject;
import dev.sluice.limits.TokenBucket;
import dev.sluice.limits.Usage;
import io.github.bucket4j.Bandwidth;
import io.github.bucket4j.BucketConfiguration;
import io.github.bucket4j.distributed.AsyncBucketProxy;
import io.github.bucket4j.distributed.ExpirationAfterWriteStrategy;
import io.github.bucket4j.distributed.proxy.AsyncProxyManager;
import io.github.bucket4j.distributed.proxy.optimization.Optimization;
import io.github.bucket4j.distributed.proxy.optimization.Optimizations;
import io.github.bucket4j.redis.lettuce.Bucket4jLettuce;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.cluster.api.sync.RedisClusterCommands;
import io.lettuce.core.codec.ByteArrayCodec;
import java.lang.management.ManagementFactory;
import java.time.Clock;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.cloud.gateway.filter.ratelimit.RedisRateLimiter;
import org.springframework.core.io.ClassPathResource;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.data.redis.core.ReactiveStringRedisTemplate;
import org.springframework.data.redis.core.script.DefaultRedisScript;
import reactor.core.publisher.Mono;

/**
 * Decisions a second and their 99th percentile, by how many are in flight: the script, bucket4j's compare-and-set and
 * Spring Cloud Gateway's limiter, on one Redis, one after another. Every request is admitted; all connect once.
 */
public final class LimiterBenchmark {
    private static final int[] IN_FLIGHT = Arrays.stream(
                    System.getProperty("bench.inflight", "1,8,32,128").split(","))
            .mapToInt(Integer::parseInt)
            .toArray();
    private static final int[] KEYS = Arrays.stream(
                    System.getProperty("bench.keys", "1,10000").split(","))
            .mapToInt(Integer::parseInt)
            .toArray();
    /** Measures only what has this in its name. */
    private static final String ONLY = System.getProperty("bench.only", "");

    private static final Duration WARM_UP = Duration.ofMillis(Long.getLong("bench.warmup", 500));
    private static final Duration MEASURED = Duration.ofMillis(Long.getLong("bench.measured", 1500));
    private static final int MANY = 10_000;
    /** Of ten microseconds each. */
    private static final int BUCKETS = 300_000;

    private static final int PLENTY = 1_000_000;

    private static final OperatingSystemMXBean OPERATING_SYSTEM =
            (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

    private static final AtomicLong IDS = new AtomicLong();
    private static final RecordedEvents EVENTS = new RecordedEvents();

    private LimiterBenchmark() {}

    /** A way to decide about the subject of a number. */
    private record Contender(String name, Function<Integer, Mono<?>> decide) {}

    /** Runs all and prints a table. */
    public static void main(String[] arguments) throws Exception {
        try (RedisProcess redis = new RedisProcess();
                RedisFixture fixture = new RedisFixture(redis.uri())) {
            System.out.println("| | keys | "
                    + Arrays.stream(IN_FLIGHT).mapToObj(Integer::toString).collect(Collectors.joining(" | "))
                    + " in flight |");
            System.out.println("| --- | ---" + " | ---".repeat(IN_FLIGHT.length) + " |");
            List<Contender> contenders = contenders(redis, fixture).stream()
                    .filter(contender -> contender.name.contains(ONLY))
                    .toList();
            // All of them before any is measured: whoever came first would pay for the compiler otherwise.
            for (Contender contender : contenders) {
                run(fixture.redis(), contender, MANY, 128, WARM_UP.multipliedBy(4));
            }
            for (Contender contender : contenders) {
                for (int keys : KEYS) {
                    row(fixture.redis(), contender, keys);
                }
            }
            if (EVENTS.local.get() > 0) {
                System.out.println("not by Redis: " + EVENTS.local.get());
            }
        }
        System.exit(0);
    }

    private static void row(RedisClusterCommands<String, String> redis, Contender contender, int keys) throws InterruptedException {
        StringBuilder row = new StringBuilder("| " + contender.name + " | " + keys);
        for (int inFlight : IN_FLIGHT) {
            run(redis, contender, keys, inFlight, WARM_UP);
            row.append(" | ").append(run(redis, contender, keys, inFlight, MEASURED));
        }
        System.out.println(row.append(" |"));
    }

    private static String run(RedisClusterCommands<String, String> redis, Contender contender, int keys, int inFlight, Duration time) throws InterruptedException {
        long cpu = OPERATING_SYSTEM.getProcessCpuTime();
        double redisCpu = cpuOfRedis(redis);
        long begun = System.nanoTime();
        long end = begun + time.toNanos();
        AtomicLong next = new AtomicLong();
        AtomicIntegerArray histogram = new AtomicIntegerArray(BUCKETS);
        CountDownLatch running = new CountDownLatch(inFlight);
        for (int i = 0; i < inFlight; i++) {
            Mono.defer(() -> {
                        long asked = System.nanoTime();
                        return contender.decide
                                .apply((int) (next.getAndIncrement() % keys))
                                .doOnSuccess(_ -> histogram.incrementAndGet(
                                        (int) Math.min(BUCKETS - 1, (System.nanoTime() - asked) / 10_000)));
                    })
                    .repeat(() -> System.nanoTime() < end)
                    .doFinally(_ -> running.countDown())
                    .subscribe();
        }
        running.await();
        double seconds = (System.nanoTime() - begun) / 1e9;
        long count = 0;
        for (int i = 0; i < BUCKETS; i++) {
            count += histogram.get(i);
        }
        long seen = 0;
        int at = 0;
        while (seen < count * 99 / 100) {
            seen += histogram.get(at++);
        }
        return String.format(
                Locale.ROOT,
                "%,.0f/s, %.2f ms, %.0f + %.0f µs",
                count / seconds,
                at / 100.0,
                (OPERATING_SYSTEM.getProcessCpuTime() - cpu) / 1e3 / count,
                (cpuOfRedis(redis) - redisCpu) * 1e6 / count);
    }

    /** Seconds of processor time. */
    private static double cpuOfRedis(RedisClusterCommands<String, String> redis) {
        return redis.info("cpu")
                .lines()
                .filter(line -> line.startsWith("used_cpu_sys:") || line.startsWith("used_cpu_user:"))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.indexOf(':') + 1)))
                .sum();
    }

    private static List<Contender> contenders(RedisProcess redis, RedisFixture fixture) {
        RedisLimiterSettings settings = RedisFixture.PATIENT;
        TokenBucket bucket = TokenBucket.of("user", Scope.SUBJECT, PLENTY, Duration.ofSeconds(1));
        Policy one = new Policy("one bucket", List.of(bucket));
        Policy six = new Policy(
                "six limits",
                List.of(
                        TokenBucket.of("ip", Scope.ADDRESS, PLENTY, Duration.ofSeconds(1)),
                        bucket,
                        CalendarQuota.of("daily", Scope.SUBJECT, 1L << 40, ZoneOffset.UTC),
                        TokenBucket.of("endpoint", Scope.SUBJECT, PLENTY, Duration.ofSeconds(1)),
                        ConcurrencyLimit.of("parallel", Scope.SUBJECT, 1000, Duration.ofSeconds(45)),
                        Budget.of("units", Scope.GLOBAL, 1L << 40, Duration.ofHours(1), 1)));
        Supplier<RedisLimiter> byScript = () -> limiter(fixture, settings.withAddressLimits(RedisLimiterSettings.AddressLimits.TOGETHER));
        return List.of(
                new Contender("Spring Cloud Gateway 5.0.0", springCloudGateway(redis)),
                new Contender("bucket4j 8.19.0", bucket4j(redis, null)),
                new Contender("bucket4j 8.19.0, batching", bucket4j(redis, Optimizations.batching())),
                new Contender("script, one bucket", sluice(byScript.get(), one)),
                new Contender(
                        "script, one bucket, a command each",
                        sluice(limiter(fixture, settings.withBatches(1, 64)), one)),
                new Contender("script, six limits, with settling", sluice(byScript.get(), six)),
                new Contender("bucket4j for addresses and script, six limits, with settling", sluice(limiter(fixture, settings), six)));
    }

    private static RedisLimiter limiter(RedisFixture fixture, RedisLimiterSettings settings) {
        return RedisFixture.connected(fixture.limiter(settings, Clock.systemUTC(), EVENTS));
    }

    private static Function<Integer, Mono<?>> sluice(RedisLimiter limiter, Policy policy) {
        Subject[] subjects = subjects(i -> new Subject("user:" + i, "10.0." + (i >> 8) + "." + (i & 255)));
        return i -> limiter.admit(policy, subjects[i], "b-" + IDS.getAndIncrement())
                .flatMap(decision -> decision instanceof Decision.Admitted(Permit permit, List<LimitStatus> _)
                        ? permit.settle(Usage.asReserved()).thenReturn(decision)
                        : Mono.error(new IllegalStateException(decision.toString())));
    }

    private static Subject[] subjects(Function<Integer, Subject> named) {
        Subject[] subjects = new Subject[MANY];
        for (int i = 0; i < MANY; i++) {
            subjects[i] = named.apply(i);
        }
        return subjects;
    }

    private static Function<Integer, Mono<?>> bucket4j(RedisProcess redis, @Nullable Optimization optimization) {
        AsyncProxyManager<byte[]> manager = Bucket4jLettuce.casBasedBuilder(
                        RedisClient.create(RedisURI.create("127.0.0.1", redis.port()))
                                .connect(ByteArrayCodec.INSTANCE))
                .expirationAfterWrite(
                        ExpirationAfterWriteStrategy.basedOnTimeForRefillingBucketUpToMax(Duration.ofSeconds(10)))
                .build()
                .asAsync();
        BucketConfiguration configuration = BucketConfiguration.builder()
                .addLimit(Bandwidth.builder()
                        .capacity(PLENTY)
                        .refillGreedy(PLENTY, Duration.ofSeconds(1))
                        .build())
                .build();
        ConcurrentHashMap<Integer, AsyncBucketProxy> proxies = new ConcurrentHashMap<>();
        String prefix = optimization == null ? "plain:" : "batching:";
        return i -> Mono.fromFuture(() -> proxies.computeIfAbsent(i, n -> {
                    var builder = manager.builder();
                    var optimized = optimization == null ? builder : builder.withOptimization(optimization);
                    return optimized.build(
                            (prefix + n).getBytes(UTF_8), () -> CompletableFuture.completedFuture(configuration));
                })
                .tryConsumeAndReturnRemaining(1));
    }

    @SuppressWarnings({"unchecked", "rawtypes", "NullAway"}) // It is configured by hand, and needs no configuration service.
    private static Function<Integer, Mono<?>> springCloudGateway(RedisProcess redis) {
        LettuceConnectionFactory factory = new LettuceConnectionFactory("127.0.0.1", redis.port());
        factory.afterPropertiesSet();
        factory.start();
        DefaultRedisScript script = new DefaultRedisScript<>();
        script.setLocation(new ClassPathResource("META-INF/scripts/request_rate_limiter.lua"));
        script.setResultType(List.class);
        RedisRateLimiter limiter = new RedisRateLimiter(new ReactiveStringRedisTemplate(factory), script, null);
        limiter.getConfig()
                .put(
                        "route",
                        new RedisRateLimiter.Config()
                                .setReplenishRate(PLENTY)
                                .setBurstCapacity(PLENTY)
                                .setRequestedTokens(1));
        return i -> limiter.isAllowed("route", "user" + i);
    }
}
