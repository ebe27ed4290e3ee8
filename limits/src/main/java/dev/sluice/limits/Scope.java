package dev.sluice.limits;

/** Who shares one counter of a limit. */
public enum Scope {
    /** All requests of one client address, whoever sends them. */
    ADDRESS,
    /** All requests of one caller, from wherever they come. */
    SUBJECT,
    /** All requests of everybody. */
    GLOBAL
}
