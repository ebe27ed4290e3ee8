package dev.sluice.limits;

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
 * Tells Redis what requests used. Whoever settles waits for one command at most; what Redis could not be told is kept,
 * and told when it answers again.
 */
final class Settlements {
    private final Batches<Settlement> batches;
    private final Queue<Settlement> untold = new ConcurrentLinkedQueue<>();
    private final AtomicInteger untoldSize = new AtomicInteger();
    private final Script script;
    private final RedisLink link;
    private final RedisLimiterSettings settings;
    private final Scheduler timer;
    private final LimiterObserver observer;

    Settlements(
            RedisLink link, RedisLimiterSettings settings, Scheduler timer, LimiterObserver observer, Script script) {
        this.script = script;
        this.link = link;
        this.settings = settings;
        this.timer = timer;
        this.observer = observer;
        batches = new Batches<>(settings.batch(), settings.commands(), settings.queue(), this::send);
    }

    /** Completes when Redis was told, or waits for it no longer; never fails. */
    Mono<Void> tell(Settlement settlement) {
        if (settlement.isNothing()) {
            return Mono.empty();
        }
        if (!batches.offer(settlement)) {
            keep(settlement, new IllegalStateException("too many permits are being settled"));
        }
        return settlement.told();
    }

    /** Redis answers: what it could not be told before can be told now. */
    void resume() {
        for (int left = untoldSize.get(); left > 0; left--) {
            Settlement next = untold.poll();
            if (next == null) {
                return;
            }
            untoldSize.decrementAndGet();
            if (next.isOver() || !batches.offer(next)) {
                keep(next, new IllegalStateException("a permit was settled too late to be told"));
            }
        }
    }

    private void send(List<Settlement> batch) {
        AtomicBoolean isOver = new AtomicBoolean();
        Runnable release = () -> {
            if (isOver.compareAndSet(false, true)) {
                batch.forEach(Settlement::release);
                batches.ended();
            }
        };
        // A command that is late is still on its way; only those who wait for it are let go.
        Disposable late = timer.schedule(release, settings.commandTimeout().toNanos(), TimeUnit.NANOSECONDS);
        link.<Long>run(
                        script,
                        ScriptOutputType.INTEGER,
                        Settlement.keys(batch, settings.keyPrefix()),
                        Settlement.arguments(batch, settings.settledFor().toMillis()))
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
        if (settlement.isOver() || untoldSize.get() >= settings.queue()) {
            observer.settlingFailed(cause);
            return;
        }
        untold.add(settlement);
        untoldSize.incrementAndGet();
    }
}
