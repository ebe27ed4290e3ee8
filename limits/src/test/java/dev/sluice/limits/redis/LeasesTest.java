package dev.sluice.limits.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.limits.Await;
import dev.sluice.limits.Budget;
import dev.sluice.limits.Decision;
import dev.sluice.limits.LimitStatus;
import dev.sluice.limits.Policy;
import dev.sluice.limits.RecordedEvents;
import dev.sluice.limits.Scope;
import dev.sluice.limits.Subject;
import dev.sluice.limits.Usage;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Schedulers;

/** A budget that all processes share, leased by one and by two of them. */
class LeasesTest {
    private static final Duration GENEROUS = Duration.ofSeconds(20);
    private static final Subject ALICE = new Subject("user:alice", "203.0.113.7");
    private static final AtomicInteger IDS = new AtomicInteger();
    private static SharedRedis server;

    private final RecordedEvents events = new RecordedEvents();
    private RedisFixture fixture;

    @BeforeAll
    static void start() {
        server = new SharedRedis();
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @BeforeEach
    void connect() {
        fixture = new RedisFixture(server.uri());
    }

    @AfterEach
    void end() {
        fixture.close();
    }

    private RedisLimiter limiter(Duration period) {
        return RedisFixture.connected(fixture.limiter(
                RedisFixture.PATIENT.withLeases(new RedisLimiterSettings.Leases(period, 8)),
                Clock.systemUTC(),
                events));
    }

    private static Budget budget(long capacity, long reserve) {
        return Budget.of("units", Scope.GLOBAL, capacity, Duration.ofDays(1), reserve);
    }

    private static Decision admit(RedisLimiter limiter, Budget budget) {
        return limiter.admit(new Policy("test", List.of(budget)), ALICE, "l-" + IDS.incrementAndGet())
                .blockOptional(GENEROUS)
                .orElseThrow();
    }

    private static boolean isAdmitted(RedisLimiter limiter, Budget budget) {
        return admit(limiter, budget) instanceof Decision.Admitted;
    }

    private long total() {
        return fixture.keys("budget").stream()
                .mapToLong(key -> Long.parseLong(fixture.redis().hget(key, "total")))
                .sum();
    }

    @Test
    void oneProcessAdmitsTheWholeBudgetAndNoMore() {
        RedisLimiter limiter = limiter(Duration.ofHours(1));
        Budget budget = budget(1000, 1);
        for (int i = 0; i < 1000; i++) {
            assertThat(isAdmitted(limiter, budget)).as("admission %s", i).isTrue();
        }
        for (int i = 0; i < 20; i++) {
            assertThat(isAdmitted(limiter, budget)).isFalse();
        }
    }

    @Test
    void twoProcessesAdmitTheWholeBudgetTogetherAndNoMore() {
        List<RedisLimiter> both = List.of(limiter(Duration.ofMillis(20)), limiter(Duration.ofMillis(20)));
        Budget budget = budget(500, 1);
        AtomicInteger admitted = new AtomicInteger();
        // The last ones may have to wait until the other has given back what it has in store.
        Await.until("all is used", () -> {
            both.forEach(limiter -> admitted.addAndGet(isAdmitted(limiter, budget) ? 1 : 0));
            return admitted.get() >= 500;
        });
        for (int i = 0; i < 40; i++) {
            assertThat(isAdmitted(both.get(i % 2), budget)).isFalse();
        }
        assertThat(admitted).hasValue(500);
    }

    @Test
    void crowdAtTwoProcessesNeverGetsMoreThanThereIs() {
        List<RedisLimiter> both = List.of(limiter(Duration.ofMillis(20)), limiter(Duration.ofMillis(20)));
        Policy policy = new Policy("test", List.of(budget(700, 3)));
        Long admitted = Flux.range(0, 2_000)
                .flatMap(i -> both.get(i % 2).admit(policy, ALICE, "w-" + i).subscribeOn(Schedulers.parallel()), 64)
                .filter(Decision.Admitted.class::isInstance)
                .count()
                .block(GENEROUS);

        assertThat(admitted).isBetween(150L, 233L);
        assertThat(events.local).hasValue(0);
    }

    @Test
    void whatIsNotUsedGoesBackAndWhatIsRefundedIsThereForTheOther() {
        RedisLimiter one = limiter(Duration.ofMillis(20));
        RedisLimiter other = limiter(Duration.ofHours(1));
        Budget budget = budget(100, 40);
        Decision first = admit(one, budget);
        assertThat(isAdmitted(one, budget)).isTrue();
        assertThat(admit(other, budget))
                .isInstanceOfSatisfying(
                        Decision.Refused.class,
                        refused -> assertThat(refused.statuses())
                                .containsExactly(new LimitStatus(
                                        "units",
                                        100,
                                        20,
                                        refused.statuses().getFirst().resetsIn())));

        ((Decision.Admitted) first)
                .permit()
                .settle(new Usage(Map.of("units", 5L)))
                .block(GENEROUS);

        Await.until("it is told", () -> total() == 45);
        assertThat(isAdmitted(other, budget)).isTrue();
    }

    @Test
    void processThatEndsGivesBackWhatItHasInStore() {
        RedisLimiter limiter = limiter(Duration.ofHours(1));
        Budget budget = budget(10_000, 1);
        assertThat(isAdmitted(limiter, budget)).isTrue();
        assertThat(total()).isGreaterThan(1);

        limiter.close();

        Await.until("it is given back", () -> total() == 1);
    }

    @Test
    void requestThatTakesAllIsAdmittedAsSoonAsNobodyElseHasAnything() {
        RedisLimiter one = limiter(Duration.ofMillis(20));
        RedisLimiter other = limiter(Duration.ofHours(1));
        Budget budget = budget(1000, 1000);
        Decision.Admitted small = (Decision.Admitted) admit(one, budget(1000, 1));
        small.permit().settle(new Usage(Map.of("units", 0L))).block(GENEROUS);

        Await.until("all is free", () -> isAdmitted(other, budget));
        assertThat(isAdmitted(one, budget)).isFalse();
    }
}
