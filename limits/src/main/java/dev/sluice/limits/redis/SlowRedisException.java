package dev.sluice.limits.redis;

import java.io.Serial;
import java.time.Duration;

/** Redis did not answer one command in time. */
final class SlowRedisException extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1L;

    SlowRedisException(Duration limit) {
        super("Redis did not answer within " + limit.toMillis() + " ms", null, false, false);
    }
}
