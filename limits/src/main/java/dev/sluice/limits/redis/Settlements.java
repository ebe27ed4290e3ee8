package dev.sluice.limits.redis;

import dev.sluice.limits.LimiterObserver;
import io.lettuce.core.ScriptOutputType;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * Settles permits in Redis. The caller waits for one command at most; settlements that fail stay pending, and are sent
 * again when Redis answers again.
 */
final class Settlements {
    private final CommandBatcher.ByShard<Settlement> batches;
    private final Queue<Settlement> pending = new ConcurrentLinkedQueue<>();
    private final AtomicInteger pendingSize = new AtomicInteger();
    private final Script script;
    private final ScriptExecutor redis;
    private final RedisLimiterSettings settings;
    private final Scheduler timer;
    private final LimiterObserver observer;

    Settlements(
            ScriptExecutor redis,
            RedisLimiterSettings settings,
            Scheduler timer,
            LimiterObserver observer,
            Script script) {
        this.script = script;
        this.redis = redis;
        this.settings = settings;
        this.timer = timer;
        this.observer = observer;
        batches = new CommandBatcher.ByShard<>(settings, this::send);
    }

    /** Completes when Redis has settled it, or is waited for no longer; never fails. */
    Mono<Void> settle(Settlement settlement) {
        if (settlement.isNothing()) {
            return Mono.empty();
        }
        if (!batches.offer(settlement.shard, settlement)) {
            keep(settlement, new IllegalStateException("too many permits are being settled"));
        }
        return settlement.done();
    }

    /** Runs {@code work}; what it settles at that shard is sent together. */
    void together(String shard, Runnable work) {
        batches.together(shard, work);
    }

    /** Redis answers: sends what is pending. */
    void resume() {
        for (int left = pendingSize.get(); left > 0; left--) {
            Settlement next = pending.poll();
            if (next == null) {
                return;
            }
            pendingSize.decrementAndGet();
            if (next.isOver() || !batches.offer(next.shard, next)) {
                keep(next, new IllegalStateException("a permit was settled too late"));
            }
        }
    }

    private void send(String shard, List<Settlement> batch) {
        AtomicBoolean isOver = new AtomicBoolean();
        Runnable release = () -> {
            if (isOver.compareAndSet(false, true)) {
                batch.forEach(Settlement::release);
                batches.completed(shard);
            }
        };
        // A command that is late is still on its way; only those who wait for it are let go.
        Disposable late = timer.schedule(release, settings.commandTimeout().toNanos(), TimeUnit.NANOSECONDS);
        Settlement.Command command = new Settlement.Command(
                batch, settings.keyPrefix(), settings.settledFor().toMillis());
        redis.<Long>run(script, ScriptOutputType.INTEGER, command.keys(), command.arguments())
                .whenComplete((count, error) -> {
                    late.dispose();
                    if (error != null) {
                        batch.forEach(settlement -> keep(settlement, error));
                    }
                    release.run();
                    if (error == null) {
                        resume();
                    }
                });
    }

    private void keep(Settlement settlement, Throwable cause) {
        settlement.release();
        if (settlement.isOver() || pendingSize.get() >= settings.queue()) {
            observer.settlingFailed(cause);
            return;
        }
        pending.add(settlement);
        pendingSize.incrementAndGet();
    }
}
