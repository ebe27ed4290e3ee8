package dev.sluice.limits;

/** What a limit does while the shared counters cannot be asked. */
public enum FallbackMode {
    /**
     * Counts in this process alone, with the same numbers; all but rates only while the shared counters answer nothing
     * to anybody, and else refuses.
     */
    COUNT_LOCALLY,
    /** Refuses: what it guards costs money, and how much is left is unknown. */
    REFUSE
}
