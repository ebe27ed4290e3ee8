package dev.sluice.limits;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.github.bucket4j.BucketConfiguration;
import io.github.bucket4j.ConsumptionProbe;
import io.github.bucket4j.TimeMeter;
import io.github.bucket4j.distributed.AsyncBucketProxy;
import io.github.bucket4j.distributed.ExpirationAfterWriteStrategy;
import io.github.bucket4j.distributed.proxy.AsyncProxyManager;
import io.github.bucket4j.distributed.proxy.optimization.Optimizations;
import io.github.bucket4j.redis.lettuce.Bucket4jLettuce;
import io.lettuce.core.api.StatefulRedisConnection;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/**
 * The outer wall: buckets of client addresses, kept by bucket4j. It counts attempts: what it let through stays counted
 * when a later limit refuses. Each limit has a bucket of its own, because limits are shared by name among policies.
 *
 * <p>bucket4j compares and sets, so that many at once on one key make each other try again; its batching lets those of
 * one process go together instead.
 */
final class BucketWall {
    private static final int MOST_PROXIES = 10_000;
    private static final Duration IDLE = Duration.ofMinutes(5);
    private static final Duration CLOCK_ERROR = Duration.ofSeconds(10);

    private final Cache<String, AsyncBucketProxy> proxies = Caffeine.newBuilder()
            .maximumSize(MOST_PROXIES)
            .expireAfterAccess(IDLE)
            .build();
    private final AsyncProxyManager<byte[]> buckets;
    private final String prefix;

    BucketWall(StatefulRedisConnection<byte[], byte[]> connection, RedisLimiterSettings settings, TimeMeter redisTime) {
        prefix = settings.keyPrefix() + "wall:";
        buckets = Bucket4jLettuce.casBasedBuilder(connection)
                .requestTimeout(settings.commandTimeout())
                .clientClock(redisTime)
                .expirationAfterWrite(ExpirationAfterWriteStrategy.basedOnTimeForRefillingBucketUpToMax(CLOCK_ERROR))
                .build()
                .asAsync();
    }

    CompletableFuture<ConsumptionProbe> take(TokenBucket limit, Subject subject) {
        return proxy(limit, subject).tryConsumeAndReturnRemaining(1);
    }

    CompletableFuture<Standing> look(TokenBucket limit, Subject subject) {
        return proxy(limit, subject)
                .asVerbose()
                .estimateAbilityToConsume(1)
                .thenApply(result -> standing(
                        limit,
                        result.getValue().getRemainingTokens(),
                        result.getDiagnostics().calculateFullRefillingTime()));
    }

    CompletableFuture<Void> forget(TokenBucket limit, Subject subject) {
        String key = key(limit, subject);
        proxies.invalidate(key);
        return buckets.removeProxy(key.getBytes(UTF_8));
    }

    static Standing standing(TokenBucket limit, long remaining, long nanosToFull) {
        return new Standing(
                limit.name(),
                limit.capacity(),
                Math.clamp(remaining, 0, limit.capacity()),
                Duration.ofNanos(Math.max(0, nanosToFull)));
    }

    private AsyncBucketProxy proxy(TokenBucket limit, Subject subject) {
        return proxies.get(
                key(limit, subject),
                key -> buckets.builder()
                        .withOptimization(Optimizations.batching())
                        .build(key.getBytes(UTF_8), () -> CompletableFuture.completedFuture(configuration(limit))));
    }

    private String key(TokenBucket limit, Subject subject) {
        return prefix
                + limit.name()
                + ':'
                + limit.tokens()
                + '-'
                + limit.period().toMillis()
                + '-'
                + limit.burst()
                + ':'
                + Keys.who(limit.scope(), subject);
    }

    static BucketConfiguration configuration(TokenBucket limit) {
        return BucketConfiguration.builder()
                .addLimit(bandwidth -> bandwidth.capacity(limit.burst()).refillGreedy(limit.tokens(), limit.period()))
                .build();
    }
}
