package dev.sluice.limits;

/** Whether a limit decides. */
public enum Mode {
    /** It refuses what is over it. */
    ENFORCED,
    /** It counts and tells what it would have refused, and refuses nothing. */
    SHADOW
}
