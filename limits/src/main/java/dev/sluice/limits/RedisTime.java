package dev.sluice.limits;

import io.github.bucket4j.TimeMeter;
import java.time.Clock;
import java.util.concurrent.TimeUnit;

/**
 * What time it is in Redis, as far as this process knows: its own clock, corrected by what the last answer told. A
 * clock that is wrong here makes no difference.
 */
final class RedisTime implements TimeMeter {
    private final Clock clock;
    private volatile long ahead;

    RedisTime(Clock clock) {
        this.clock = clock;
    }

    long millis() {
        return clock.millis() + ahead;
    }

    void told(long redisMillis) {
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
