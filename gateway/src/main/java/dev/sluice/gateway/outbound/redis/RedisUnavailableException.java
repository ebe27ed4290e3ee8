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
}
