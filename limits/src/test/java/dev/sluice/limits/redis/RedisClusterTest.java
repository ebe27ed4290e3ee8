package dev.sluice.limits.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.limits.Await;
import dev.sluice.limits.Budget;
import dev.sluice.limits.CalendarQuota;
import dev.sluice.limits.ConcurrencyLimit;
import dev.sluice.limits.Decision;
import dev.sluice.limits.Limit;
import dev.sluice.limits.LimitStatus;
import dev.sluice.limits.Limiter;
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
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;

/** Three masters and their replicas: what each of them does, and what becomes of decisions when one dies. */
class RedisClusterTest {
    private static final Duration GENEROUS = Duration.ofSeconds(20);
    private static final AtomicInteger IDS = new AtomicInteger();

    private final CalendarQuota quota = CalendarQuota.of("daily", Scope.SUBJECT, 1000, ZoneOffset.UTC);
    private final ConcurrencyLimit slots = ConcurrencyLimit.of("parallel", Scope.SUBJECT, 10, Duration.ofSeconds(45));
    private final CalendarQuota ofAddress = CalendarQuota.of("address", Scope.ADDRESS, 1000, ZoneOffset.UTC);

    private final RecordedEvents events = new RecordedEvents();
    private final RedisCluster cluster = new RedisCluster(RedisCluster.Replicas.ONE_EACH);
    private final RedisFixture fixture = new RedisFixture(cluster);

    @AfterEach
    void end() {
        fixture.close();
        cluster.close();
    }

    private RedisLimiter limiter(RedisLimiterSettings settings) {
        return RedisFixture.connected(fixture.limiter(settings, Clock.systemUTC(), events));
    }

    private static Decision admit(Limiter limiter, Subject subject, Limit... limits) {
        Decision decision = limiter.admit(new Policy("test", List.of(limits)), subject, "k-" + IDS.incrementAndGet())
                .block(GENEROUS);
        assertThat(decision).isNotNull();
        return decision;
    }

    private static boolean isAdmitted(Limiter limiter, Subject subject, Limit... limits) {
        Decision decision = admit(limiter, subject, limits);
        if (decision instanceof Decision.Admitted(var permit, List<LimitStatus> _)) {
            permit.settle(Usage.asReserved()).block(GENEROUS);
            return true;
        }
        return false;
    }

    /** A caller whose counters lie on a node. */
    private Subject on(int master) {
        for (int i = 0; ; i++) {
            Subject subject = new Subject("user:" + i, "203.0.113.7");
            if (cluster.masterOf(Tags.of(subject.id())) == master) {
                return subject;
            }
        }
    }

    @Test
    void mastersShareTheWorkOfManyCallers() {
        RedisLimiter limiter = limiter(RedisFixture.PATIENT);
        Policy policy = new Policy("test", List.of(quota, slots));
        long[] before = cluster.commands();

        Flux.range(0, 1_000)
                .flatMap(
                        i -> limiter.admit(policy, new Subject("user:" + i, "203.0.113.7"), "m-" + i)
                                .flatMap(decision ->
                                        ((Decision.Admitted) decision).permit().settle(Usage.asReserved())),
                        64)
                .blockLast(GENEROUS);

        long[] after = cluster.commands();
        long[] done = new long[after.length];
        Arrays.setAll(done, i -> after[i] - before[i]);
        long sum = Arrays.stream(done).sum();
        assertThat(Arrays.stream(done).boxed())
                .allSatisfy(count -> assertThat(count * 100).isBetween(sum * 20, sum * 45));
        assertThat(events.local).hasValue(0);
    }

    @Test
    void decisionIsOneCommandOnTheCallersNodeAndSettlingAnother() {
        RedisLimiter limiter =
                limiter(RedisFixture.PATIENT.withLeases(new RedisLimiterSettings.Leases(Duration.ofHours(1), 64)));
        Budget budget = Budget.of("units", Scope.GLOBAL, 1_000_000, Duration.ofDays(1), 1);
        for (int i = 0; i < 3; i++) {
            // The first ones bring the scripts, and something in store.
            isAdmitted(limiter, on(i), quota, slots, budget);
        }
        long[] before = cluster.commands();

        isAdmitted(limiter, on(0), quota, slots, budget);

        long[] after = cluster.commands();
        assertThat(after).containsExactly(before[0] + 2, before[1], before[2]);
    }

    @Test
    void addressIsGivenBackWhatTheCallersLimitsRefuse() {
        RedisLimiter limiter = limiter(RedisFixture.PATIENT);
        CalendarQuota none = CalendarQuota.of("one", Scope.SUBJECT, 1, ZoneOffset.UTC);
        Subject alice = on(1);
        assertThat(isAdmitted(limiter, alice, ofAddress, none)).isTrue();

        Decision decision = admit(limiter, alice, ofAddress, none);

        assertThat(decision).isInstanceOfSatisfying(Decision.Refused.class, refused -> {
            assertThat(refused.violations())
                    .extracting(Decision.Violation::limit)
                    .containsExactly("one");
            assertThat(refused.statuses()).extracting(LimitStatus::remaining).containsExactly(999L, 0L);
        });
        assertThat(limiter.inspect(List.of(ofAddress), alice)
                        .blockOptional(GENEROUS)
                        .orElseThrow())
                .extracting(LimitStatus::remaining)
                .containsExactly(999L);
    }

    @Test
    void callersOfOtherNodesAreDecidedWhileAMasterIsDeadAndItsOwnAfterThePromotion() {
        RedisLimiter limiter = limiter(RedisLimiterSettings.defaults());
        Subject here = on(0);
        Subject there = on(1);
        Await.until("shared decisions", () -> isAdmitted(limiter, here, quota) && isAdmitted(limiter, there, quota));

        cluster.kill(0);
        Await.until("decisions about the others", () -> isAdmitted(limiter, there, quota));
        Await.until("decisions about its own", () -> isAdmitted(limiter, here, quota));

        cluster.awaitPromotion(0);
        Await.until(
                "its own are decided as before",
                () -> IntStream.range(0, 50).allMatch(i -> isAdmitted(limiter, here, quota)));
    }

    /** The connections to it stay open, and new ones are accepted. */
    @Test
    void callersOfAMasterThatStandsStillAreDecidedAfterThePromotion() {
        RedisLimiter limiter = limiter(RedisLimiterSettings.defaults());
        Subject here = on(0);
        Subject there = on(1);
        Await.until("shared decisions", () -> isAdmitted(limiter, here, quota) && isAdmitted(limiter, there, quota));
        Await.until("no faults", () -> List.of().equals(limiter.faults().block(GENEROUS)));

        String stopped = cluster.uris().getFirst().getHost() + ":"
                + cluster.uris().getFirst().getPort();
        cluster.stop(0);
        try {
            assertThat(isAdmitted(limiter, here, quota)).isFalse();
            Await.until("decisions about the others", () -> isAdmitted(limiter, there, quota));
            Await.until("the one master of whose callers nothing is known is the only fault", () -> {
                List<String> faults = limiter.faults().blockOptional(GENEROUS).orElseThrow();
                return faults.size() == 1 && faults.getFirst().startsWith(stopped);
            });

            cluster.awaitPromotion(0);
            Await.until("decisions about its own", () -> isAdmitted(limiter, here, quota));
            Await.until("no faults", () -> List.of().equals(limiter.faults().block(GENEROUS)));
            Await.until("the outage is over, though nobody asks", () -> events.recovered.get() >= 1);
        } finally {
            cluster.goOn(0);
        }
    }

    /** All that was counted is there: the replica had heard it. */
    @Test
    void promotionLosesNothingThatTheReplicaHasHeard() {
        RedisLimiter limiter = limiter(RedisFixture.PATIENT);
        Subject alice = on(2);
        for (int i = 0; i < 10; i++) {
            assertThat(isAdmitted(limiter, alice, quota)).isTrue();
        }

        cluster.promoteReplicaOf(2);

        Await.until("a decision of the new master", () -> isAdmitted(limiter, alice, quota));
        assertThat(limiter.inspect(List.of(quota), alice)
                        .blockOptional(GENEROUS)
                        .orElseThrow()
                        .getFirst()
                        .remaining())
                .isLessThanOrEqualTo(1000 - 11);
    }

    @Test
    void budgetThatAllShareIsNeverExceededWhenItsMasterDies() {
        Budget budget = Budget.of("units", Scope.GLOBAL, 400, Duration.ofDays(1), 1);
        RedisLimiterSettings settings =
                RedisLimiterSettings.defaults().withLeases(new RedisLimiterSettings.Leases(Duration.ofMillis(50), 64));
        List<RedisLimiter> gateways = List.of(limiter(settings), limiter(settings));
        Subject alice = on(0);
        int admitted = 0;
        while (admitted < 100) {
            admitted += isAdmitted(gateways.get(admitted % 2), alice, budget) ? 1 : 0;
        }

        int home = cluster.masterOf(Tags.ofAll("units"));
        cluster.awaitReplica(home);
        cluster.kill(home);
        AtomicInteger all = new AtomicInteger(admitted);
        Await.until("the budget is used up", () -> {
            gateways.forEach(gateway -> all.addAndGet(isAdmitted(gateway, alice, budget) ? 1 : 0));
            return all.get() >= 400;
        });

        for (int i = 0; i < 50; i++) {
            assertThat(isAdmitted(gateways.get(i % 2), alice, budget)).isFalse();
        }
        assertThat(all).hasValue(400);
    }

    @Test
    void gatewayThatDiesLeavesItsSlotsWithinOneLease() {
        // Long enough for one more command on a machine that is busy.
        ConcurrencyLimit brief = ConcurrencyLimit.of("parallel", Scope.SUBJECT, 2, Duration.ofSeconds(4));
        Subject alice = on(1);
        RedisLimiter other = limiter(RedisFixture.PATIENT);
        assertThat(isAdmitted(other, on(0), brief)).isTrue();
        RedisLimiter dying = limiter(RedisFixture.PATIENT);
        admit(dying, alice, brief);
        admit(dying, alice, brief);
        dying.close();

        assertThat(isAdmitted(other, alice, brief)).isFalse();
        Await.until("a slot is free", () -> isAdmitted(other, alice, brief));
    }

    @Test
    void everyKeyEndsAndNoneIsInAnothersSlot() {
        RedisLimiter limiter = limiter(RedisFixture.PATIENT);
        Budget budget = Budget.of("units", Scope.GLOBAL, 100, Duration.ofHours(1), 1);
        TokenBucket all = TokenBucket.of("all", Scope.GLOBAL, 100, Duration.ofHours(1));
        Decision.Admitted admitted = (Decision.Admitted) admit(limiter, on(0), ofAddress, quota, slots, budget, all);
        admitted.permit().renew().block(GENEROUS);
        admitted.permit()
                .settle(new Usage(Map.of("units", 3L, "address", 2L, "daily", 2L)))
                .block(GENEROUS);

        // Of the address, the caller, the rate that all share, and the budget; replicas name theirs again.
        assertThat(Set.copyOf(fixture.redis().keys(fixture.prefix + "*")))
                .hasSize(4)
                .allSatisfy(key -> assertThat(fixture.redis().pttl(key)).isPositive());
        assertThat(limiter.inspect(List.of(budget, ofAddress, quota, slots, all), on(0))
                        .blockOptional(GENEROUS)
                        .orElseThrow())
                .extracting(LimitStatus::remaining)
                .containsExactly(97L, 998L, 998L, 10L, 99L);
    }
}
