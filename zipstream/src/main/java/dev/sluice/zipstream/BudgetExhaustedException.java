package dev.sluice.zipstream;

/** A {@link BufferBudget} had no room. Carries no stack trace: under load it is an everyday answer. */
public final class BudgetExhaustedException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** Why a reservation was refused. */
    public enum Reason {
        /** More than the whole budget was asked for: waiting would be for ever. */
        LARGER_THAN_BUDGET,
        /** Nothing free right now, and too many wait already. */
        QUEUE_FULL,
        /** Nothing became free in time. */
        DEADLINE
    }

    private final Reason reason;
    private final long bytes;

    BudgetExhaustedException(Reason reason, long bytes, long capacityBytes) {
        super(
                "buffer budget: no room for " + bytes + " of " + capacityBytes + " bytes (" + reason + ")",
                null,
                true,
                false);
        this.reason = reason;
        this.bytes = bytes;
    }

    /** Why. */
    public Reason reason() {
        return reason;
    }

    /** What was asked for. */
    public long bytes() {
        return bytes;
    }
}
