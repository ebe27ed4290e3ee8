package dev.sluice.zipstream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.sluice.zipstream.BudgetExhaustedException.Reason;
import dev.sluice.zipstream.BufferBudget.Reservation;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;
import reactor.test.scheduler.VirtualTimeScheduler;

class BufferBudgetTest {

    private static final Duration PATIENT = Duration.ofSeconds(10);

    private final VirtualTimeScheduler time = VirtualTimeScheduler.create();
    private final BufferBudget budget = new BufferBudget(100, 10, time);
    private final List<String> events = new ArrayList<>();

    @AfterEach
    void stopTime() {
        time.dispose();
    }

    @Test
    void grantsAtOnceWhileThereIsRoom() {
        Reservation first = take(60);
        Reservation second = take(40);

        assertThat(budget.available()).isZero();
        first.release();
        second.release();
        assertThat(budget.available()).isEqualTo(budget.capacity()).isEqualTo(100);
    }

    @Test
    void nothingIsTakenBeforeASubscriberRequests() {
        StepVerifier.create(budget.reserve(60, PATIENT), 0)
                .then(() -> assertThat(budget.available()).isEqualTo(100))
                .thenRequest(1)
                .consumeNextWith(reservation -> {
                    assertThat(budget.available()).isEqualTo(40);
                    reservation.release();
                })
                .verifyComplete();
    }

    @Test
    void releaseServesTheQueueInOrder() {
        Reservation all = take(100);
        wait("a", 50);
        wait("b", 50);
        wait("c", 10);
        assertThat(budget.queued()).isEqualTo(3);

        all.release();

        assertThat(events).containsExactly("a got 50", "b got 50");
        assertThat(budget.queued()).isEqualTo(1);
    }

    @Test
    void theHeadIsNeverOvertakenByASmallerWish() {
        Reservation most = take(70);
        wait("large", 50);
        wait("small", 10);

        assertThat(events).isEmpty();
        assertThat(budget.available()).isEqualTo(30);

        most.release();
        assertThat(events).containsExactly("large got 50", "small got 10");
    }

    @Test
    void deadlineEndsTheWaitAndLetsTheNextInLineHaveIt() {
        take(70);
        wait("large", 50);
        time.advanceTimeBy(Duration.ofSeconds(1));
        wait("small", 10);

        time.advanceTimeBy(Duration.ofSeconds(9));

        assertThat(events).containsExactly("small got 10", "large refused DEADLINE");
        assertThat(budget.queued()).isZero();
        assertThat(budget.available()).isEqualTo(20);
    }

    @Test
    void aQueueIsWaitedInWhileItMovesAndLeftWhenItStandsStill() {
        List<Reservation> held = List.of(take(30), take(30), take(40));
        wait("first", 30);
        wait("second", 30);
        waitWhileItMoves("third", 50, Duration.ofSeconds(10));

        time.advanceTimeBy(Duration.ofMillis(40));
        held.get(0).release();
        time.advanceTimeBy(Duration.ofMillis(40));
        held.get(1).release();
        time.advanceTimeBy(Duration.ofMillis(69));
        assertThat(events).containsExactly("first got 30", "second got 30");

        time.advanceTimeBy(Duration.ofMillis(1));
        assertThat(events).endsWith("third refused DEADLINE");
        assertThat(budget.queued()).isZero();
    }

    @Test
    void aQueueMovesWhileEnoughIsReleasedThoughNobodyIsGrantedYet() {
        Reservation held = take(100);
        waitWhileItMoves("large", 80, Duration.ofSeconds(1));

        for (int left = 95; left >= 40; left -= 5) { // 5 each 50 ms: 80 take 800 ms
            time.advanceTimeBy(Duration.ofMillis(49));
            held.shrinkTo(left);
            time.advanceTimeBy(Duration.ofMillis(1));
        }
        assertThat(events).isEmpty();

        held.release();
        assertThat(events).containsExactly("large got 80");
    }

    @Test
    void aQueueThatOnlyTricklesStandsStill() {
        Reservation held = take(100);
        waitWhileItMoves("large", 80, Duration.ofSeconds(1));

        time.advanceTimeBy(Duration.ofMillis(49));
        held.shrinkTo(97); // 3 each 50 ms: 80 take 1.3 s
        time.advanceTimeBy(Duration.ofMillis(1));

        assertThat(events).containsExactly("large refused DEADLINE");
    }

    @Test
    void aNewcomerIsRefusedAtOnceWhereTheQueueStandsStillUntilSomebodyIsGrantedBytes() {
        Reservation held = take(100);
        waitWhileItMoves("first", 50, Duration.ofSeconds(1));
        time.advanceTimeBy(Duration.ofMillis(50));
        assertThat(events).containsExactly("first refused DEADLINE");

        waitWhileItMoves("second", 50, Duration.ofSeconds(1));
        assertThat(events).endsWith("second refused DEADLINE");
        wait("patient", 30); // no business of who waits for its deadline
        assertThat(budget.queued()).isOne();

        held.shrinkTo(70);
        waitWhileItMoves("third", 50, Duration.ofSeconds(1));
        assertThat(events).endsWith("patient got 30");
        assertThat(budget.queued()).isOne();
    }

    @Test
    void aNewcomerWaitsInAQueueThatStoodStillAndMovesAgain() {
        Reservation held = take(100);
        waitWhileItMoves("first", 80, Duration.ofSeconds(1));
        time.advanceTimeBy(Duration.ofMillis(50));
        assertThat(events).containsExactly("first refused DEADLINE");

        time.advanceTimeBy(Duration.ofMillis(100));
        held.shrinkTo(93); // within 100 ms, 8 are wanted
        waitWhileItMoves("second", 80, Duration.ofSeconds(1));
        assertThat(events).endsWith("second refused DEADLINE");

        held.shrinkTo(92);
        waitWhileItMoves("third", 80, Duration.ofSeconds(1));
        assertThat(budget.queued()).isOne();
    }

    @Test
    void aQueueThatMovesIsLeftAtTheDeadlineAllTheSame() {
        List<Reservation> held = List.of(take(30), take(30), take(40));
        wait("first", 30);
        wait("second", 30);
        waitWhileItMoves("third", 40, Duration.ofMillis(80));

        time.advanceTimeBy(Duration.ofMillis(40));
        held.get(0).release();
        time.advanceTimeBy(Duration.ofMillis(39));
        held.get(1).release();
        assertThat(events).hasSize(2);

        time.advanceTimeBy(Duration.ofMillis(1));
        assertThat(events).endsWith("third refused DEADLINE");
    }

    @Test
    void aGrantStopsItsDeadline() {
        Reservation all = take(100);
        wait("a", 50);
        all.release();
        time.advanceTimeBy(Duration.ofDays(1));
        assertThat(events).containsExactly("a got 50");
    }

    @Test
    void cancellationLeavesTheQueueAndLetsTheNextInLineHaveIt() {
        take(70);
        Disposable large = wait("large", 50);
        wait("small", 10);

        large.dispose();

        assertThat(events).containsExactly("small got 10");
        assertThat(budget.available()).isEqualTo(20);
    }

    @Test
    void fullQueueRefusesAtOnce() {
        BufferBudget narrow = new BufferBudget(100, 1, time);
        narrow.reserve(100, PATIENT).subscribe();
        narrow.reserve(1, PATIENT).subscribe();

        StepVerifier.create(narrow.reserve(1, PATIENT)).verifyErrorSatisfies(refusedFor(Reason.QUEUE_FULL));
    }

    @Test
    void moreThanEverythingIsRefusedAtOnce() {
        StepVerifier.create(budget.reserve(101, PATIENT)).verifyErrorSatisfies(error -> {
            refusedFor(Reason.LARGER_THAN_BUDGET).accept(error);
            assertThat(error).hasMessage("buffer budget: no room for 101 of 100 bytes (LARGER_THAN_BUDGET)");
        });
    }

    @Test
    void zeroDeadlineTakesOnlyWhatIsFreeRightNow() {
        Reservation first =
                Objects.requireNonNull(budget.reserve(70, Duration.ZERO).block());
        StepVerifier.create(budget.reserve(31, Duration.ZERO)).verifyErrorSatisfies(refusedFor(Reason.DEADLINE));

        wait("large", 50);
        StepVerifier.create(budget.reserve(1, Duration.ZERO)).verifyErrorSatisfies(refusedFor(Reason.DEADLINE));

        first.release();
        assertThat(events).containsExactly("large got 50");
    }

    @Test
    void whatCanDoWithoutLeavesTheSpareBytesToOthers() {
        Reservation most = take(50);
        StepVerifier.create(budget.reserveLeaving(30, 30)).verifyError(BudgetExhaustedException.class);
        StepVerifier.create(budget.reserveLeaving(30, 20))
                .assertNext(Reservation::release)
                .verifyComplete();

        most.release();
        StepVerifier.create(budget.reserveLeaving(30, 71)).verifyError(BudgetExhaustedException.class);
        assertThat(budget.available()).isEqualTo(100);
    }

    @Test
    void shrinkingGivesTheDifferenceBack() {
        Reservation reservation = take(100);
        wait("a", 30);

        reservation.shrinkTo(60);
        assertThat(reservation.bytes()).isEqualTo(60);
        assertThat(events).containsExactly("a got 30");
        assertThatIllegalArgumentException().isThrownBy(() -> reservation.shrinkTo(61));
        assertThatIllegalArgumentException().isThrownBy(() -> reservation.shrinkTo(-1));

        reservation.shrinkTo(0);
        assertThat(budget.available()).isEqualTo(70);
    }

    @Test
    void releasingTwiceGivesBackOnce() {
        Reservation reservation = take(60);
        take(40);

        reservation.release();
        reservation.release();
        reservation.shrinkTo(10);

        assertThat(reservation.bytes()).isZero();
        assertThat(budget.available()).isEqualTo(60);
    }

    @Test
    void nothingCanBeReservedForFree() {
        Reservation none = take(0);
        none.release();
        none.release();
        assertThat(budget.available()).isEqualTo(100);
    }

    @Test
    void aLongQueueOfInstantUsersIsServedWithoutRecursion() {
        int many = 200_000;
        BufferBudget wide = new BufferBudget(100, many, time);
        Reservation all = Objects.requireNonNull(wide.reserve(100, PATIENT).block());
        int[] served = {0};
        for (int i = 0; i < many; i++) {
            wide.reserve(100, PATIENT).subscribe(reservation -> {
                served[0]++;
                reservation.release();
            });
        }

        all.release();

        assertThat(served[0]).isEqualTo(many);
        assertThat(wide.available()).isEqualTo(100);
    }

    @Test
    void aSubscriberThatThrowsDoesNotStrandTheOthers() {
        Reservation all = take(100);
        budget.reserve(10, PATIENT).subscribe(new ThrowingSubscriber());
        wait("next", 20);
        wait("last", 30);

        try {
            all.release();
        } catch (StackOverflowError thrown) {
            events.add("thrown");
        }

        assertThat(events).containsExactly("next got 20", "last got 30", "thrown");
        wait("later", 10);
        assertThat(events).endsWith("later got 10");
    }

    @Test
    void usingWhenGivesBackHoweverTheWorkEnds() {
        Mono<String> work =
                Mono.usingWhen(budget.reserve(60, PATIENT), r -> Mono.just("done"), r -> Mono.fromRunnable(r::release));
        StepVerifier.create(work).expectNext("done").verifyComplete();

        Mono<String> failing = Mono.usingWhen(
                budget.reserve(60, PATIENT),
                r -> Mono.error(new IllegalStateException("broken")),
                r -> Mono.fromRunnable(r::release));
        StepVerifier.create(failing).verifyErrorMessage("broken");

        Mono<String> endless =
                Mono.usingWhen(budget.reserve(60, PATIENT), r -> Mono.never(), r -> Mono.fromRunnable(r::release));
        StepVerifier.create(endless).thenAwait().thenCancel().verify();

        assertThat(budget.available()).isEqualTo(100);
    }

    @Test
    void impossibleValuesAreRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> budget.reserveLeaving(-1, 1));
        assertThatIllegalArgumentException().isThrownBy(() -> budget.reserveLeaving(1, -1));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new BufferBudget(0, 1, time))
                .withMessage("capacityBytes: 0 (expected: 1 or more)");
        assertThatIllegalArgumentException().isThrownBy(() -> new BufferBudget(1, -1, time));
        assertThatIllegalArgumentException().isThrownBy(() -> budget.reserve(-1, PATIENT));
        assertThatIllegalArgumentException().isThrownBy(() -> budget.reserve(1, Duration.ofMillis(-1)));
        assertThatIllegalArgumentException().isThrownBy(() -> budget.reserve(1, PATIENT, Duration.ofMillis(-1)));
    }

    private Reservation take(long bytes) {
        return Objects.requireNonNull(budget.reserve(bytes, Duration.ZERO).block());
    }

    private Disposable wait(String who, long bytes) {
        return budget.reserve(bytes, PATIENT)
                .subscribe(
                        reservation -> events.add(who + " got " + reservation.bytes()),
                        error -> events.add(who + " refused " + ((BudgetExhaustedException) error).reason()));
    }

    private void waitWhileItMoves(String who, long bytes, Duration deadline) {
        budget.reserve(bytes, deadline, Duration.ofMillis(50))
                .subscribe(
                        reservation -> events.add(who + " got " + reservation.bytes()),
                        error -> events.add(who + " refused " + ((BudgetExhaustedException) error).reason()));
    }

    private static Consumer<Throwable> refusedFor(Reason reason) {
        return error -> assertThat(error)
                .isInstanceOfSatisfying(
                        BudgetExhaustedException.class,
                        e -> assertThat(e.reason()).isEqualTo(reason));
    }

    /** Reactor lets errors of the machine through, and nothing else. */
    private static final class ThrowingSubscriber extends BaseSubscriber<Reservation> {
        @Override
        protected void hookOnNext(Reservation reservation) {
            throw new StackOverflowError();
        }
    }
}
