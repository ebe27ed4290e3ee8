package dev.sluice.limits.redis;

import dev.sluice.limits.Window;
import org.jspecify.annotations.Nullable;

/**
 * What one request takes of one counter.
 *
 * @param key of the counter
 * @param window the counter's; null if the limit has none
 * @param reserve units
 */
record Charge(CompiledLimit limit, String key, @Nullable Window window, long reserve) {}
