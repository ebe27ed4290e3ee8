package dev.sluice.gateway.outbound.fetch;

import java.time.Duration;
import reactor.util.context.Context;
import reactor.util.context.ContextView;

/**
 * What all steps of one fetch share, carried in the Reactor context.
 *
 * @param lane where all of it runs
 * @param endNanos when it must be over, on the clock of {@link System#nanoTime()}
 */
record Trip(Lane lane, long endNanos) {

    static Trip of(ContextView context) {
        return context.get(Trip.class);
    }

    static Trip starting(Lane lane, Duration deadline) {
        return new Trip(lane, System.nanoTime() + deadline.toNanos());
    }

    Context into(Context context) {
        return context.put(Trip.class, this);
    }

    /** What is left of the deadline; not positive when it has passed. */
    Duration left() {
        return Duration.ofNanos(endNanos - System.nanoTime());
    }
}
