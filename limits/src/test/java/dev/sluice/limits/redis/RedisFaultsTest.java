package dev.sluice.limits.redis;

import static org.assertj.core.api.Assertions.as;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.tuple;

import dev.sluice.limits.Await;
import dev.sluice.limits.Budget;
import dev.sluice.limits.CalendarQuota;
import dev.sluice.limits.ConcurrencyLimit;
import dev.sluice.limits.Decision;
import dev.sluice.limits.FallbackMode;
import dev.sluice.limits.Limit;
import dev.sluice.limits.LimitStatus;
import dev.sluice.limits.Limiter;
import dev.sluice.limits.Mode;
import dev.sluice.limits.Permit;
import dev.sluice.limits.Policy;
import dev.sluice.limits.RecordedEvents;
import dev.sluice.limits.Reservation;
import dev.sluice.limits.Scope;
import dev.sluice.limits.Subject;
import dev.sluice.limits.TestClock;
import dev.sluice.limits.TokenBucket;
import dev.sluice.limits.Usage;
import io.lettuce.core.RedisClient;
import io.lettuce.core.ScriptOutputType;
import io.netty.util.concurrent.EventExecutor;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/** What becomes of decisions while Redis is frozen, killed, slow, forgetful or cut off. */
class RedisFaultsTest {
    private static final Duration GENEROUS = Duration.ofSeconds(20);
    private static final AtomicInteger IDS = new AtomicInteger();
    private static final Subject ALICE = new Subject("user:alice", "203.0.113.7");

    private final TokenBucket rate = TokenBucket.of("user", Scope.SUBJECT, 1000, Duration.ofDays(1));
    private final CalendarQuota quota = CalendarQuota.of("daily", Scope.SUBJECT, 200, ZoneOffset.UTC);
    private final ConcurrencyLimit slots = ConcurrencyLimit.of("parallel", Scope.SUBJECT, 500, Duration.ofHours(1));
    private final Budget budget = Budget.of("units", Scope.GLOBAL, 1000, Duration.ofDays(1), 10);
    private final Budget ownBudget = Budget.of("own-units", Scope.SUBJECT, 1000, Duration.ofDays(1), 10);
    private final TokenBucket address = TokenBucket.of("ip", Scope.ADDRESS, 1000, Duration.ofDays(1));

    private final RecordedEvents events = new RecordedEvents();
    private final RedisProcess redis = new RedisProcess();
    private final TcpProxy proxy = new TcpProxy(redis.port());
    private final RedisFixture fixture = new RedisFixture(redis.uri());

    @AfterEach
    void end() {
        fixture.close();
        proxy.close();
        redis.close();
    }

    private RedisLimiter limiter(RedisLimiterSettings settings) {
        return RedisFixture.connected(fixture.limiterAt(proxy.port(), settings, events));
    }

    private static Mono<Decision> asked(Limiter limiter, Limit... limits) {
        return limiter.admit(new Policy("test", List.of(limits)), ALICE, "f-" + IDS.incrementAndGet());
    }

    private static Decision admit(Limiter limiter, Limit... limits) {
        Decision decision = asked(limiter, limits).block(GENEROUS);
        assertThat(decision).isNotNull();
        return decision;
    }

    private long held() {
        return leases().size();
    }

    private Map<Long, Long> leases() {
        StoredValue.Counter slots =
                fixture.counters("lock:parallel").get(fixture.of(ALICE.id()) + "caller:user%3Aalice lock:parallel");
        return slots == null ? Map.of() : slots.leases();
    }

    private long lastLease() {
        return Collections.max(leases().values());
    }

    private long redisMillis() {
        List<String> time = fixture.redis().time();
        return Long.parseLong(time.get(0)) * 1000 + Long.parseLong(time.get(1)) / 1000;
    }

    private StoredValue alice() {
        String key = fixture.of(ALICE.id()) + "caller:user%3Aalice";
        return Objects.requireNonNull(fixture.values().get(key), key);
    }

    private static Permit permitOf(Decision decision) {
        assertThat(decision).isInstanceOf(Decision.Admitted.class);
        return ((Decision.Admitted) decision).permit();
    }

    private long usedToday() {
        return usedOf("quota");
    }

    private long usedOf(String kind) {
        return fixture.counters(kind + ':').values().stream()
                .mapToLong(StoredValue.Counter::amount)
                .sum();
    }

    private void awaitShared(RedisLimiter limiter, Limit... limits) {
        Await.until("a decision of Redis", () -> {
            int before = events.shared.get();
            if (admit(limiter, limits) instanceof Decision.Admitted(Permit permit, List<LimitStatus> _)) {
                permit.settle(Usage.asReserved()).block(GENEROUS);
            }
            return events.shared.get() > before;
        });
    }

    @Test
    void frozenRedisLetsRatesGoOnAndRefusesSpending() {
        // Longer than by default, so that a busy machine does not make another outage of Redis that goes on.
        RedisLimiter limiter =
                limiter(RedisLimiterSettings.defaults().withTimes(Duration.ofMillis(750), Duration.ofMillis(500)));
        redis.stop();

        assertUnavailable(admit(limiter, rate, slots), "parallel");
        awaitAdmitted(limiter, rate, slots);
        assertThat(admit(limiter, address, rate)).isInstanceOf(Decision.Admitted.class);
        Decision spending = admit(limiter, rate, quota, slots, budget);
        assertThat(spending).isInstanceOfSatisfying(Decision.Refused.class, refused -> {
            assertThat(refused.violations())
                    .extracting(Decision.Violation::limit, Decision.Violation::cause)
                    .containsExactly(
                            tuple("daily", Decision.Cause.UNAVAILABLE), tuple("units", Decision.Cause.UNAVAILABLE));
            assertThat(refused.first().retryAfter()).isPositive();
            assertThat(refused.statuses())
                    .extracting(LimitStatus::limit)
                    .containsExactly("user", "daily", "parallel", "units");
        });
        for (int i = 0; i < 20; i++) {
            admit(limiter, rate);
        }
        assertThat(events.degraded).hasValue(1);
        assertThat(events.recovered).hasValue(0);

        redis.goOn();
        awaitShared(limiter, rate);
        Await.until("what was admitted too late is given back", () -> held() == 0);
        Await.until("the end of the outage is told", () -> {
            awaitShared(limiter, rate);
            return events.recovered.get() == 1;
        });
        assertThat(events.degraded).hasValue(1);
    }

    /** What it was asked is read from the old connection when it goes on, and comes again on the new one. */
    @Test
    void frozenRedisThatGoesOnCountsOnceWhatItWasAskedOnTwoConnections() {
        RedisLimiter limiter =
                limiter(RedisLimiterSettings.defaults().withTimes(Duration.ofSeconds(10), Duration.ofSeconds(10)));
        awaitShared(limiter, quota);
        int before = proxy.connections();
        redis.stop();
        List<Decision> decisions = new CopyOnWriteArrayList<>();
        asked(limiter, quota, slots).subscribe(decisions::add);

        Await.until("it connects again", () -> proxy.connections() > before);
        redis.goOn();
        Await.until("a decision", () -> !decisions.isEmpty());

        assertThat(decisions.getFirst()).isInstanceOf(Decision.Admitted.class);
        awaitShared(limiter, rate);
        assertThat(usedToday()).isEqualTo(2);
        assertThat(held()).isEqualTo(1);
    }

    @Test
    void outageEndsThoughNobodyAsks() {
        RedisLimiter limiter = limiter(RedisLimiterSettings.defaults());
        redis.stop();
        admit(limiter, rate);
        assertThat(events.degraded).hasValue(1);
        assertThat(limiter.faults().block(GENEROUS)).hasSize(1);

        redis.goOn();

        Await.until("its end is told", () -> events.recovered.get() == 1);
        Await.until("no faults", () -> List.of().equals(limiter.faults().block(GENEROUS)));
    }

    /** A replica answers a PING. */
    @Test
    void faultsNameWhatRedisRefuses() {
        RedisLimiter limiter = limiter(RedisFixture.PATIENT);
        fixture.redis().configSet("maxmemory", "1");

        assertThat(limiter.faults().block(GENEROUS))
                .singleElement()
                .asString()
                .startsWith("Redis: ")
                .contains("OOM");
    }

    @Test
    void clientThatDoesNotWatchForSilenceIsRefused() {
        RedisClient unwatched = RedisClient.create(redis.uri());
        try {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> RedisLimiter.connect(
                            unwatched,
                            RedisLimiterSettings.defaults(),
                            Clock.systemUTC(),
                            Schedulers.parallel(),
                            events))
                    .withMessageContaining("SilentConnections");
        } finally {
            unwatched.shutdown(Duration.ZERO, Duration.ofSeconds(5));
        }
    }

    /** As after a failover behind one name: the connection to the old master stays, and all scripts fail on it. */
    @Test
    void masterThatBecameAReplicaIsLeftForTheNewOne() {
        try (RedisProcess next = new RedisProcess();
                RedisFixture there = new RedisFixture(next.uri())) {
            RedisLimiter limiter = limiter(RedisFixture.PATIENT);
            awaitShared(limiter, rate);

            proxy.leadTo(next.port());
            fixture.redis().replicaof("127.0.0.1", next.port());
            Await.until("spending is admitted again", () -> admit(limiter, quota) instanceof Decision.Admitted);

            assertThat(there.redis().keys(fixture.prefix + "{*}:caller:*")).isNotEmpty();
        }
    }

    /** An address' own limit is asked in another way. */
    @Test
    void masterThatBecameAReplicaIsLeftByAddressesToo() {
        try (RedisProcess next = new RedisProcess();
                RedisFixture there = new RedisFixture(next.uri())) {
            RedisLimiter limiter = limiter(RedisFixture.PATIENT);
            awaitShared(limiter, address);

            proxy.leadTo(next.port());
            fixture.redis().replicaof("127.0.0.1", next.port());
            Await.until("the new master counts", () -> {
                admit(limiter, address);
                return !there.redis().keys(fixture.prefix + "{*}:wall:*").isEmpty();
            });
        }
    }

    /** Each of the two once took the other's slot for one that nobody uses, and gave it back. */
    @Test
    void deadlineAndFailureThatMeetDecideOnce() throws Exception {
        RedisLimiter limiter = limiter(RedisFixture.PATIENT);
        silence(limiter);
        CompiledPolicy policy = compiled(ConcurrencyLimit.of("one", Scope.SUBJECT, 1, Duration.ofHours(1)));
        CyclicBarrier together = new CyclicBarrier(2);
        try (ExecutorService pair = Executors.newFixedThreadPool(2)) {
            for (int i = 0; i < 300; i++) {
                Subject subject = new Subject("user:" + i, "203.0.113.7");
                LocalDecision first = new LocalDecision(limiter, policy, subject);
                Callable<Decision> alone = () -> {
                    together.await();
                    return first.alone();
                };
                pair.invokeAll(List.of(alone, alone));

                assertThat(first.alone()).isInstanceOf(Decision.Admitted.class);
                assertThat(new LocalDecision(limiter, policy, subject).alone()).isInstanceOf(Decision.Refused.class);
            }
        }
    }

    private static CompiledPolicy compiled(Limit... limits) {
        return new CompiledPolicy(
                new Policy("test", List.of(limits)), RedisFixture.PATIENT, CompiledPolicy.Topology.ONE_NODE);
    }

    /** Redis is gone, and has been silent for long enough. */
    private void silence(RedisLimiter limiter) {
        redis.kill();
        Await.until("a slot that is counted here", () -> {
            boolean isAdmitted = admit(limiter, slots) instanceof Decision.Admitted;
            return isAdmitted && events.degraded.get() > 0;
        });
    }

    private void awaitAdmitted(RedisLimiter limiter, Limit... limits) {
        Await.until("an admission", () -> admit(limiter, limits) instanceof Decision.Admitted);
    }

    /** It answers one request, and dies before it is asked about those that waited meanwhile. */
    @Test
    void slotsAndSpendAreNotDecidedAloneIfRedisHasAnsweredAnybodySince() {
        RedisLimiter limiter = limiter(RedisLimiterSettings.defaults()
                .withTimes(Duration.ofSeconds(1), Duration.ofMillis(500))
                .withBatches(1, 1));
        Budget counted =
                new Budget("own", Scope.SUBJECT, 10, Duration.ofHours(1), 1, Mode.ENFORCED, FallbackMode.COUNT_LOCALLY);
        awaitShared(limiter, rate);
        List<Decision> decisions = new CopyOnWriteArrayList<>();
        redis.stop();
        asked(limiter, rate).subscribe(_ -> redis.kill());
        asked(limiter, rate, slots).subscribe(decisions::add);
        asked(limiter, counted).subscribe(decisions::add);
        asked(limiter, rate).subscribe(decisions::add);
        redis.goOn();

        Await.until("all are decided", () -> decisions.size() == 3);
        assertThat(decisions)
                .satisfiesExactlyInAnyOrder(
                        slot -> assertUnavailable(slot, "parallel"),
                        spending -> assertUnavailable(spending, "own"),
                        rates -> assertThat(rates).isInstanceOf(Decision.Admitted.class));
        awaitAdmitted(limiter, rate, slots, counted);
    }

    private static void assertUnavailable(@Nullable Decision decision, String limit) {
        assertThat(decision).isInstanceOfSatisfying(Decision.Refused.class, refused -> {
            assertThat(refused.violations())
                    .extracting(Decision.Violation::limit, Decision.Violation::cause)
                    .containsExactly(tuple(limit, Decision.Cause.UNAVAILABLE));
            assertThat(refused.first().retryAfter()).isPositive();
        });
    }

    /** No command is late: only too many wait here. */
    @Test
    void slotsThatFindTheQueueFullAreNotDecidedAlone() {
        RedisLimiter limiter = limiter(RedisFixture.PATIENT.withBatches(1, 1).withQueue(1));
        awaitShared(limiter, rate);
        redis.stop();
        asked(limiter, rate).subscribe();
        asked(limiter, rate).subscribe();

        assertUnavailable(admit(limiter, rate, slots), "parallel");
        assertThat(admit(limiter, rate)).isInstanceOf(Decision.Admitted.class);
    }

    /** It is there, and for others perhaps writable. */
    @Test
    void slotsAreNotDecidedAloneWhileRedisAnswersWithErrors() {
        RedisLimiter limiter = limiter(RedisFixture.PATIENT);
        fixture.redis().configSet("maxmemory", "1");

        for (int i = 0; i < 2 * RedisFixture.PATIENT.breaker().minimum(); i++) {
            assertUnavailable(admit(limiter, rate, slots), "parallel");
            assertThat(admit(limiter, rate)).isInstanceOf(Decision.Admitted.class);
        }
    }

    /** A request that Redis does not answer. */
    private static final class LocalDecision extends BaseSubscriber<Decision> {
        private final RedisLimiter limiter;
        private final Admission admission;
        private volatile @Nullable Decision decision;

        LocalDecision(RedisLimiter limiter, CompiledPolicy policy, Subject subject) {
            this.limiter = limiter;
            this.admission = limiter.admissions()
                    .subscription(policy, subject, "f-" + IDS.incrementAndGet(), Reservation.ofTheLimits(), this);
            onSubscribe(admission);
        }

        @Override
        protected void hookOnNext(Decision value) {
            decision = value;
        }

        /** What is decided without Redis, here or by whoever else did it. */
        @Nullable Decision alone() {
            limiter.admissions().decideLocally(admission);
            return decision;
        }
    }

    @Test
    void localCountIsALimitToo() {
        RedisLimiter limiter = limiter(RedisLimiterSettings.defaults());
        TokenBucket few = TokenBucket.of("few", Scope.SUBJECT, 5, Duration.ofDays(1));
        redis.kill();

        long admitted = IntStream.range(0, 50)
                .filter(i -> admit(limiter, few) instanceof Decision.Admitted)
                .count();

        assertThat(admitted).isEqualTo(5);
        assertThat(admit(limiter, few))
                .isInstanceOfSatisfying(
                        Decision.Refused.class,
                        refused -> assertThat(refused.first().cause()).isEqualTo(Decision.Cause.EXCEEDED));
    }

    @Test
    void redisThatIsKilledWithRequestsInFlightAndStartsEmptyLosesNoSlot() {
        RedisLimiter limiter = limiter(RedisLimiterSettings.defaults());
        AtomicInteger decided = new AtomicInteger();
        Mono<Void> crowd = Flux.range(0, 2_000)
                .flatMap(
                        i -> Flux.usingWhen(
                                asked(limiter, rate, slots),
                                decision -> Mono.just(decided.incrementAndGet()),
                                decision -> decision instanceof Decision.Admitted(Permit permit, List<LimitStatus> _)
                                        ? permit.settle(Usage.asReserved())
                                        : Mono.empty()),
                        64)
                .then();
        Disposable running = crowd.subscribe();
        Await.until("requests are in flight", () -> decided.get() > 200);
        redis.kill();
        Await.until("all are decided", () -> decided.get() == 2_000);
        redis.startAgain();

        awaitShared(limiter, rate, slots);
        Await.until("all slots are free", () -> held() == 0);
        assertThat(running.isDisposed()).isTrue();
    }

    @Test
    void commandThatIsSentTwiceBecauseItsAnswerWasLostCountsOnce() {
        RedisLimiter limiter = limiter(RedisFixture.PATIENT);
        admit(limiter, rate, quota, slots);
        proxy.cutNextAnswer();

        Decision decision = admit(limiter, rate, quota, slots);

        assertThat(proxy.isCut()).isTrue();
        assertThat(decision).isInstanceOf(Decision.Admitted.class);
        assertThat(usedToday()).isEqualTo(2);
        assertThat(held()).isEqualTo(2);

        proxy.cutNextAnswer();
        ((Decision.Admitted) decision).permit().settle(Usage.asReserved()).block(GENEROUS);
        Await.until("its slot is free", () -> held() == 1);
    }

    @Test
    void neverMoreThanTheQuotaIsAdmittedWhileConnectionsAreCut() {
        RedisLimiter limiter = limiter(RedisLimiterSettings.defaults());
        AtomicInteger admitted = new AtomicInteger();
        for (int round = 0; round < 40; round++) {
            proxy.cutNextAnswer();
            Flux.range(0, 25)
                    .flatMap(i -> asked(limiter, quota), 8)
                    .doOnNext(decision -> admitted.addAndGet(decision instanceof Decision.Admitted ? 1 : 0))
                    .blockLast(GENEROUS);
            if (round % 4 == 3) {
                awaitInspect(limiter);
            }
        }

        assertThat(admitted.get()).isBetween(1, 200);
        Await.until("Redis counts what was admitted", () -> {
            awaitInspect(limiter);
            return admitted.get() == usedToday();
        });
    }

    private void awaitInspect(RedisLimiter limiter) {
        Await.until("Redis answers", () -> {
            try {
                limiter.inspect(List.of(quota), ALICE).block(GENEROUS);
                asked(limiter, rate).block(GENEROUS);
                return true;
            } catch (RuntimeException e) {
                return false;
            }
        });
    }

    @Test
    void scriptsThatRedisForgotAreSentAgain() {
        RedisLimiter limiter = limiter(RedisFixture.PATIENT);
        for (int i = 0; i < 3; i++) {
            fixture.redis().scriptFlush();
            Decision decision = admit(limiter, quota, slots);
            assertThat(decision).isInstanceOf(Decision.Admitted.class);
            long lease = lastLease();
            Await.until(
                    "time passes", () -> lease < redisMillis() + slots.lease().toMillis());
            fixture.redis().scriptFlush();
            permitOf(decision).renew().block(GENEROUS);
            assertThat(lastLease()).isGreaterThan(lease);
            fixture.redis().scriptFlush();
            permitOf(decision).settle(Usage.asReserved()).block(GENEROUS);
            assertThat(held()).isZero();
        }
        assertThat(usedToday()).isEqualTo(3);
        assertThat(events.degraded).hasValue(0);
    }

    @Test
    void admissionThatComesTooLateIsGivenBack() {
        RedisLimiter limiter = limiter(RedisLimiterSettings.defaults());
        proxy.delayAnswers(Duration.ofMillis(200));

        assertThat(admit(limiter, quota, slots)).isInstanceOf(Decision.Refused.class);
        assertUnavailable(admit(limiter, rate, slots), "parallel");
        assertThat(admit(limiter, rate)).isInstanceOf(Decision.Admitted.class);

        assertThat(events.shared).hasValue(0);
        Await.until("slots and quota are given back", () -> held() == 0 && usedToday() == 0);
    }

    @Test
    void admissionThatIsCancelledIsGivenBack() {
        RedisLimiter limiter = limiter(RedisFixture.PATIENT);
        proxy.delayAnswers(Duration.ofMillis(50));
        Disposable asking = asked(limiter, quota, slots).subscribe();
        Await.until("it was admitted", () -> held() == 1);
        asking.dispose();

        Await.until("it was given back", () -> held() == 0 && usedToday() == 0);
    }

    @Test
    void holderThatDiesKeepsItsSlotsForOneLease() {
        ConcurrencyLimit brief = ConcurrencyLimit.of("parallel", Scope.SUBJECT, 2, Duration.ofSeconds(3));
        RedisLimiter dying = limiter(RedisFixture.PATIENT);
        RedisLimiter other = limiter(RedisFixture.PATIENT);
        // Both know their Redis, so that the lease is not over before the other one is connected.
        admit(dying, rate);
        admit(other, rate);
        admit(dying, brief);
        admit(dying, brief);

        assertThat(admit(other, brief)).isInstanceOf(Decision.Refused.class);
        dying.close();
        assertThat(admit(other, brief)).isInstanceOf(Decision.Refused.class);
        Await.until(
                "the slots are free",
                () -> other.inspect(List.of(brief), ALICE)
                                .blockOptional(GENEROUS)
                                .orElseThrow()
                                .getFirst()
                                .remaining()
                        == 2);
        assertThat(admit(other, brief)).isInstanceOf(Decision.Admitted.class);
    }

    @Test
    void renewalThatRedisDidNotHearInTimeIsMadeUpForByTheNext() {
        RedisLimiter limiter =
                limiter(RedisLimiterSettings.defaults().withTimes(Duration.ofSeconds(10), Duration.ofSeconds(1)));
        Permit permit = permitOf(admit(limiter, slots, ownBudget));
        redis.stop();
        permit.renew().block(GENEROUS);
        redis.goOn();
        // The one that came too late is on its way still.
        admit(limiter, rate);
        long lease = lastLease();

        Await.until("a renewal is heard", () -> {
            permit.renew().block(GENEROUS);
            return lastLease() > lease;
        });
        permit.settle(new Usage(Map.of("own-units", 3L))).block(GENEROUS);
        Await.until("its slot is free", () -> held() == 0);
        assertThat(events.unsettled).hasValue(0);
    }

    @Test
    void renewalIsDroppedWhileRedisIsCutOffAndTheNextOneKeepsTheSlot() {
        RedisLimiter limiter = limiter(RedisFixture.PATIENT);
        Permit permit = permitOf(admit(limiter, slots));
        long lease = lastLease();
        proxy.cutOff();
        Await.until("the connection is gone", () -> !sends(limiter));
        permit.renew().block(GENEROUS);
        proxy.letIn();
        Await.until("the connection is there again", () -> sends(limiter));
        awaitShared(limiter, rate);
        assertThat(lastLease()).isEqualTo(lease);

        permit.renew().block(GENEROUS);
        assertThat(lastLease()).isGreaterThan(lease);
    }

    @Test
    void renewalTakesNoSlotThatRedisLostWithItsMemory() {
        RedisLimiter limiter =
                limiter(RedisLimiterSettings.defaults().withTimes(Duration.ofSeconds(2), Duration.ofSeconds(1)));
        Permit permit = permitOf(admit(limiter, slots));
        redis.kill();
        permit.renew().block(GENEROUS);
        redis.startAgain();
        awaitShared(limiter, rate);

        permit.renew().block(GENEROUS);
        assertThat(held()).isZero();
    }

    @Test
    void renewalKeepsTheRecordAndTheSlotAsLongAsTheAdmissionDid() {
        RedisLimiter limiter = limiter(RedisFixture.PATIENT);
        Permit permit = permitOf(admit(limiter, slots, ownBudget));
        assertThat(alice().open()).hasSize(1);

        long renewed = redisMillis();
        permit.renew().block(GENEROUS);
        long heard = redisMillis();
        assertThat(alice().open().values())
                .singleElement(as(InstanceOfAssertFactories.LONG))
                .isBetween(
                        renewed + slots.lease().plusSeconds(10).toMillis(),
                        heard + slots.lease().plusSeconds(10).toMillis());
        assertThat(lastLease())
                .isBetween(
                        renewed + slots.lease().toMillis(),
                        heard + slots.lease().toMillis());

        permit.settle(new Usage(Map.of("own-units", 3L))).block(GENEROUS);
        permit.renew().block(GENEROUS);
        assertThat(alice().open()).isEmpty();
        assertThat(alice().settled().values())
                .singleElement(as(InstanceOfAssertFactories.LONG))
                .isBetween(heard, redisMillis() + 10_000);
        assertThat(held()).isZero();
    }

    /** They are kept in keys of their own then, and say the same. */
    @Test
    void recordsOfManyRequestsOfOneCallerDoNotFitIntoItsValue() {
        RedisLimiter limiter = limiter(RedisFixture.PATIENT);
        Policy policy = new Policy("test", List.of(quota, slots));
        List<Permit> permits = Flux.range(0, 50)
                .concatMap(i -> limiter.admit(policy, ALICE, "many-" + i))
                .map(RedisFaultsTest::permitOf)
                .collectList()
                .block(GENEROUS);
        assertThat(permits).isNotNull().hasSize(50);
        assertThat(alice().open()).hasSize(32);
        assertThat(fixture.keys("req")).hasSize(18);

        for (int i = 0; i < 50; i++) {
            permitOf(limiter.admit(policy, ALICE, "many-" + i)
                    .blockOptional(GENEROUS)
                    .orElseThrow());
        }
        assertThat(usedToday()).isEqualTo(50);
        assertThat(held()).isEqualTo(50);

        Flux.fromIterable(permits).concatMap(Permit::renew).blockLast(GENEROUS);
        assertThat(held()).isEqualTo(50);
        Flux.fromIterable(permits)
                .concatMap(permit -> permit.settle(new Usage(Map.of("daily", 0L))))
                .blockLast(GENEROUS);
        assertThat(usedToday()).isZero();
        assertThat(held()).isZero();
        for (int i = 0; i < 50; i++) {
            assertThat(limiter.admit(policy, ALICE, "many-" + i).block(GENEROUS))
                    .isInstanceOf(Decision.Refused.class);
        }
    }

    @Test
    void settlementThatIsKeptIsToldUntilTheRenewedRecordEnds() {
        RedisLimiter limiter = limiter(RedisFixture.PATIENT);
        RedisPermit permit = (RedisPermit) permitOf(admit(limiter, slots, ownBudget));
        long begun = System.nanoTime();
        permit.renew().block(GENEROUS);
        assertThat(permit.reservations().getFirst().until() - begun)
                .isGreaterThanOrEqualTo(slots.lease().plusSeconds(10).toNanos());

        proxy.cutOff();
        Await.until("the connection is gone", () -> !sends(limiter));
        permit.settle(new Usage(Map.of("own-units", 3L))).block(GENEROUS);
        proxy.letIn();
        Await.until("the connection is there again", () -> sends(limiter));
        awaitShared(limiter, rate);

        Await.until("the reservation is corrected", () -> usedOf("budget") == 3);
        assertThat(events.unsettled).hasValue(0);
    }

    @Test
    void correctionOfAWindowThatIsForgottenDoesNothing() {
        RedisLimiter limiter = limiter(RedisFixture.PATIENT);
        Permit more = permitOf(admit(limiter, slots, ownBudget));
        Permit less = permitOf(admit(limiter, slots, ownBudget));
        limiter.reset(List.of(ownBudget), ALICE).block(GENEROUS);

        more.settle(new Usage(Map.of("own-units", 30L))).block(GENEROUS);
        less.settle(new Usage(Map.of("own-units", 3L))).block(GENEROUS);

        assertThat(held()).isZero();
        assertThat(fixture.counters("budget:")).isEmpty();
    }

    /** Whether there is a connection on which commands are sent. */
    private boolean sends(RedisLimiter limiter) {
        return limiter.inspect(List.of(rate), ALICE)
                .thenReturn(true)
                .onErrorResume(error -> Mono.just(!(error instanceof ScriptExecutor.NotSentException)))
                .blockOptional(GENEROUS)
                .orElseThrow();
    }

    @Test
    void gatewaysWhoseClocksAreWrongShareOneWindow() {
        fixture.setTime(Instant.parse("2026-06-01T00:00:05Z"));
        Budget minute = Budget.of("units", Scope.GLOBAL, 10, Duration.ofMinutes(1), 1);
        List<RedisLimiter> gateways = List.of(
                RedisFixture.connected(
                        fixture.timedLimiter(RedisFixture.PATIENT, new TestClock("2026-05-31T23:59:55Z"), events)),
                RedisFixture.connected(
                        fixture.timedLimiter(RedisFixture.PATIENT, new TestClock("2026-06-01T00:00:15Z"), events)));

        long admitted = IntStream.range(0, 40)
                .filter(i -> admit(gateways.get(i % 2), minute, quota) instanceof Decision.Admitted)
                .count();

        assertThat(admitted).isEqualTo(10);
        assertThat(fixture.keys("budget"))
                .containsExactly(fixture.ofAll("units") + "budget:units:2026-06-01T00.00.00Z");
        assertThat(fixture.counters("quota:"))
                .containsOnlyKeys(fixture.of(ALICE.id()) + "caller:user%3Aalice quota:daily:2026-06-01");
    }

    @Test
    void redisThatIsNotThereYetIsWaitedForByNobody() {
        redis.kill();
        RedisLimiter limiter = fixture.limiterAt(proxy.port(), RedisLimiterSettings.defaults(), events);

        assertThat(admit(limiter, address, rate)).isInstanceOf(Decision.Admitted.class);
        assertThat(admit(limiter, quota)).isInstanceOf(Decision.Refused.class);

        redis.startAgain();
        awaitShared(limiter, address, rate);
    }

    @Test
    void admittingIsOneCommandAndSettlingAnother() {
        RedisLimiter limiter = limiter(RedisFixture.PATIENT);
        admit(limiter, rate, quota, slots, ownBudget);
        proxy.commands.clear();

        Decision decision = admit(limiter, rate, quota, slots, ownBudget);
        assertThat(proxy.commands).containsExactly("EVALSHA");
        ((Decision.Admitted) decision)
                .permit()
                .settle(new Usage(Map.of("own-units", 3L)))
                .block(GENEROUS);
        // The first settling brings its script.
        assertThat(proxy.commands).containsExactly("EVALSHA", "EVALSHA", "EVAL");

        proxy.commands.clear();
        Decision.Admitted again = (Decision.Admitted) admit(limiter, rate, quota, slots, ownBudget);
        again.permit().settle(Usage.asReserved()).block(GENEROUS);
        assertThat(proxy.commands).containsExactly("EVALSHA", "EVALSHA");
    }

    /**
     * Its threads do something else for longer than Redis may take, or until just then, so that the command is sent
     * when its time is over: that says nothing about Redis.
     */
    @Test
    void busyProcessDoesNotTakeItsOwnDelayForAnOutage() {
        // Long, so that a busy machine does not make Redis itself late.
        RedisLimiter limiter =
                limiter(RedisLimiterSettings.defaults().withTimes(Duration.ofMillis(1500), Duration.ofSeconds(1)));
        awaitShared(limiter, address, rate);
        for (int busyMillis : new int[] {1050, 1600, 4000}) {
            assertDecidedByRedisAfter(busyMillis, limiter);
        }
    }

    private void assertDecidedByRedisAfter(int busyMillis, RedisLimiter limiter) {
        int shared = events.shared.get();
        int local = events.local.get();
        List<Decision> decisions = new CopyOnWriteArrayList<>();
        whileBusy(Duration.ofMillis(busyMillis), () -> {
            for (int i = 0; i < 30; i++) {
                asked(limiter, address, rate, quota, slots, budget).subscribe(decisions::add);
            }
        });

        Await.until("all are decided", () -> decisions.size() == 30);
        assertThat(decisions).allMatch(Decision.Admitted.class::isInstance);
        assertThat(events.shared).hasValue(shared + 30);
        assertThat(events.local).hasValue(local);
    }

    /** All threads that write and read do something else, meanwhile and for so long. */
    private static void whileBusy(Duration time, Runnable work) {
        AtomicInteger free = new AtomicInteger();
        RedisFixture.loops().forEach(_ -> free.incrementAndGet());
        CountDownLatch busy = new CountDownLatch(1);
        for (EventExecutor loop : RedisFixture.loops()) {
            loop.execute(() -> {
                free.decrementAndGet();
                try {
                    busy.await();
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
            });
        }
        Await.until("all are busy", () -> free.get() == 0);
        work.run();
        long end = System.nanoTime() + time.toNanos();
        while (System.nanoTime() - end < 0) {
            Thread.onSpinWait();
        }
        busy.countDown();
    }

    @Test
    void waitingHereAndRedisAreMeasuredApart() {
        Duration time = Duration.ofMillis(400);
        RedisLimiter limiter = limiter(RedisFixture.PATIENT);
        awaitShared(limiter, rate);
        events.waits.clear();
        events.answers.clear();
        List<Decision> decisions = new CopyOnWriteArrayList<>();
        whileBusy(time, () -> asked(limiter, rate).subscribe(decisions::add));
        Await.until("a decision", () -> decisions.size() == 1);

        assertThat(events.waits)
                .singleElement(as(InstanceOfAssertFactories.DURATION))
                .isGreaterThanOrEqualTo(time);
        assertThat(events.answers)
                .singleElement(as(InstanceOfAssertFactories.DURATION))
                .isLessThan(time);

        events.waits.clear();
        events.answers.clear();
        proxy.delayAnswers(time);
        admit(limiter, rate);

        assertThat(events.waits)
                .singleElement(as(InstanceOfAssertFactories.DURATION))
                .isLessThan(time);
        assertThat(events.answers)
                .singleElement(as(InstanceOfAssertFactories.DURATION))
                .isGreaterThanOrEqualTo(time);
    }

    /** The first request of a gateway that has just started finds the scripts there. */
    @Test
    void preparedRedisKnowsTheScripts() {
        RedisLimiter limiter = limiter(RedisFixture.PATIENT);
        fixture.redis().scriptFlush();
        limiter.prepare().block(GENEROUS);
        proxy.commands.clear();

        permitOf(admit(limiter, rate, quota, slots)).settle(Usage.asReserved()).block(GENEROUS);

        assertThat(proxy.commands).containsExactly("EVALSHA", "EVALSHA");
    }

    @Test
    void addressThatIsRefusedCostsNoScript() {
        RedisLimiter limiter = limiter(RedisFixture.PATIENT);
        TokenBucket tight = TokenBucket.of("ip", Scope.ADDRESS, 1, Duration.ofDays(1));
        assertThat(admit(limiter, quota, tight)).isInstanceOf(Decision.Admitted.class);
        proxy.commands.clear();

        assertThat(admit(limiter, quota, tight)).isInstanceOfSatisfying(Decision.Refused.class, refused -> {
            assertThat(refused.violations())
                    .extracting(Decision.Violation::limit, Decision.Violation::cause)
                    .containsExactly(tuple("ip", Decision.Cause.EXCEEDED));
            assertThat(refused.statuses()).extracting(LimitStatus::limit).containsExactly("ip");
        });
        assertThat(proxy.commands).containsExactly("GET");
        assertThat(usedToday()).isEqualTo(1);
    }

    @Test
    void ratesAloneNeedNoSettling() {
        RedisLimiter limiter = limiter(RedisFixture.PATIENT);
        admit(limiter, rate);
        proxy.commands.clear();

        Decision.Admitted admitted = (Decision.Admitted) admit(limiter, rate);
        admitted.permit().settle(Usage.asReserved()).block(GENEROUS);

        assertThat(proxy.commands).containsExactly("EVALSHA");
    }

    @Test
    void manyAtOnceShareCommands() {
        RedisLimiter limiter = limiter(RedisFixture.PATIENT);
        admit(limiter, rate);
        proxy.commands.clear();

        Flux.range(0, 640).flatMap(i -> asked(limiter, rate), 128).blockLast(GENEROUS);

        assertThat(proxy.commands).hasSizeLessThan(320).containsOnly("EVALSHA");
    }

    @Test
    void whatSomebodyElseWroteInAValuesPlaceIsWrittenOverAndTakenForNoOutage() {
        RedisLimiter limiter = limiter(RedisFixture.PATIENT);
        String key = fixture.of(ALICE.id()) + "caller:user%3Aalice";
        fixture.redis().set(key, "nonsense");

        Decision decision = admit(limiter, rate, quota, slots);

        permitOf(decision).settle(new Usage(Map.of())).block(GENEROUS);
        assertThat(events.local.get()).isZero();
        assertThat(alice().counters()).hasSize(3);

        fixture.redis()
                .eval(
                        "return redis.call('SET', KEYS[1], redis.call('GETRANGE', KEYS[1], 0, -6))",
                        ScriptOutputType.STATUS,
                        key);
        Decision afterCut = admit(limiter, rate, quota, slots);
        permitOf(afterCut).settle(new Usage(Map.of())).block(GENEROUS);
        assertThat(events.local.get()).isZero();
        assertThat(alice().settled()).hasSize(1);
        assertThat(held()).isZero();

        fixture.redis().del(key);
        fixture.redis().lpush(key, "a list");
        assertThat(admit(limiter, rate, quota, slots)).isInstanceOf(Decision.Admitted.class);
        assertThat(events.local.get()).isZero();
    }

    @Test
    void everyKeyEnds() {
        Clock clock = Clock.systemUTC();
        for (RedisLimiterSettings.AddressLimits order : RedisLimiterSettings.AddressLimits.values()) {
            RedisLimiter limiter = RedisFixture.connected(
                    fixture.limiter(RedisFixture.PATIENT.withAddressLimits(order), clock, events));
            Decision.Admitted open = (Decision.Admitted) admit(limiter, address, rate, quota, slots, budget);
            Decision.Admitted settled = (Decision.Admitted) admit(limiter, address, rate, quota, slots, budget);
            settled.permit().settle(new Usage(Map.of("units", 99L, "user", 3L))).block(GENEROUS);
            open.permit().renew().block(GENEROUS);

            List<String> keys = fixture.redis().keys(fixture.prefix + "*");
            String ofAddresses = order == RedisLimiterSettings.AddressLimits.FIRST ? "wall" : "address";
            for (String kind : List.of("caller", ofAddresses, "budget")) {
                assertThat(fixture.keys(kind)).as(kind).isNotEmpty();
            }
            assertThat(alice().counters()).hasSizeGreaterThanOrEqualTo(3);
            assertThat(keys)
                    .allSatisfy(key -> assertThat(fixture.redis().pttl(key))
                            .as(key)
                            .isBetween(1L, Duration.ofHours(26).toMillis()));
            assertThat(open.statuses()).hasSize(5);
        }
    }
}
