package dev.sluice.limits;

/** What a limit does while the shared counters cannot be asked. */
public enum Outage {
    /** Counts in this process alone, with the same numbers. */
    COUNT_LOCALLY,
    /** Refuses: what it guards costs money, and nobody knows how much is left. */
    REFUSE
}
