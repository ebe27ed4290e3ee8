package dev.sluice.gateway.outbound.share;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.gateway.contract.Caller;
import dev.sluice.zipstream.BudgetExhaustedException;
import dev.sluice.zipstream.BufferBudget;
import dev.sluice.zipstream.BufferBudget.Reservation;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

class CallerSharesTest {
    private static final Duration LONG = Duration.ofSeconds(20);

    private final BufferBudget all = new BufferBudget(400, 10, Schedulers.parallel());
    private final CallerShares shares = new CallerShares(all, 100, Schedulers.parallel());

    private Mono<Reservation> asked(String user, long bytes, Duration timeout) {
        Caller caller = new Caller(Caller.Kind.USER, user, Set.of(), Set.of(), "127.0.0.1");
        return shares.reserve(bytes, timeout).contextWrite(caller::into);
    }

    private Reservation reserved(String user, long bytes) {
        return Objects.requireNonNull(asked(user, bytes, Duration.ZERO).block());
    }

    @Test
    void oneCallerHoldsAQuarterAndOthersHaveTheRest() {
        Reservation held = reserved("alice", 100);

        assertThatThrownBy(() -> reserved("alice", 1)).isInstanceOf(BudgetExhaustedException.class);
        assertThat(reserved("bob", 100).bytes()).isEqualTo(100);
        assertThat(all.available()).isEqualTo(200);

        held.shrinkTo(30);
        assertThat(reserved("alice", 70).bytes()).isEqualTo(70);
    }

    @Test
    void whoHoldsNothingAnyMoreIsForgotten() {
        Reservation one = reserved("alice", 40);
        Reservation other = reserved("alice", 40);
        one.release();
        one.release();
        assertThat(shares.callers()).isOne();

        other.release();
        assertThat(shares.callers()).isZero();
        assertThat(all.available()).isEqualTo(400);
    }

    @Test
    void whoHasUsedUpItsShareWaitsForItsOwn() {
        Reservation held = reserved("alice", 100);
        AtomicReference<@Nullable Reservation> next = new AtomicReference<>();
        Disposable waiting = asked("alice", 60, LONG).subscribe(next::set);
        assertThat(next.get()).isNull();

        held.release();

        assertThat(next.get()).isNotNull();
        assertThat(waiting.isDisposed()).isTrue();
        assertThat(all.available()).isEqualTo(340);
    }

    @Test
    void whoLeavesWhileItWaitsForTheRestHoldsNothing() {
        Reservation others =
                Objects.requireNonNull(all.reserve(400, Duration.ZERO).block());
        Disposable waiting = asked("alice", 60, LONG).subscribe();
        assertThat(shares.callers()).isOne();

        waiting.dispose();
        others.release();

        assertThat(shares.callers()).isZero();
        assertThat(all.available()).isEqualTo(400);
        assertThat(reserved("alice", 100).bytes()).isEqualTo(100);
    }
}
