package dev.sluice.limits.redis;

import java.time.Clock;

/**
 * The time of Redis, as far as this process knows: its own clock, corrected by the last answer. A clock that is wrong
 * here makes no difference.
 */
final class RedisClock {
    private final Clock clock;
    private volatile long ahead;

    RedisClock(Clock clock) {
        this.clock = clock;
    }

    long millis() {
        return clock.millis() + ahead;
    }

    /** Redis answered with this time just now. */
    void correct(long redisMillis) {
        ahead = redisMillis - clock.millis();
    }
}
