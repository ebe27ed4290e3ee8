package dev.sluice.gateway.outbound.redis;

import java.io.Serial;

/**
 * Redis did not answer in time, is not connected, or refused the command. Whether the command took effect is unknown.
 */
public final class RedisUnavailableException extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1L;

    RedisUnavailableException(Throwable cause) {
        super("Redis is unavailable", cause, false, false);
    }

    /** What Redis, one of its sentinels or the system says, below what the client makes of it. */
    static String reason(Throwable error) {
        Throwable deepest = error;
        while (deepest.getCause() != null) {
            deepest = deepest.getCause();
        }
        return deepest.toString();
    }
}
