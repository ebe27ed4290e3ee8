package dev.sluice.gateway.outbound.retry;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import reactor.core.scheduler.Scheduler;

/**
 * When a call must be over.
 *
 * @param endNanos by the clock of {@code timer}
 * @param timer waits for the call's pauses
 */
public record CallDeadline(long endNanos, Scheduler timer) {

    /** {@code within} from now. */
    public static CallDeadline in(Duration within, Scheduler timer) {
        return new CallDeadline(timer.now(TimeUnit.NANOSECONDS) + within.toNanos(), timer);
    }

    /** What is left; not positive when it has passed. */
    public Duration left() {
        return Duration.ofNanos(endNanos - timer.now(TimeUnit.NANOSECONDS));
    }
}
