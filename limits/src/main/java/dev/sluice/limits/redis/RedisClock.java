package dev.sluice.limits.redis;

import io.github.bucket4j.TimeMeter;
import java.time.Clock;
import java.util.concurrent.TimeUnit;

/**
 * The time of Redis, as far as this process knows: its own clock, corrected by the last answer. A clock that is wrong
 * here makes no difference.
 *
 * <p>bucket4j's buckets in Redis go by it as it is: they see a time before that of their last change as no time passed.
 * A clock of this process that made up for steps back would be another time than that of the processes it shares the
 * buckets with, and would gain from every correction.
 */
final class RedisClock implements TimeMeter {
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

    @Override
    public long currentTimeNanos() {
        return TimeUnit.MILLISECONDS.toNanos(millis());
    }

    @Override
    public boolean isWallClockBased() {
        return true;
    }
}
