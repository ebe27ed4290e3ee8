package dev.sluice.limits.redis;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.sluice.limits.Decision;
import dev.sluice.limits.LimitStatus;
import dev.sluice.limits.Subject;
import dev.sluice.limits.TokenBucket;
import dev.sluice.limits.redis.connection.ReadOnlyReconnect;
import dev.sluice.limits.redis.connection.RedisLink;
import dev.sluice.limits.redis.connection.Silence;
import io.github.bucket4j.BucketConfiguration;
import io.github.bucket4j.ConsumptionProbe;
import io.github.bucket4j.distributed.AsyncBucketProxy;
import io.github.bucket4j.distributed.ExpirationAfterWriteStrategy;
import io.github.bucket4j.distributed.proxy.AsyncProxyManager;
import io.github.bucket4j.distributed.proxy.optimization.Optimizations;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * The token buckets of client addresses, kept by bucket4j and asked before all other limits. They count attempts: what
 * they let through stays counted when a later limit refuses. Each limit has a bucket of its own, because policies share
 * limits by name.
 *
 * <p>bucket4j compares and sets, so that many requests at once for one key make each other try again; its batching lets
 * those of one process go together instead. No method throws: while there is no connection, what it returns fails.
 */
final class AddressBuckets {
    private static final int MOST_PROXIES = 10_000;
    private static final Duration IDLE = Duration.ofMinutes(5);
    private static final Duration CLOCK_ERROR = Duration.ofSeconds(10);

    private final Cache<String, AsyncBucketProxy> proxies = Caffeine.newBuilder()
            .maximumSize(MOST_PROXIES)
            .expireAfterAccess(IDLE)
            .build();
    private final RedisLimiterSettings settings;
    private final RedisClock clock;
    private final ReadOnlyReconnect reconnect;
    private final Silence silence;
    private volatile @Nullable RedisLink link;
    private volatile @Nullable AsyncProxyManager<byte[]> buckets;

    AddressBuckets(RedisLimiterSettings settings, RedisClock clock, ReadOnlyReconnect reconnect, Silence silence) {
        this.settings = settings;
        this.clock = clock;
        this.reconnect = reconnect;
        this.silence = silence;
    }

    /**
     * What the buckets of one request say.
     *
     * @param violations none if they admit
     * @param statuses of the limits that were asked, in their order
     */
    record Answer(List<Decision.Violation> violations, List<LimitStatus> statuses) {}

    /** The one connection was made; Lettuce makes it again when it is lost. */
    void connected(RedisLink made) {
        link = made;
        buckets = made.buckets()
                .clientClock(clock)
                .expirationAfterWrite(ExpirationAfterWriteStrategy.basedOnTimeForRefillingBucketUpToMax(CLOCK_ERROR))
                .build()
                .asAsync();
    }

    /** Takes a token of each bucket that has one, of all at once. */
    CompletionStage<Answer> take(List<TokenBucket> limits, Subject subject) {
        List<CompletableFuture<ConsumptionProbe>> probes = new ArrayList<>(limits.size());
        try {
            for (TokenBucket limit : limits) {
                probes.add(proxy(limit, subject).tryConsumeAndReturnRemaining(1));
            }
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
        return CompletableFuture.allOf(probes.toArray(CompletableFuture<?>[]::new))
                .thenApply(_ -> answer(limits, probes))
                .whenComplete((_, error) -> ended(subject, error));
    }

    private void ended(Subject subject, @Nullable Throwable error) {
        silence.heard(Keys.bytes(Tags.of(subject.address())), error);
        RedisLink made = link;
        if (error != null && made != null) {
            reconnect.afterError(error, made.disconnect());
        }
    }

    private static Answer answer(List<TokenBucket> limits, List<CompletableFuture<ConsumptionProbe>> probes) {
        List<Decision.Violation> violations = new ArrayList<>();
        List<LimitStatus> statuses = new ArrayList<>(limits.size());
        for (int i = 0; i < limits.size(); i++) {
            TokenBucket limit = limits.get(i);
            ConsumptionProbe probe = probes.get(i).join();
            statuses.add(status(limit, probe.getRemainingTokens(), probe.getNanosToWaitForReset()));
            if (!probe.isConsumed()) {
                violations.add(new Decision.Violation(
                        limit.name(),
                        Decision.Cause.EXCEEDED,
                        Duration.ofNanos(Math.max(1, probe.getNanosToWaitForRefill()))));
            }
        }
        return new Answer(violations, statuses);
    }

    CompletableFuture<LimitStatus> inspect(TokenBucket limit, Subject subject) {
        try {
            return proxy(limit, subject)
                    .asVerbose()
                    .estimateAbilityToConsume(1)
                    .thenApply(result -> status(
                            limit,
                            result.getValue().getRemainingTokens(),
                            result.getDiagnostics().calculateFullRefillingTime()))
                    .whenComplete((_, error) -> ended(subject, error));
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    CompletableFuture<Void> reset(TokenBucket limit, Subject subject) {
        try {
            String key = Keys.addressBucket(settings.keyPrefix(), limit, subject);
            proxies.invalidate(key);
            return buckets().removeProxy(Keys.bytes(key)).whenComplete((_, error) -> ended(subject, error));
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private AsyncBucketProxy proxy(TokenBucket limit, Subject subject) {
        AsyncProxyManager<byte[]> current = buckets();
        return proxies.get(
                Keys.addressBucket(settings.keyPrefix(), limit, subject),
                key -> current.builder()
                        .withOptimization(Optimizations.batching())
                        .build(Keys.bytes(key), () -> CompletableFuture.completedFuture(configuration(limit))));
    }

    private AsyncProxyManager<byte[]> buckets() {
        AsyncProxyManager<byte[]> current = buckets;
        RedisLink made = link;
        if (current == null || made == null || !made.isOpen()) {
            throw new ScriptExecutor.NotSentException();
        }
        return current;
    }

    private static BucketConfiguration configuration(TokenBucket limit) {
        return BucketConfiguration.builder()
                .addLimit(bandwidth -> bandwidth.capacity(limit.burst()).refillGreedy(limit.tokens(), limit.period()))
                .build();
    }

    private static LimitStatus status(TokenBucket limit, long remaining, long nanosToFull) {
        return new LimitStatus(
                limit.name(),
                limit.capacity(),
                Math.clamp(remaining, 0, limit.capacity()),
                Duration.ofNanos(Math.max(0, nanosToFull)));
    }
}
