package dev.sluice.limits;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Schedulers;

/** What every limiter does, wherever it counts. The time is told by the test. */
public abstract class LimiterContract {
    private static final AtomicInteger IDS = new AtomicInteger();
    private static final ZoneId BERLIN = ZoneId.of("Europe/Berlin");
    private static final Duration MINUTE = Duration.ofMinutes(1);

    protected static final Subject ALICE = new Subject("user:alice", "203.0.113.7");
    protected static final Subject BOB = new Subject("user:bob", "203.0.113.8");

    protected final RecordedEvents events = new RecordedEvents();

    protected abstract Limiter limiter();

    /** Sets the time of whoever counts. */
    protected abstract void setTime(String instant);

    protected abstract void advance(Duration by);

    protected final Decision admit(Subject subject, Limit... limits) {
        return admit(subject, "r-" + IDS.incrementAndGet(), limits);
    }

    protected final Decision admit(Subject subject, String id, Limit... limits) {
        return admit(subject, id, Reservation.ofTheLimits(), limits);
    }

    private Decision admit(Subject subject, String id, Reservation reservation, Limit... limits) {
        Decision decision = limiter()
                .admit(new Policy("test", List.of(limits)), subject, id, reservation)
                .block(Duration.ofSeconds(20));
        assertThat(decision).isNotNull();
        return decision;
    }

    protected final Decision.Admitted admitted(Subject subject, Limit... limits) {
        Decision decision = admit(subject, limits);
        assertThat(decision).isInstanceOf(Decision.Admitted.class);
        return (Decision.Admitted) decision;
    }

    protected final Decision.Refused refused(Subject subject, Limit... limits) {
        Decision decision = admit(subject, limits);
        assertThat(decision).isInstanceOf(Decision.Refused.class);
        return (Decision.Refused) decision;
    }

    private Decision.Admitted admitted(Subject subject, Reservation reservation, Limit... limits) {
        Decision decision = admit(subject, "s-" + IDS.incrementAndGet(), reservation, limits);
        assertThat(decision).isInstanceOf(Decision.Admitted.class);
        return (Decision.Admitted) decision;
    }

    private Decision.Refused refused(Subject subject, Reservation reservation, Limit... limits) {
        Decision decision = admit(subject, "s-" + IDS.incrementAndGet(), reservation, limits);
        assertThat(decision).isInstanceOf(Decision.Refused.class);
        return (Decision.Refused) decision;
    }

    final void settle(Decision.Admitted admitted, Map<String, Long> used) {
        admitted.permit().settle(new Usage(used)).block(Duration.ofSeconds(20));
    }

    final void renew(Decision.Admitted admitted) {
        admitted.permit().renew().block(Duration.ofSeconds(20));
    }

    final long remaining(Subject subject, Limit limit) {
        return inspect(subject, limit).remaining();
    }

    final LimitStatus inspect(Subject subject, Limit limit) {
        List<LimitStatus> statuses = limiter().inspect(List.of(limit), subject).block(Duration.ofSeconds(20));
        assertThat(statuses).isNotNull();
        return statuses.getFirst();
    }

    @Test
    void bucketAdmitsItsBurstAndThenItsRate() {
        TokenBucket bucket = TokenBucket.of("user", Scope.SUBJECT, 30, MINUTE).withBurst(10);
        for (int left = 9; left >= 0; left--) {
            assertThat(admitted(ALICE, bucket).statuses())
                    .containsExactly(new LimitStatus("user", 10, left, Duration.ofSeconds(2L * (10 - left))));
        }

        Decision.Refused refused = refused(ALICE, bucket);
        assertThat(refused.first())
                .isEqualTo(new Decision.Violation("user", Decision.Cause.EXCEEDED, Duration.ofSeconds(2)));
        assertThat(refused.statuses()).containsExactly(new LimitStatus("user", 10, 0, Duration.ofSeconds(20)));

        advance(Duration.ofMillis(1999));
        assertThat(refused(ALICE, bucket).first().retryAfter()).isEqualTo(Duration.ofMillis(1));
        advance(Duration.ofMillis(1));
        admitted(ALICE, bucket);
        refused(ALICE, bucket);
    }

    @Test
    void bucketNeverHoldsMoreThanItsBurst() {
        TokenBucket bucket = TokenBucket.of("user", Scope.SUBJECT, 60, MINUTE).withBurst(3);
        admitted(ALICE, bucket);
        advance(Duration.ofHours(3));

        assertThat(inspect(ALICE, bucket)).isEqualTo(new LimitStatus("user", 3, 3, Duration.ZERO));
        for (int i = 0; i < 3; i++) {
            admitted(ALICE, bucket);
        }
        refused(ALICE, bucket);
    }

    @Test
    void rateThatIsNoWholeNumberDoesNotDrift() {
        TokenBucket bucket =
                TokenBucket.of("odd", Scope.SUBJECT, 7, Duration.ofSeconds(11)).withBurst(1);
        int admissions = 0;
        for (int i = 0; i < 1100; i++) {
            admissions += admit(ALICE, bucket) instanceof Decision.Admitted ? 1 : 0;
            advance(Duration.ofMillis(100));
        }

        // 110 s at 7 in 11 s are 70; asked every 100 ms, each is at most 100 ms late.
        assertThat(admissions).isBetween(65, 71);
    }

    @Test
    void quotaLastsUntilMidnightOfItsZone() {
        setTime("2026-06-01T21:59:00Z");
        CalendarQuota quota = CalendarQuota.of("daily", Scope.SUBJECT, 2, BERLIN);
        assertThat(admitted(ALICE, quota).statuses()).containsExactly(new LimitStatus("daily", 2, 1, MINUTE));
        admitted(ALICE, quota);

        assertThat(refused(ALICE, quota).first())
                .isEqualTo(new Decision.Violation("daily", Decision.Cause.EXCEEDED, MINUTE));

        advance(MINUTE);
        assertThat(admitted(ALICE, quota).statuses())
                .containsExactly(new LimitStatus("daily", 2, 1, Duration.ofHours(24)));
    }

    @Test
    void dayOfTheChangeToSummerTimeHas23Hours() {
        setTime("2026-03-28T23:00:00Z");
        CalendarQuota quota = CalendarQuota.of("daily", Scope.SUBJECT, 2, BERLIN);

        assertThat(admitted(ALICE, quota).statuses().getFirst().resetsIn()).isEqualTo(Duration.ofHours(23));
    }

    @Test
    void dayOfTheChangeToWinterTimeHas25Hours() {
        setTime("2026-10-24T22:00:00Z");
        CalendarQuota quota = CalendarQuota.of("daily", Scope.SUBJECT, 2, BERLIN);

        assertThat(admitted(ALICE, quota).statuses().getFirst().resetsIn()).isEqualTo(Duration.ofHours(25));
    }

    @Test
    void slotIsFreeWhenItsHolderSettles() {
        ConcurrencyLimit slots = ConcurrencyLimit.of("parallel", Scope.SUBJECT, 2, Duration.ofSeconds(45));
        Decision.Admitted first = admitted(ALICE, slots);
        advance(Duration.ofSeconds(5));
        Decision.Admitted second = admitted(ALICE, slots);
        assertThat(second.statuses()).containsExactly(new LimitStatus("parallel", 2, 0, Duration.ofSeconds(45)));
        assertThat(refused(ALICE, slots).first().retryAfter()).isEqualTo(Duration.ofSeconds(40));
        admitted(BOB, slots);

        settle(first, Map.of());
        assertThat(remaining(ALICE, slots)).isEqualTo(1);
        settle(second, Map.of());
        assertThat(inspect(ALICE, slots)).isEqualTo(new LimitStatus("parallel", 2, 2, Duration.ZERO));
    }

    @Test
    void slotOfHolderThatDiedIsFreeWhenItsLeaseEnds() {
        ConcurrencyLimit slots = ConcurrencyLimit.of("parallel", Scope.SUBJECT, 1, Duration.ofSeconds(45));
        admitted(ALICE, slots);
        advance(Duration.ofMillis(44_999));
        refused(ALICE, slots);
        advance(Duration.ofMillis(1));

        admitted(ALICE, slots);
    }

    @Test
    void slotThatIsRenewedOutlivesItsLeaseAndOneThatIsNotDoesNot() {
        ConcurrencyLimit slots = ConcurrencyLimit.of("parallel", Scope.SUBJECT, 2, Duration.ofSeconds(45));
        Decision.Admitted running = admitted(ALICE, slots);
        admitted(ALICE, slots);
        advance(Duration.ofSeconds(44));
        renew(running);
        refused(ALICE, slots);

        advance(Duration.ofSeconds(1));
        assertThat(inspect(ALICE, slots)).isEqualTo(new LimitStatus("parallel", 2, 1, Duration.ofSeconds(44)));
        for (int i = 0; i < 10; i++) {
            advance(Duration.ofSeconds(30));
            renew(running);
            renew(running);
        }
        assertThat(inspect(ALICE, slots)).isEqualTo(new LimitStatus("parallel", 2, 1, Duration.ofSeconds(45)));

        settle(running, Map.of());
        assertThat(inspect(ALICE, slots)).isEqualTo(new LimitStatus("parallel", 2, 2, Duration.ZERO));
    }

    @Test
    void renewedSlotIsFreeWhenItsLastLeaseEnds() {
        ConcurrencyLimit slots = ConcurrencyLimit.of("parallel", Scope.SUBJECT, 1, Duration.ofSeconds(45));
        Decision.Admitted running = admitted(ALICE, slots);
        advance(Duration.ofSeconds(30));
        renew(running);
        advance(Duration.ofMillis(44_999));
        assertThat(refused(ALICE, slots).first().retryAfter()).isEqualTo(Duration.ofMillis(1));
        advance(Duration.ofMillis(1));

        admitted(ALICE, slots);
    }

    @Test
    void slotThatWasLostIsNotTakenAgain() {
        ConcurrencyLimit slots = ConcurrencyLimit.of("parallel", Scope.SUBJECT, 1, Duration.ofSeconds(45));
        Decision.Admitted late = admitted(ALICE, slots);
        advance(Duration.ofSeconds(45));
        renew(late);
        assertThat(remaining(ALICE, slots)).isEqualTo(1);

        admitted(ALICE, slots);
        advance(Duration.ofSeconds(5));
        renew(late);
        assertThat(inspect(ALICE, slots)).isEqualTo(new LimitStatus("parallel", 1, 0, Duration.ofSeconds(40)));
        settle(late, Map.of());
        refused(ALICE, slots);
    }

    @Test
    void renewalAfterSettlingDoesNothing() {
        ConcurrencyLimit slots = ConcurrencyLimit.of("parallel", Scope.SUBJECT, 1, Duration.ofSeconds(45));
        Decision.Admitted ended = admitted(ALICE, slots);
        settle(ended, Map.of());
        renew(ended);
        assertThat(inspect(ALICE, slots)).isEqualTo(new LimitStatus("parallel", 1, 1, Duration.ZERO));

        admitted(ALICE, slots);
        advance(Duration.ofSeconds(5));
        renew(ended);
        assertThat(inspect(ALICE, slots)).isEqualTo(new LimitStatus("parallel", 1, 0, Duration.ofSeconds(40)));
    }

    @Test
    void reservationOfLongRequestThatIsRenewedIsCorrected() {
        ConcurrencyLimit brief = ConcurrencyLimit.of("parallel", Scope.SUBJECT, 2, Duration.ofSeconds(45));
        ConcurrencyLimit lasting = ConcurrencyLimit.of("all", Scope.GLOBAL, 2, Duration.ofMinutes(2));
        Budget budget = Budget.of("units", Scope.SUBJECT, 100, Duration.ofDays(1), 40);
        Decision.Admitted running = admitted(ALICE, brief, budget, lasting);
        for (int i = 0; i < 20; i++) {
            advance(Duration.ofSeconds(15));
            renew(running);
        }
        assertThat(inspect(ALICE, brief)).isEqualTo(new LimitStatus("parallel", 2, 1, Duration.ofSeconds(45)));
        assertThat(inspect(ALICE, lasting)).isEqualTo(new LimitStatus("all", 2, 1, Duration.ofMinutes(2)));
        assertThat(remaining(ALICE, budget)).isEqualTo(60);

        settle(running, Map.of("units", 5L));
        assertThat(remaining(ALICE, budget)).isEqualTo(95);
        assertThat(remaining(ALICE, brief)).isEqualTo(2);
        assertThat(remaining(ALICE, lasting)).isEqualTo(2);
    }

    @Test
    void permitIsRenewedThreeTimesInItsShortestLease() {
        TokenBucket rate = TokenBucket.of("user", Scope.SUBJECT, 5, MINUTE);
        ConcurrencyLimit brief = ConcurrencyLimit.of("parallel", Scope.SUBJECT, 5, Duration.ofSeconds(45));
        ConcurrencyLimit lasting = ConcurrencyLimit.of("all", Scope.GLOBAL, 5, Duration.ofMinutes(2));

        assertThat(admitted(ALICE, lasting, rate, brief).permit().renewalPeriod())
                .contains(Duration.ofSeconds(15));
        assertThat(admitted(ALICE, rate).permit().renewalPeriod()).isEmpty();
        assertThat(admitted(ALICE).permit().renewalPeriod()).isEmpty();
        renew(admitted(ALICE, rate));
        renew(admitted(ALICE));
    }

    @Test
    void budgetReservesAndIsCorrectedToWhatWasUsed() {
        setTime("2026-06-01T12:30:00Z");
        Budget budget = Budget.of("units", Scope.GLOBAL, 100, Duration.ofHours(1), 40);
        Decision.Admitted first = admitted(ALICE, budget);
        Decision.Admitted second = admitted(BOB, budget);
        assertThat(second.statuses()).containsExactly(new LimitStatus("units", 100, 20, Duration.ofMinutes(30)));
        refused(ALICE, budget);

        settle(first, Map.of("units", 5L));
        assertThat(remaining(ALICE, budget)).isEqualTo(55);
        settle(second, Map.of("units", 130L));
        assertThat(remaining(ALICE, budget)).isZero();
        refused(ALICE, budget);
    }

    @Test
    void requestReservesWhatItMayUseAndIsCorrectedFromThat() {
        setTime("2026-06-01T12:30:00Z");
        Budget budget = Budget.of("units", Scope.GLOBAL, 100, Duration.ofHours(1), 1);
        CalendarQuota quota = CalendarQuota.of("daily", Scope.SUBJECT, 80, ZoneId.of("UTC"));
        Decision.Admitted first = admitted(ALICE, new Reservation(Map.of("units", 70L, "daily", 60L)), budget, quota);
        assertThat(first.statuses()).extracting(LimitStatus::remaining).containsExactly(30L, 20L);
        assertThat(refused(BOB, new Reservation(Map.of("units", 31L)), budget).first())
                .isEqualTo(new Decision.Violation("units", Decision.Cause.EXCEEDED, Duration.ofMinutes(30)));
        admitted(BOB, budget);

        settle(first, Map.of("units", 12L, "daily", 3L));
        assertThat(remaining(ALICE, budget)).isEqualTo(87);
        assertThat(remaining(ALICE, quota)).isEqualTo(77);
    }

    @Test
    void reservationsOfRequestsThatAskTogetherAreTheirOwn() {
        Budget budget = Budget.of("units", Scope.GLOBAL, 1000, Duration.ofHours(1), 1);
        Policy policy = new Policy("test", List.of(budget));
        List<Decision> decisions = Flux.range(1, 20)
                .flatMap(units -> limiter()
                        .admit(
                                policy,
                                ALICE,
                                "t-" + IDS.incrementAndGet(),
                                new Reservation(Map.of("units", 0L + units))))
                .collectList()
                .block(Duration.ofSeconds(20));

        assertThat(decisions).hasSize(20).allMatch(Decision.Admitted.class::isInstance);
        assertThat(remaining(ALICE, budget)).isEqualTo(1000 - 210);
    }

    @Test
    void reservationBeyondTheCapacityIsAdmittedWhileNobodyHasTakenAny() {
        Budget budget = Budget.of("units", Scope.SUBJECT, 100, Duration.ofHours(1), 1);
        Reservation large = new Reservation(Map.of("units", 1000L));
        Decision.Admitted admitted = admitted(ALICE, large, budget);
        assertThat(remaining(ALICE, budget)).isZero();

        settle(admitted, Map.of("units", 1L));
        refused(ALICE, large, budget);
        assertThat(remaining(ALICE, budget)).isEqualTo(99);
    }

    @Test
    void ratesAndSlotsTakeOneWhateverIsReserved() {
        TokenBucket bucket = TokenBucket.of("user", Scope.SUBJECT, 2, MINUTE);
        ConcurrencyLimit slots = ConcurrencyLimit.of("parallel", Scope.SUBJECT, 2, MINUTE);
        Decision.Admitted admitted =
                admitted(ALICE, new Reservation(Map.of("user", 2L, "parallel", 2L)), bucket, slots);

        assertThat(admitted.statuses()).extracting(LimitStatus::remaining).containsExactly(1L, 1L);
    }

    @Test
    void usageThatIsNotNamedIsWhatWasReserved() {
        Budget budget = Budget.of("units", Scope.SUBJECT, 100, Duration.ofHours(1), 40);
        settle(admitted(ALICE, budget), Map.of("something-else", 3L));

        assertThat(remaining(ALICE, budget)).isEqualTo(60);
    }

    @Test
    void correctionBelongsToTheWindowOfTheReservation() {
        setTime("2026-06-01T12:59:59Z");
        Budget budget = Budget.of("units", Scope.GLOBAL, 100, Duration.ofHours(1), 40);
        Decision.Admitted before = admitted(ALICE, budget);
        advance(Duration.ofSeconds(1));
        admitted(ALICE, budget);

        settle(before, Map.of("units", 0L));
        assertThat(remaining(ALICE, budget)).isEqualTo(60);
    }

    @Test
    void tokenThatWasNotUsedComesBack() {
        TokenBucket bucket = TokenBucket.of("user", Scope.SUBJECT, 2, MINUTE);
        settle(admitted(ALICE, bucket), Map.of("user", 0L));
        assertThat(inspect(ALICE, bucket)).isEqualTo(new LimitStatus("user", 2, 2, Duration.ZERO));

        settle(admitted(ALICE, bucket), Map.of("user", 3L));
        assertThat(refused(ALICE, bucket).first().retryAfter()).isEqualTo(Duration.ofMinutes(1));
    }

    @Test
    void secondSettlingDoesNothing() {
        Budget budget = Budget.of("units", Scope.SUBJECT, 100, Duration.ofHours(1), 40);
        Decision.Admitted admitted = admitted(ALICE, budget);
        settle(admitted, Map.of("units", 10L));
        settle(admitted, Map.of("units", 10L));
        settle(admitted, Map.of("units", 0L));

        assertThat(remaining(ALICE, budget)).isEqualTo(90);
    }

    @Test
    void refusalChargesNoLimit() {
        TokenBucket rate = TokenBucket.of("user", Scope.SUBJECT, 5, MINUTE);
        CalendarQuota quota = CalendarQuota.of("daily", Scope.SUBJECT, 1, BERLIN);
        Budget budget = Budget.of("units", Scope.GLOBAL, 100, Duration.ofHours(1), 10);
        ConcurrencyLimit slots = ConcurrencyLimit.of("parallel", Scope.SUBJECT, 5, Duration.ofSeconds(45));
        admitted(ALICE, rate, slots, budget, quota);

        Decision.Refused refused = refused(ALICE, rate, slots, budget, quota);
        assertThat(refused.violations()).extracting(Decision.Violation::limit).containsExactly("daily");
        assertThat(refused.statuses())
                .extracting(LimitStatus::limit)
                .containsExactly("user", "parallel", "units", "daily");
        assertThat(refused.statuses()).extracting(LimitStatus::remaining).containsExactly(4L, 4L, 90L, 0L);
        assertThat(remaining(ALICE, rate)).isEqualTo(4);
        assertThat(remaining(ALICE, slots)).isEqualTo(4);
        assertThat(remaining(ALICE, budget)).isEqualTo(90);
    }

    @Test
    void firstViolationOfThePolicyNamesTheRefusalAndAllAreTold() {
        TokenBucket rate = TokenBucket.of("user", Scope.SUBJECT, 1, MINUTE);
        ConcurrencyLimit slots = ConcurrencyLimit.of("parallel", Scope.SUBJECT, 1, Duration.ofSeconds(45));
        admitted(ALICE, rate, slots);

        assertThat(refused(ALICE, slots, rate).violations())
                .containsExactly(
                        new Decision.Violation("parallel", Decision.Cause.EXCEEDED, Duration.ofSeconds(45)),
                        new Decision.Violation("user", Decision.Cause.EXCEEDED, MINUTE));
        assertThat(refused(ALICE, rate, slots).first().limit()).isEqualTo("user");
    }

    @Test
    void shadowCountsAndRefusesNothing() {
        CalendarQuota shadow = new CalendarQuota("daily", Scope.SUBJECT, 1, BERLIN, Mode.SHADOW, FallbackMode.REFUSE);
        TokenBucket rate = TokenBucket.of("user", Scope.SUBJECT, 5, MINUTE);
        admitted(ALICE, shadow, rate);
        assertThat(events.wouldHaveRefused).isEmpty();

        assertThat(admitted(ALICE, shadow, rate).statuses())
                .extracting(LimitStatus::remaining)
                .containsExactly(0L, 3L);
        assertThat(events.wouldHaveRefused).containsExactly("daily");
    }

    @Test
    void countersAreSharedAsTheirScopeSays() {
        TokenBucket ofAddress = TokenBucket.of("ip", Scope.ADDRESS, 5, MINUTE);
        TokenBucket ofSubject = TokenBucket.of("user", Scope.SUBJECT, 5, MINUTE);
        TokenBucket ofAll = TokenBucket.of("all", Scope.GLOBAL, 5, MINUTE);
        Subject aliceElsewhere = new Subject(ALICE.id(), "198.51.100.1");
        Subject bobAtAlices = new Subject(BOB.id(), ALICE.address());
        admitted(ALICE, ofAddress, ofSubject, ofAll);

        assertThat(admitted(aliceElsewhere, ofAddress, ofSubject, ofAll).statuses())
                .extracting(LimitStatus::remaining)
                .containsExactly(4L, 3L, 3L);
        assertThat(admitted(bobAtAlices, ofAddress, ofSubject, ofAll).statuses())
                .extracting(LimitStatus::remaining)
                .containsExactly(3L, 4L, 2L);
    }

    @Test
    void addressIsRefusedAfterItsBurst() {
        TokenBucket wall = TokenBucket.of("ip", Scope.ADDRESS, 30, MINUTE).withBurst(2);
        CalendarQuota quota = CalendarQuota.of("daily", Scope.SUBJECT, 50, BERLIN);
        admitted(ALICE, wall, quota);
        admitted(BOB, wall, quota);
        admitted(ALICE, wall, quota);

        Decision.Refused refused = refused(ALICE, wall, quota);
        assertThat(refused.first())
                .isEqualTo(new Decision.Violation("ip", Decision.Cause.EXCEEDED, Duration.ofSeconds(2)));
        assertThat(refused.statuses()).contains(new LimitStatus("ip", 2, 0, Duration.ofSeconds(4)));
        assertThat(remaining(ALICE, quota)).isEqualTo(48);

        advance(Duration.ofSeconds(2));
        admitted(ALICE, wall, quota);
    }

    @Test
    void noTwoSubjectsShareACounterHoweverTheyAreNamed() {
        CalendarQuota quota = CalendarQuota.of("daily", Scope.SUBJECT, 1, BERLIN);
        List<String> ids = List.of(
                "a",
                "A",
                "a:b",
                "a%3Ab",
                "a%b",
                "{a}",
                "a}",
                "a\n",
                "a b",
                "é",
                "%E9",
                "\u4e2d",
                "%u4E2D",
                "global",
                "\ud83d\ude00",
                "\ud83d",
                "\ude00",
                "*",
                "a:2026-06-01");

        for (String id : ids) {
            admitted(new Subject(id, "::1"), quota);
        }
        for (String id : ids) {
            refused(new Subject(id, "::1"), quota);
        }
    }

    @Test
    void requestThatAsksTwiceCountsOnce() {
        TokenBucket rate = TokenBucket.of("user", Scope.SUBJECT, 5, MINUTE);
        ConcurrencyLimit slots = ConcurrencyLimit.of("parallel", Scope.SUBJECT, 1, Duration.ofSeconds(45));
        Decision once = admit(ALICE, "same", rate, slots);
        Decision twice = admit(ALICE, "same", rate, slots);

        assertThat(twice).isInstanceOf(Decision.Admitted.class);
        assertThat(twice.statuses()).isEqualTo(once.statuses());
        assertThat(remaining(ALICE, rate)).isEqualTo(4);
    }

    @Test
    void resetForgetsASubjectAndLeavesWhatAllShare() {
        TokenBucket wall = TokenBucket.of("ip", Scope.ADDRESS, 5, MINUTE);
        CalendarQuota quota = CalendarQuota.of("daily", Scope.SUBJECT, 5, BERLIN);
        ConcurrencyLimit slots = ConcurrencyLimit.of("parallel", Scope.SUBJECT, 5, Duration.ofSeconds(45));
        Budget budget = Budget.of("units", Scope.GLOBAL, 5, Duration.ofHours(1), 1);
        Limit[] all = {wall, quota, slots, budget};
        admitted(ALICE, all);
        admitted(BOB, all);

        limiter().reset(List.of(all), ALICE).block(Duration.ofSeconds(20));

        assertThat(limiter().inspect(List.of(all), ALICE).block(Duration.ofSeconds(20)))
                .extracting(LimitStatus::remaining)
                .containsExactly(5L, 5L, 5L, 3L);
        assertThat(limiter().inspect(List.of(all), BOB).block(Duration.ofSeconds(20)))
                .extracting(LimitStatus::remaining)
                .containsExactly(4L, 4L, 4L, 3L);
    }

    @Test
    void clockThatIsSetBackGivesNothingAwayAndTakesNothing() {
        setTime("2026-06-01T12:00:00Z");
        TokenBucket bucket = TokenBucket.of("user", Scope.SUBJECT, 60, MINUTE).withBurst(1);
        ConcurrencyLimit slots = ConcurrencyLimit.of("parallel", Scope.SUBJECT, 2, Duration.ofSeconds(45));
        admitted(ALICE, slots, bucket);
        setTime("2026-06-01T11:00:00Z");

        assertThat(refused(ALICE, bucket).first().retryAfter()).isEqualTo(Duration.ofSeconds(1));
        assertThat(inspect(ALICE, slots)).isEqualTo(new LimitStatus("parallel", 2, 1, Duration.ofSeconds(45)));
        advance(Duration.ofSeconds(45));
        admitted(ALICE, bucket);
        assertThat(remaining(ALICE, slots)).isEqualTo(2);
    }

    @Test
    void policyWithoutLimitsAdmits() {
        assertThat(admitted(ALICE).statuses()).isEmpty();
        settle(admitted(ALICE), Map.of());
    }

    @Test
    void neverMoreThanTheCapacityIsAdmittedHoweverManyAskAtOnce() {
        TokenBucket bucket = TokenBucket.of("user", Scope.SUBJECT, 60, MINUTE).withBurst(50);
        ConcurrencyLimit slots = ConcurrencyLimit.of("parallel", Scope.GLOBAL, 40, Duration.ofSeconds(45));
        Policy policy = new Policy("test", List.of(bucket, slots));

        List<Decision> decisions = Flux.fromStream(IntStream.range(0, 400).boxed())
                .flatMap(
                        i -> limiter()
                                .admit(policy, ALICE, "c-" + IDS.incrementAndGet() + "-" + i)
                                .subscribeOn(Schedulers.parallel()),
                        128)
                .collectList()
                .block(Duration.ofSeconds(30));

        assertThat(decisions)
                .hasSize(400)
                .filteredOn(Decision.Admitted.class::isInstance)
                .hasSize(40);
        assertThat(remaining(ALICE, bucket)).isEqualTo(10);
    }
}
