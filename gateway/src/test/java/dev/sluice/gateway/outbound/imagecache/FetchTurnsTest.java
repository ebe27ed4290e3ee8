package dev.sluice.gateway.outbound.imagecache;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.gateway.outbound.share.CallerShares;
import dev.sluice.zipstream.BudgetExhaustedException;
import dev.sluice.zipstream.BufferBudget;
import dev.sluice.zipstream.BufferBudget.Reservation;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.test.scheduler.VirtualTimeScheduler;

class FetchTurnsTest {
    private static final Duration SOON = Duration.ofSeconds(2);

    private final VirtualTimeScheduler time = VirtualTimeScheduler.create();
    private final BufferBudget all = new BufferBudget(10, 10, time);
    private final FetchTurns turns =
            new FetchTurns(new CallerShares(all, FetchTurns.AT_ONCE, time), SOON, Duration.ofSeconds(30));
    private final List<Reservation> asking = new ArrayList<>();

    @AfterEach
    void stop() {
        time.dispose();
    }

    /** Of so many whose origins have not answered, or that wait for memory. */
    private List<Disposable> asked(int images) {
        return IntStream.range(0, images)
                .mapToObj(image -> turns.inTurn(turn -> {
                            asking.add(turn);
                            return Mono.never();
                        })
                        .subscribe())
                .toList();
    }

    @Test
    void nextIsAskedForWhenOneBeforeItHasMemory() {
        asked(5);
        assertThat(asking).hasSize(3);

        asking.getFirst().release();
        assertThat(asking).hasSize(4);
        asking.getFirst().release();
        assertThat(asking).as("its turn is over once").hasSize(4);
    }

    @Test
    void nextIsAskedForWhenOneBeforeItIsGivenUpAndNothingIsKept() {
        List<Disposable> images = asked(5);

        images.get(1).dispose();
        assertThat(asking).hasSize(4);
        images.forEach(Disposable::dispose);

        assertThat(all.available()).isEqualTo(10);
    }

    @Test
    void imageThatCanBeHadOtherwiseWaitsLessLong() {
        asked(FetchTurns.AT_ONCE);
        List<Object> signals = new ArrayList<>();
        turns.whenSoon(turn -> Mono.just("one that can")).subscribe(signals::add, signals::add);
        turns.inTurn(turn -> Mono.just("one that cannot")).subscribe(signals::add, signals::add);

        time.advanceTimeBy(SOON.minusMillis(1));
        assertThat(signals).isEmpty();
        time.advanceTimeBy(Duration.ofMillis(1));
        assertThat(signals).singleElement().isInstanceOf(BudgetExhaustedException.class);
        asking.getFirst().release();

        assertThat(signals.getLast()).isEqualTo("one that cannot");
    }
}
