package dev.sluice.limits;

/** Whether a limit decides. */
public enum Mode {
    /** It refuses what is over it. */
    ENFORCED,
    /** It counts, reports what it would have refused, and refuses nothing. */
    SHADOW
}
