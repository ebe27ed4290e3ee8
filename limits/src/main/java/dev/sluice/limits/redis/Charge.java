package dev.sluice.limits.redis;

import dev.sluice.limits.Window;
import org.jspecify.annotations.Nullable;

/**
 * What one request takes of one counter.
 *
 * @param value the key of the value in which the counter lies
 * @param window the counter's; null if the limit has none
 * @param reserve units
 */
record Charge(CompiledLimit limit, String value, @Nullable Window window, long reserve) {

    /** The name of the counter in its value. */
    String counter() {
        return limit.counter(window);
    }
}
