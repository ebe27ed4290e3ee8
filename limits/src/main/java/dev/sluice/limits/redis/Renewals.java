package dev.sluice.limits.redis;

import io.lettuce.core.ScriptOutputType;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/** Renews the leases of requests that still run. A renewal that fails is dropped: the next one says the same. */
final class Renewals {
    private final CommandBatcher.ByShard<Renewal> batches;
    private final Script script;
    private final ScriptExecutor redis;
    private final RedisLimiterSettings settings;
    private final Scheduler timer;
    private final RedisBreaker breaker;
    private final Runnable resume;

    /** {@code resume} is run whenever Redis has answered. */
    Renewals(
            ScriptExecutor redis,
            RedisLimiterSettings settings,
            Scheduler timer,
            RedisBreaker breaker,
            Script script,
            Runnable resume) {
        this.redis = redis;
        this.settings = settings;
        this.timer = timer;
        this.breaker = breaker;
        this.script = script;
        this.resume = resume;
        batches = new CommandBatcher.ByShard<>(settings, this::send);
    }

    /** Completes when Redis has answered, or is waited for no longer; never fails. */
    Mono<Void> renew(Renewal renewal) {
        return batches.offer(renewal.reserved.shard, renewal)
                ? renewal.done().timeout(settings.commandTimeout(), Mono.empty(), timer)
                : Mono.empty();
    }

    private void send(String shard, List<Renewal> batch) {
        if (!breaker.mayCall(shard)) {
            batch.forEach(Renewal::release);
            batches.completed(shard);
            return;
        }
        long sent = System.nanoTime();
        AtomicBoolean isOver = new AtomicBoolean();
        Renewal.Command command = new Renewal.Command(batch, settings.keyPrefix());
        CompletionStage<List<Object>> renewed =
                redis.run(script, ScriptOutputType.MULTI, command.keys(), command.arguments());
        Disposable late = redis.watch(timer, settings.commandTimeout(), () -> breaker.answeredAt(shard), () -> {
            if (isOver.compareAndSet(false, true)) {
                ended(shard, batch, sent, new RedisBreaker.SlowRedisException(settings.commandTimeout()));
            }
        });
        renewed.whenComplete((answers, error) -> {
            late.dispose();
            if (error == null) {
                // Even if it is late: what Redis did, it did.
                Renewal.answered(batch, answers, sent);
            }
            if (isOver.compareAndSet(false, true)) {
                ended(shard, batch, sent, error);
            }
            if (error == null) {
                resume.run();
            }
        });
    }

    private void ended(String shard, List<Renewal> batch, long sent, @Nullable Throwable error) {
        if (error == null) {
            breaker.answered(shard, System.nanoTime() - sent);
        } else {
            breaker.failed(shard, System.nanoTime() - sent, error);
        }
        batch.forEach(Renewal::release);
        batches.completed(shard);
    }
}
