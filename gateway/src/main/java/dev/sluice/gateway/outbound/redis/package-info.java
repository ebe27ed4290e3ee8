/**
 * The way to Redis: one client, one shared connection, a short deadline for every command. In: commands. Out: their
 * answers, or at once a {@link dev.sluice.gateway.outbound.redis.RedisUnavailableException}; never a long wait. Without
 * {@code sluice.redis.url} there is none of it.
 */
@NullMarked
package dev.sluice.gateway.outbound.redis;

import org.jspecify.annotations.NullMarked;
