package dev.sluice.limits;

/** One named limit. Names are unique among all limits of one limiter: the counters in Redis bear them. */
public sealed interface Limit permits TokenBucket, CalendarQuota, ConcurrencyLimit, Budget {

    /** The name, as headers, problem bodies and keys show it: lower-case letters, digits and hyphens. */
    String name();

    /** Who shares a counter. */
    Scope scope();

    /** Most units at once or in a window, as a {@link LimitStatus} reports it. */
    long capacity();

    /**
     * Units that one admission takes unless it is asked for with others; what was not used comes back when the permit
     * is settled.
     */
    long reserve();

    /** Whether it decides or only counts. */
    Mode mode();

    /** What it does while the shared counters cannot be asked. */
    FallbackMode fallback();
}
