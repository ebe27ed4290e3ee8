package dev.sluice.gateway.outbound.spool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.gateway.outbound.spool.DiskBudget.FullException;
import dev.sluice.gateway.outbound.spool.DiskBudget.Share;
import dev.sluice.gateway.outbound.spool.DiskBudget.Whose;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class DiskBudgetTest {
    private final DiskBudget disk = new DiskBudget(100, 60);

    private void refused(@Nullable String owner, long bytes, Whose whose) {
        assertThatThrownBy(() -> disk.reserve(owner, bytes))
                .isInstanceOfSatisfying(
                        FullException.class, full -> assertThat(full.whose()).isEqualTo(whose));
    }

    @Test
    void ownerHasNoMoreThanAShareAndAllNoMoreThanThereIs() {
        Share alices = disk.reserve("alice", 50);

        refused("alice", 11, Whose.OWNERS);
        disk.reserve("alice", 10);
        refused("bob", 41, Whose.ALL);
        refused(null, 41, Whose.ALL);
        disk.reserve("bob", 40);

        alices.close();
        alices.close();
        assertThat(disk.reserved()).isEqualTo(50);
        disk.reserve("alice", 50);
        refused("carol", 1, Whose.ALL);
    }

    @Test
    void whatIsNotNeededComesBack() {
        Share share = disk.reserve("alice", 60);
        share.shrinkTo(20);
        share.shrinkTo(30); // no more than there is

        assertThat(disk.reserved()).isEqualTo(20);
        disk.reserve("alice", 40);
        refused("alice", 1, Whose.OWNERS);
    }

    @Test
    void fileLargerThanAWholeShareTakesAllOfIt() {
        Share large = disk.reserve("alice", 1_000_000);
        assertThat(disk.reserved()).isEqualTo(60);
        refused("alice", 1, Whose.OWNERS);
        large.close();

        disk.reserve(null, 1_000_000);
        assertThat(disk.reserved()).isEqualTo(100);
    }
}
