package dev.sluice.limits.redis;

import dev.sluice.limits.Limit;
import dev.sluice.limits.LimitStatus;
import java.time.Duration;

/**
 * The script's answer for one request.
 *
 * @param figures remaining units, milliseconds until all are back, and milliseconds until the request would have room,
 *     of each limit
 */
@SuppressWarnings("ArrayRecordComponent") // Verdicts are not compared.
record Verdict(Code code, long[] figures) {

    /** In the script's order. */
    enum Code {
        REFUSED,
        ADMITTED,
        /** The windows are those of another time than Redis has. */
        NOT_NOW,
        /** The request has ended already. */
        SETTLED
    }

    int limits() {
        return figures.length / 3;
    }

    LimitStatus status(int i, Limit limit) {
        return new LimitStatus(
                limit.name(),
                limit.capacity(),
                Math.min(figures[3 * i], limit.capacity()),
                Duration.ofMillis(figures[3 * i + 1]));
    }

    /** Zero if the limit has room. */
    long retryAfterMillis(int i) {
        return figures[3 * i + 2];
    }
}
