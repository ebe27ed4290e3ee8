package dev.sluice.limits;

import java.time.ZoneId;

/**
 * A number of units in a calendar day of a time zone. A day is 23 or 25 hours long where the zone says so.
 *
 * @param name unique name
 * @param scope who shares a counter
 * @param capacity units a day
 * @param zone whose midnight begins a new day
 * @param mode whether it decides
 * @param fallback what it does while the shared counters cannot be asked
 */
public record CalendarQuota(String name, Scope scope, long capacity, ZoneId zone, Mode mode, FallbackMode fallback)
        implements Limit {

    /** Checks the bounds. */
    public CalendarQuota {
        LimitChecks.name(name);
        LimitChecks.units(name, "capacity", capacity);
    }

    /** An enforced quota a day that refuses while the shared counters cannot be asked. */
    public static CalendarQuota of(String name, Scope scope, long perDay, ZoneId zone) {
        return new CalendarQuota(name, scope, perDay, zone, Mode.ENFORCED, FallbackMode.REFUSE);
    }

    @Override
    public long reserve() {
        return 1;
    }
}
