package dev.sluice.zipstream;

import java.util.concurrent.atomic.AtomicLong;

/** The one {@link BufferBudget.Reservation}: a number that only falls, and what it falls by goes back. */
final class HeldBytes implements BufferBudget.Reservation {

    private static final long RELEASED = -1;

    private final BufferBudget budget;
    private final AtomicLong held;

    HeldBytes(BufferBudget budget, long bytes) {
        this.budget = budget;
        this.held = new AtomicLong(bytes);
    }

    @Override
    public long bytes() {
        return Math.max(0, held.get());
    }

    @Override
    public void shrinkTo(long bytes) {
        long before;
        do {
            before = held.get();
            if (before == RELEASED) {
                return;
            }
            if (bytes < 0 || bytes > before) {
                throw new IllegalArgumentException("bytes: " + bytes + " (expected: 0 to " + before + ")");
            }
        } while (!held.compareAndSet(before, bytes));
        give(before - bytes);
    }

    @Override
    public void release() {
        give(held.getAndSet(RELEASED));
    }

    private void give(long bytes) {
        if (bytes > 0) {
            budget.giveBack(bytes);
        }
    }

    @Override
    public String toString() {
        return "Reservation[" + bytes() + " bytes]";
    }
}
