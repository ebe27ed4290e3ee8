package dev.sluice.gateway.outbound.imagecache;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import dev.sluice.gateway.outbound.imagecache.SingleFlight.Role;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.test.scheduler.VirtualTimeScheduler;

/** Who shares a task, and when it and what it holds end. */
class SingleFlightTest {
    private static final int INTERLEAVINGS = 10_000;

    private final SingleFlight<String> singleFlight = new SingleFlight<>(2, Duration.ofSeconds(20));
    private final Sinks.One<String> landing = Sinks.one();
    private final AtomicInteger started = new AtomicInteger();
    private final AtomicInteger cancelled = new AtomicInteger();
    private final Disposable held = Disposables.single();

    /** One caller, and what it saw. */
    private final class Passenger {
        private final List<String> seen = new ArrayList<>();
        private final Disposable trip;

        Passenger() {
            this("a");
        }

        Passenger(String key) {
            trip = singleFlight
                    .join(key, SingleFlightTest.this::task, (value, role) -> {
                        assertThat(held.isDisposed())
                                .as("held while it is handed over")
                                .isFalse();
                        return value + " " + role;
                    })
                    .subscribe(seen::add, error -> seen.add(error.getMessage()), () -> seen.add("end"));
        }

        void leave() {
            trip.dispose();
        }
    }

    private Mono<String> task(Disposable.Composite resources) {
        started.incrementAndGet();
        resources.add(held);
        return landing.asMono().doOnCancel(cancelled::incrementAndGet);
    }

    /** As Reactor does with a fatal error: it is thrown past everybody. */
    @Test
    void taskThatNeverEndsFailsForAllAtItsDeadline() {
        VirtualTimeScheduler time = VirtualTimeScheduler.getOrSet();
        try {
            List<Passenger> all = List.of(new Passenger(), new Passenger());
            time.advanceTimeBy(Duration.ofSeconds(19));
            assertThat(all).allSatisfy(each -> assertThat(each.seen).isEmpty());

            time.advanceTimeBy(Duration.ofSeconds(1));
            assertThat(all)
                    .allSatisfy(each ->
                            assertThat(each.seen).singleElement().asString().contains("too long"));
            assertThat(cancelled).hasValue(1);
            assertThat(singleFlight.size()).isZero();
            assertThat(held.isDisposed()).isTrue();
        } finally {
            VirtualTimeScheduler.reset();
        }
    }

    @Test
    void allWhoComeBeforeTheEndShareOneTask() {
        List<Passenger> all = List.of(new Passenger(), new Passenger(), new Passenger());
        assertThat(singleFlight.size()).isEqualTo(1);
        assertThat(singleFlight.waiting()).isEqualTo(3);

        landing.tryEmitValue("image");

        assertThat(started).hasValue(1);
        assertThat(all.stream().map(each -> each.seen))
                .containsExactly(
                        List.of("image " + Role.FIRST, "end"),
                        List.of("image " + Role.JOINED, "end"),
                        List.of("image " + Role.JOINED, "end"));
        assertThat(held.isDisposed()).isTrue();
        assertThat(singleFlight.size()).isZero();
        assertThat(singleFlight.waiting()).isZero();
    }

    @Test
    void failureReachesAll() {
        List<Passenger> all = List.of(new Passenger(), new Passenger());

        landing.tryEmitError(new IllegalStateException("broken"));

        assertThat(all).allSatisfy(each -> assertThat(each.seen).containsExactly("broken"));
        assertThat(held.isDisposed()).isTrue();
        assertThat(singleFlight.size()).isZero();
    }

    @Test
    void taskWithoutResultEndsForAll() {
        List<Passenger> all = List.of(new Passenger(), new Passenger());

        landing.tryEmitEmpty();

        assertThat(all).allSatisfy(each -> assertThat(each.seen).containsExactly("end"));
        assertThat(held.isDisposed()).isTrue();
    }

    @Test
    void oneThatLeavesEndsNothing() {
        Passenger first = new Passenger();
        Passenger second = new Passenger();

        first.leave();
        assertThat(cancelled).hasValue(0);
        assertThat(held.isDisposed()).isFalse();
        landing.tryEmitValue("image");

        assertThat(first.seen).isEmpty();
        assertThat(second.seen).containsExactly("image " + Role.JOINED, "end");
        assertThat(held.isDisposed()).isTrue();
    }

    @Test
    void lastOneThatLeavesEndsTheTask() {
        Passenger first = new Passenger();
        Passenger second = new Passenger();

        second.leave();
        second.leave();
        assertThat(cancelled).hasValue(0);
        first.leave();

        assertThat(cancelled).hasValue(1);
        assertThat(held.isDisposed()).isTrue();
        assertThat(singleFlight.size()).isZero();
        assertThat(singleFlight.waiting()).isZero();
    }

    @Test
    void whoComesAfterAllHaveLeftStartsAnew() {
        new Passenger().leave();
        AtomicInteger second = new AtomicInteger();

        String result = singleFlight
                .join(
                        "a",
                        resources -> {
                            second.incrementAndGet();
                            return Mono.just("new");
                        },
                        (value, role) -> value + " " + role)
                .block();

        assertThat(result).isEqualTo("new " + Role.FIRST);
        assertThat(second).hasValue(1);
    }

    @Test
    void otherKeysAreOtherTasksUpToTheirNumber() {
        Passenger first = new Passenger("a");
        Passenger second = new Passenger("b");
        List<Throwable> errors = new ArrayList<>();
        singleFlight.join("c", this::task, (value, role) -> value).subscribe(value -> {}, errors::add);

        assertThat(started).hasValue(2);
        assertThat(errors).singleElement().isInstanceOfSatisfying(GatewayException.class, full -> {
            assertThat(full.code()).isEqualTo(ProblemCode.OVERLOADED);
            assertThat(full.retryAfter()).isPositive();
        });
        assertThat(new Passenger("a").seen).as("joining takes no room").isEmpty();
        assertThat(first.seen).isEmpty();
        assertThat(second.seen).isEmpty();
    }

    @Test
    void taskThatCannotBeMadeFailsForItsCallerAndLeavesNothing() {
        List<String> seen = new ArrayList<>();
        singleFlight
                .join(
                        "a",
                        resources -> {
                            throw new IllegalStateException("no task");
                        },
                        (value, role) -> value)
                .subscribe(seen::add, error -> seen.add(error.getMessage()));

        assertThat(seen).containsExactly("no task");
        assertThat(singleFlight.size()).isZero();
        assertThat(singleFlight.waiting()).isZero();
    }

    @Test
    void callerThatCannotTakeTheResultFailsAlone() {
        List<String> seen = new ArrayList<>();
        singleFlight
                .join("a", this::task, (value, role) -> {
                    throw new IllegalStateException("cannot take it");
                })
                .subscribe(value -> seen.add("value"), error -> seen.add(error.getMessage()));
        Passenger other = new Passenger();

        landing.tryEmitValue("image");

        assertThat(seen).containsExactly("cannot take it");
        assertThat(other.seen).containsExactly("image " + Role.JOINED, "end");
        assertThat(held.isDisposed()).isTrue();
    }

    @Test
    void whateverTheOrderNobodyIsForgottenAndNothingIsHeldForEver()
            throws InterruptedException, ExecutionException, TimeoutException {
        long seed = 20_261_121;
        Random random = new Random(seed);
        CyclicBarrier barrier = new CyclicBarrier(2);
        try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
            for (int round = 0; round < INTERLEAVINGS; round++) {
                Race race = new Race(new SingleFlight<>(10, Duration.ofMinutes(1)), round);
                Future<?> left = threads.submit(run(barrier, race, new Random(random.nextLong())));
                Future<?> right = threads.submit(run(barrier, race, new Random(random.nextLong())));
                left.get(20, TimeUnit.SECONDS);
                right.get(20, TimeUnit.SECONDS);
                race.check(seed);
            }
        }
    }

    private static Runnable run(CyclicBarrier barrier, Race race, Random random) {
        return () -> {
            try {
                barrier.await(20, TimeUnit.SECONDS);
            } catch (InterruptedException | BrokenBarrierException | TimeoutException broken) {
                throw new IllegalStateException(broken);
            }
            race.act(random);
        };
    }

    /** Two threads that join, leave and land in an order of their own. */
    private static final class Race {
        private final SingleFlight<Integer> singleFlight;
        private final int round;
        private final List<Sinks.One<Integer>> tasks = new CopyOnWriteArrayList<>();
        private final List<AtomicBoolean> resources = new CopyOnWriteArrayList<>();
        private final AtomicInteger answered = new AtomicInteger();
        private final AtomicInteger left = new AtomicInteger();
        private final AtomicInteger wrong = new AtomicInteger();
        private final AtomicInteger joined = new AtomicInteger();

        Race(SingleFlight<Integer> singleFlight, int round) {
            this.singleFlight = singleFlight;
            this.round = round;
        }

        void act(Random random) {
            for (int step = 0; step < 3; step++) {
                Caller caller = new Caller();
                Disposable trip = singleFlight
                        .join("a", this::task, this::take)
                        .subscribe(caller::end, error -> wrong.incrementAndGet());
                switch (random.nextInt(3)) {
                    case 0 -> caller.leave(trip);
                    case 1 -> tasks.forEach(task -> task.tryEmitValue(round));
                    default -> Thread.onSpinWait();
                }
            }
            tasks.forEach(task -> task.tryEmitValue(round));
        }

        private final class Caller {
            private final AtomicBoolean over = new AtomicBoolean();

            Caller() {
                joined.incrementAndGet();
            }

            void end(int value) {
                if (value != round) {
                    wrong.incrementAndGet();
                }
                if (over.compareAndSet(false, true)) {
                    answered.incrementAndGet();
                }
            }

            void leave(Disposable trip) {
                trip.dispose();
                if (over.compareAndSet(false, true)) {
                    left.incrementAndGet();
                }
            }
        }

        private Mono<Integer> task(Disposable.Composite composite) {
            AtomicBoolean resource = new AtomicBoolean(true);
            resources.add(resource);
            composite.add(() -> resource.set(false));
            Sinks.One<Integer> task = Sinks.one();
            tasks.add(task);
            return task.asMono();
        }

        private int take(int value, Role role) {
            // Somebody is waiters, so the newest task's resource is held.
            if (resources.stream().noneMatch(AtomicBoolean::get)) {
                wrong.incrementAndGet();
            }
            return value;
        }

        void check(long seed) {
            tasks.forEach(task -> task.tryEmitValue(round));
            assertThat(List.of(
                            joined.get() - answered.get() - left.get(),
                            singleFlight.size(),
                            singleFlight.waiting(),
                            wrong.get(),
                            (int) resources.stream().filter(AtomicBoolean::get).count()))
                    .as("forgotten callers, singleFlight, waiting, wrong, held; round %d of seed %d", round, seed)
                    .containsExactly(0, 0, 0, 0, 0);
        }
    }
}
