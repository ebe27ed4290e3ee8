package dev.sluice.zipstream;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.zipstream.BufferBudget.Reservation;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.Disposable;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Mono;
import reactor.core.publisher.SignalType;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * What must never happen, whatever the threads do:
 *
 * <ul>
 *   <li>over-grant: more bytes held than there are;
 *   <li>lost permit: everyone gone, but not every byte back;
 *   <li>starved head: a large wish that waits for ever while small ones pass;
 *   <li>no answer: a subscriber that is neither granted, refused nor cancelled.
 * </ul>
 */
@Timeout(60)
class BufferBudgetStressTest {

    private static final long CAPACITY = 1_000;
    private static final Duration PATIENT = Duration.ofSeconds(50);

    private final Scheduler timer = Schedulers.newSingle("budget-deadlines");
    private final ExecutorService rival = Executors.newSingleThreadExecutor();
    private final BufferBudget budget = new BufferBudget(CAPACITY, Integer.MAX_VALUE, timer);
    private final AtomicLong held = new AtomicLong();
    private final AtomicLong mostHeld = new AtomicLong();
    private final AtomicInteger answered = new AtomicInteger();

    @AfterEach
    void stopThreads() {
        timer.dispose();
        rival.shutdown();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void noOverGrantNoLostPermitNoMissingAnswer(long seed) throws InterruptedException {
        int threads = 4;
        int wishesEach = 5_000;
        ConcurrentLinkedQueue<Reservation> inUse = new ConcurrentLinkedQueue<>();
        inThreads(threads, thread -> {
            Random random = new Random(seed * 31 + thread);
            for (int i = 0; i < wishesEach; i++) {
                wishAtRandom(random, inUse);
                if (random.nextBoolean()) {
                    release(inUse.poll());
                }
            }
        });
        // Those left wait for a release, or for another thread to tell them.
        while (answered.get() < threads * wishesEach) {
            release(inUse.poll());
        }
        inUse.forEach(this::release);

        assertThat(mostHeld).as("most bytes held at once").hasValueLessThanOrEqualTo(CAPACITY);
        assertThat(budget.available()).as("bytes free in the end").isEqualTo(CAPACITY);
        assertThat(held).hasValue(0);
        assertThat(answered).as("granted, refused or cancelled").hasValue(threads * wishesEach);
    }

    @Test
    void aWishForEverythingIsServedAmongManySmallOnes() throws InterruptedException {
        CountDownLatch served = new CountDownLatch(20);
        inThreads(3, thread -> {
            Random random = new Random(thread);
            if (thread == 0) {
                for (int i = 0; i < 20; i++) {
                    budget.reserve(CAPACITY, PATIENT).subscribe(r -> {
                        served.countDown();
                        r.release();
                    });
                }
            }
            // Small wishes go on until every large one was served; overtaken, those would wait in vain.
            AtomicInteger waiting = new AtomicInteger();
            while (served.getCount() > 0) {
                if (waiting.get() < 50) {
                    waiting.incrementAndGet();
                    budget.reserve(1 + random.nextInt(100), PATIENT).subscribe(r -> {
                        r.release();
                        waiting.decrementAndGet();
                    });
                }
            }
        });
        assertThat(served.getCount()).isZero();
        assertThat(budget.available()).isEqualTo(CAPACITY);
    }

    @Test
    void grantAgainstCancellationNeverLosesAPermit() throws InterruptedException {
        for (int round = 0; round < 20_000; round++) {
            Reservation all = reserveNow();
            Receiver receiver = new Receiver();
            budget.reserve(CAPACITY, PATIENT).subscribe(receiver);
            race(all::release, receiver::cancel);
            receiver.giveBack();
            assertThat(budget.available()).as("round %s", round).isEqualTo(CAPACITY);
        }
    }

    @Test
    void grantAgainstCancellationOfUsingWhenNeverLosesAPermit() throws InterruptedException {
        for (int round = 0; round < 20_000; round++) {
            Reservation all = reserveNow();
            Disposable user = Mono.usingWhen(
                            budget.reserve(CAPACITY, PATIENT), r -> Mono.never(), r -> Mono.fromRunnable(r::release))
                    .doOnDiscard(Reservation.class, Reservation::release)
                    .subscribe();
            race(all::release, user::dispose);
            assertThat(budget.available()).as("round %s", round).isEqualTo(CAPACITY);
        }
    }

    @Test
    void grantAgainstDeadlineHasOneWinner() throws InterruptedException {
        for (int round = 0; round < 2_000; round++) {
            Reservation all = reserveNow();
            Receiver receiver = new Receiver();
            budget.reserve(CAPACITY, Duration.ofNanos(20_000)).subscribe(receiver);
            race(all::release, () -> {});
            assertThat(receiver.ended.await(10, TimeUnit.SECONDS)).isTrue();
            receiver.giveBack();
            assertThat(budget.available()).as("round %s", round).isEqualTo(CAPACITY);
        }
    }

    @Test
    void cancellationAgainstSubscriptionLeavesNobodyInTheQueue() throws InterruptedException {
        for (int round = 0; round < 20_000; round++) {
            Reservation all = reserveNow();
            Receiver receiver = new Receiver();
            race(() -> budget.reserve(CAPACITY, PATIENT).subscribe(receiver), receiver::cancel);
            receiver.cancel();
            assertThat(budget.queued()).as("round %s", round).isZero();
            all.release();
            receiver.giveBack();
        }
        assertThat(budget.available()).isEqualTo(CAPACITY);
    }

    private void wishAtRandom(Random random, ConcurrentLinkedQueue<Reservation> inUse) {
        Duration deadline = random.nextInt(10) == 0 ? Duration.ofNanos(random.nextInt(100_000)) : PATIENT;
        Wish wish = new Wish(random.nextBoolean() ? inUse : null);
        budget.reserve(random.nextInt((int) CAPACITY + 1), deadline).subscribe(wish);
        if (random.nextInt(20) == 0) {
            wish.cancel();
        }
    }

    private void release(@Nullable Reservation reservation) {
        if (reservation != null) {
            held.addAndGet(-reservation.bytes());
            reservation.release();
        }
    }

    private Reservation reserveNow() {
        Reservation all = budget.reserve(CAPACITY, Duration.ZERO).block();
        assertThat(all).isNotNull();
        return all;
    }

    private interface Work {
        void run(int thread) throws InterruptedException;
    }

    private static void inThreads(int count, Work work) throws InterruptedException {
        ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int thread = i;
            threads.add(Thread.ofPlatform().start(() -> {
                try {
                    work.run(thread);
                } catch (Throwable t) {
                    failures.add(t);
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(failures).isEmpty();
    }

    /** Both at the same time, as near as can be; back when both are through. */
    private void race(Runnable one, Runnable other) throws InterruptedException {
        AtomicBoolean ready = new AtomicBoolean();
        Future<?> rivals = rival.submit(() -> {
            ready.set(true);
            one.run();
        });
        while (!ready.get()) {
            Thread.onSpinWait();
        }
        other.run();
        try {
            rivals.get();
        } catch (ExecutionException e) {
            throw new AssertionError(e);
        }
    }

    /** Takes what it is handed, even when it has given up meanwhile, and is answered once. */
    private final class Wish extends BaseSubscriber<Reservation> {

        private final AtomicBoolean done = new AtomicBoolean();
        private final @Nullable Queue<Reservation> inUse;

        /** @param inUse where to leave what was granted, or null to give it back at once */
        Wish(@Nullable Queue<Reservation> inUse) {
            this.inUse = inUse;
        }

        @Override
        protected void hookOnNext(Reservation reservation) {
            mostHeld.accumulateAndGet(held.addAndGet(reservation.bytes()), Math::max);
            if (inUse != null) {
                inUse.add(reservation);
            } else {
                release(reservation);
            }
        }

        @Override
        protected void hookOnError(Throwable error) {
            assertThat(error).isInstanceOf(BudgetExhaustedException.class);
        }

        @Override
        protected void hookFinally(SignalType type) {
            if (done.compareAndSet(false, true)) {
                answered.incrementAndGet();
            }
        }
    }

    /** Keeps what it is handed, as an operator would that was cancelled while it was handed it. */
    private static final class Receiver extends BaseSubscriber<Reservation> {

        private final CountDownLatch ended = new CountDownLatch(1);
        private volatile @Nullable Reservation received;

        @Override
        protected void hookOnNext(Reservation reservation) {
            received = reservation;
        }

        @Override
        protected void hookOnError(Throwable error) {
            assertThat(error).isInstanceOf(BudgetExhaustedException.class);
        }

        @Override
        protected void hookFinally(SignalType type) {
            ended.countDown();
        }

        void giveBack() {
            Reservation r = received;
            if (r != null) {
                r.release();
            }
        }
    }
}
