package dev.sluice.gateway.feature.zip;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.zipstream.BufferBudget;
import dev.sluice.zipstream.BufferBudget.Reservation;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import reactor.core.scheduler.Schedulers;

class DiskSharesTest {
    private final BufferBudget budget = new BufferBudget(100, 10, Schedulers.parallel());

    private DiskShares shares() {
        return new DiskShares(
                Objects.requireNonNull(budget.reserve(30, Duration.ZERO).block()), 10);
    }

    @Test
    void shareGivesBackItsPartAndNoMore() {
        DiskShares shares = shares();
        Reservation first = Objects.requireNonNull(shares.next());
        Reservation second = Objects.requireNonNull(shares.next());

        assertThat(first.bytes()).isEqualTo(10);
        first.shrinkTo(4);
        assertThat(budget.available()).isEqualTo(76);
        first.release();
        first.release();
        assertThat(budget.available()).isEqualTo(80);
        second.release();
        assertThat(budget.available()).isEqualTo(90);
    }

    @Test
    void whatNobodyTookComesBackAndWhatSomebodyHasDoesNot() {
        DiskShares shares = shares();
        Reservation taken = Objects.requireNonNull(shares.next());

        shares.dispose();
        shares.dispose();

        assertThat(shares.isDisposed()).isTrue();
        assertThat(budget.available()).isEqualTo(90);
        assertThat(shares.next()).isNull();
        taken.release();
        assertThat(budget.available()).isEqualTo(100);
    }

    @Test
    void reservationEndsWithTheLastShare() {
        AtomicInteger releases = new AtomicInteger();
        Reservation all =
                Objects.requireNonNull(budget.reserve(30, Duration.ZERO).block());
        DiskShares shares = new DiskShares(
                new Reservation() {
                    @Override
                    public long bytes() {
                        return all.bytes();
                    }

                    @Override
                    public void shrinkTo(long bytes) {
                        all.shrinkTo(bytes);
                    }

                    @Override
                    public void release() {
                        releases.incrementAndGet();
                        all.release();
                    }
                },
                10);
        Reservation taken = Objects.requireNonNull(shares.next());

        shares.dispose();
        assertThat(releases).hasValue(0);
        taken.release();

        assertThat(releases).hasValue(1);
        assertThat(budget.available()).isEqualTo(100);
    }

    @Test
    void thereAreNoMoreSharesThanWereReserved() {
        DiskShares shares = shares();
        for (int share = 0; share < 3; share++) {
            assertThat(Objects.requireNonNull(shares.next()).bytes()).isEqualTo(10);
        }

        assertThat(shares.next()).isNull();
    }
}
