package dev.sluice.limits.redis;

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
import java.time.Clock;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.Locale;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import reactor.core.publisher.Flux;

/**
 * Three masters with a replica each, 10,000 callers, six limits with settling: scripts a decision, those of bucket4j
 * (which tells their text each time, so that they are its {@code EVAL}), what each master has of them, and how long after a kill its callers are decided by Redis again.
 */
public final class ClusterBenchmark {
    private static final int DECISIONS = 20_000;
    private static final int CALLERS = 10_000;
    private static final int PLENTY = 1_000_000;
    private static final RecordedEvents EVENTS = new RecordedEvents();
    private static final AtomicInteger IDS = new AtomicInteger();

    private ClusterBenchmark() {}

    /** Runs it and prints lines. */
    public static void main(String[] arguments) {
        for (RedisLimiterSettings.AddressLimits order : RedisLimiterSettings.AddressLimits.values()) {
            try (RedisCluster cluster = new RedisCluster(RedisCluster.Replicas.ONE_EACH);
                    RedisFixture fixture = new RedisFixture(cluster)) {
                RedisLimiter limiter = RedisFixture.connected(fixture.limiter(
                        RedisFixture.PATIENT.withAddressLimits(order), Clock.systemUTC(), EVENTS));
                for (int inFlight : new int[] {8, 128, 8, 128}) {
                    System.out.println(order + " " + share(cluster, limiter, inFlight));
                }
                System.out.println(order + " " + recovery(cluster, fixture));
            }
        }
        System.exit(0);
    }

    private static String share(RedisCluster cluster, RedisLimiter limiter, int inFlight) {
        Policy six = new Policy(
                "six limits",
                List.of(
                        TokenBucket.of("ip", Scope.ADDRESS, PLENTY, Duration.ofSeconds(1)),
                        TokenBucket.of("user", Scope.SUBJECT, PLENTY, Duration.ofSeconds(1)),
                        CalendarQuota.of("daily", Scope.SUBJECT, 1L << 40, ZoneOffset.UTC),
                        TokenBucket.of("endpoint", Scope.SUBJECT, PLENTY, Duration.ofSeconds(1)),
                        ConcurrencyLimit.of("parallel", Scope.SUBJECT, 1000, Duration.ofSeconds(45)),
                        Budget.of("units", Scope.GLOBAL, 1L << 40, Duration.ofHours(1), 1)));
        long[] before = cluster.commands();
        long getsBefore = sum(cluster.commands("get"));
        long swapsBefore = sum(cluster.commands("eval"));
        Flux.range(0, DECISIONS)
                .flatMap(i -> limiter.admit(six, caller(i % CALLERS), "b-" + IDS.incrementAndGet())
                        .flatMap(decision -> ((Decision.Admitted) decision).permit().settle(Usage.asReserved())), inFlight)
                .blockLast();
        long[] done = cluster.commands();
        Arrays.setAll(done, i -> done[i] - before[i]);
        long sum = sum(done);
        long swaps = sum(cluster.commands("eval")) - swapsBefore;
        // Each swap has a GET within, which is counted too.
        long gets = sum(cluster.commands("get")) - getsBefore - swaps;
        double largest = 100.0 * Arrays.stream(done).max().orElseThrow() / sum;
        return String.format(
                Locale.ROOT,
                "%d in flight: %.2f scripts a decision, %.2f of them and %.2f GET by bucket4j, largest share %.1f %%, not by Redis %d",
                inFlight,
                (double) sum / DECISIONS,
                (double) swaps / DECISIONS,
                (double) gets / DECISIONS,
                largest,
                EVENTS.local.get());
    }

    private static long sum(long[] counts) {
        return Arrays.stream(counts).sum();
    }

    private static Subject caller(int number) {
        return new Subject("user:" + number, "10.0." + (number >> 8) + "." + (number & 255));
    }

    private static String recovery(RedisCluster cluster, RedisFixture fixture) {
        RedisLimiter limiter = RedisFixture.connected(
                fixture.limiter(RedisLimiterSettings.defaults(), Clock.systemUTC(), EVENTS));
        int number = 0;
        while (cluster.masterOf(Tags.of(caller(number).id())) != 0) {
            number++;
        }
        Policy spending = new Policy("spending", List.of(CalendarQuota.of("daily", Scope.SUBJECT, PLENTY, ZoneOffset.UTC)));
        cluster.kill(0);
        long killed = System.nanoTime();
        cluster.awaitPromotion(0);
        long promoted = System.nanoTime();
        while (!(limiter.admit(spending, caller(number), "b-" + IDS.incrementAndGet()).block()
                instanceof Decision.Admitted(Permit _, List<LimitStatus> _))) {
            LockSupport.parkNanos(10_000_000);
        }
        return "promotion " + (promoted - killed) / 1_000_000 + " ms after the kill, decided "
                + (System.nanoTime() - promoted) / 1_000_000 + " ms later";
    }
}
