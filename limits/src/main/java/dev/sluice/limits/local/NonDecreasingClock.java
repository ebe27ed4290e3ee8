package dev.sluice.limits.local;

import io.github.bucket4j.TimeMeter;
import java.time.Clock;
import java.util.concurrent.TimeUnit;

/**
 * The time for bucket4j: a clock that is set back is seen as no time passed, where bucket4j alone would refill nothing
 * until that time comes again. Not safe for threads.
 */
final class NonDecreasingClock implements TimeMeter {
    private final Clock clock;
    private long latest;
    private long passed;

    NonDecreasingClock(Clock clock) {
        this.clock = clock;
        latest = clock.millis();
        passed = latest;
    }

    /** What the clock says. */
    long millis() {
        return clock.millis();
    }

    @Override
    public long currentTimeNanos() {
        long now = clock.millis();
        passed += Math.max(0, now - latest);
        latest = now;
        return TimeUnit.MILLISECONDS.toNanos(passed);
    }

    @Override
    public boolean isWallClockBased() {
        return true;
    }
}
