package dev.sluice.zipstream;

import java.time.Duration;

/** Durations as the nanoseconds a scheduler takes. */
final class Nanos {

    private static final Duration LONGEST = Duration.ofNanos(Long.MAX_VALUE);

    private Nanos() {}

    /** Saturates at 292 years instead of overflowing: a deadline of "for ever" is a legal value. */
    static long of(Duration duration) {
        return duration.compareTo(LONGEST) >= 0 ? Long.MAX_VALUE : Math.max(0, duration.toNanos());
    }
}
