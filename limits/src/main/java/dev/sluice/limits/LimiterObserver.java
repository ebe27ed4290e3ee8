package dev.sluice.limits;

import java.time.Duration;

/** Receives what a limiter does, for logs and meters. Called on the thread that decides or sends; must not block. */
public interface LimiterObserver {

    /** An observer that does nothing. */
    LimiterObserver NONE = new LimiterObserver() {};

    /** Where a decision was made. */
    enum Place {
        /** By the counters that all processes share. */
        SHARED,
        /** By this process alone. */
        LOCAL
    }

    /** A decision was made. */
    default void decided(Policy policy, Decision decision, Place place, Duration took) {}

    /**
     * A command that decides was written, so long after the decision had asked for it, once for each part that asks
     * Redis: behind other commands, or for want of a processor. That is this process' own time, and none of Redis.
     */
    default void waitedForRedis(long nanos) {}

    /** A script was answered, so long after it was written: the time of Redis, and of the way there and back. */
    default void redisAnswered(long nanos) {}

    /** A limit in {@link Mode#SHADOW} would have refused. */
    default void wouldHaveRefused(Policy policy, Limit limit) {}

    /** The shared counters stopped answering; called once, when it begins. */
    default void degraded(Throwable cause) {}

    /** The shared counters answer again; called once, when it begins. */
    default void recovered() {}

    /** A permit could not be settled in time; its slots end with their leases. */
    default void settlingFailed(Throwable cause) {}
}
