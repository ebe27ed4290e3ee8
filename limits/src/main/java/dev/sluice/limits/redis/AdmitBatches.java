package dev.sluice.limits.redis;

import dev.sluice.limits.LimiterObserver;
import io.lettuce.core.ScriptOutputType;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import reactor.core.Disposable;
import reactor.core.scheduler.Scheduler;

/** Asks {@code admit.lua} about many requests of one shard with one command. */
final class AdmitBatches {
    private final CommandBatcher.ByShard<Ask> batches;
    private final ScriptExecutor redis;
    private final RedisLimiterSettings settings;
    private final RedisClock clock;
    private final RedisBreaker breaker;
    private final Settlements settlements;
    private final Scheduler timer;
    private final LimiterObserver observer;
    private final Script script;

    AdmitBatches(
            ScriptExecutor redis,
            RedisLimiterSettings settings,
            RedisClock clock,
            RedisBreaker breaker,
            Settlements settlements,
            Scheduler timer,
            LimiterObserver observer,
            Script script) {
        this.redis = redis;
        this.settings = settings;
        this.clock = clock;
        this.breaker = breaker;
        this.settlements = settlements;
        this.timer = timer;
        this.observer = observer;
        this.script = script;
        batches = new CommandBatcher.ByShard<>(settings, this::send);
    }

    /** One request to one part of its limits. */
    abstract static class Ask {
        final PartReservation reserved;
        private final long since = System.nanoTime();

        Ask(PartReservation reserved) {
            this.reserved = reserved;
        }

        /** Whether somebody still waits for it; asked before it is sent. */
        abstract boolean isWaiting();

        abstract void addTo(AdmitCommand command);

        /** Redis has decided, perhaps after {@link #late}. */
        abstract void decided(Verdict verdict);

        /** Redis cannot be waited for any longer. Called once at most, before whatever Redis does say. */
        abstract void late();

        /** Redis will not say. */
        abstract void failed(Outcome outcome);
    }

    /** What Redis did that does not say so. */
    enum Outcome {
        NOTHING,
        UNKNOWN
    }

    /** Asks when it can; false if too many wait. */
    boolean offer(Ask ask) {
        return batches.offer(ask.reserved.shard, ask);
    }

    private void send(String shard, List<Ask> all) {
        List<Ask> batch = new ArrayList<>(all.size());
        List<Ask> left = new ArrayList<>();
        for (Ask ask : all) {
            (ask.isWaiting() ? batch : left).add(ask);
        }
        if (!batch.isEmpty() && !breaker.mayCall(shard)) {
            left.addAll(batch);
            batch.clear();
        }
        left.forEach(ask -> ask.failed(Outcome.NOTHING));
        if (batch.isEmpty()) {
            batches.completed(shard);
            return;
        }
        AdmitCommand command = new AdmitCommand(settings.keyPrefix(), clock.millis());
        batch.forEach(ask -> ask.addTo(command));
        CompletionStage<byte[]> answer =
                redis.run(script, ScriptOutputType.VALUE, () -> written(batch), command.keys(), command.arguments());
        await(shard, batch, command, answer);
    }

    private void written(List<Ask> batch) {
        long now = System.nanoTime();
        for (Ask ask : batch) {
            observer.waitedForRedis(now - ask.since);
        }
    }

    private void await(String shard, List<Ask> batch, AdmitCommand command, CompletionStage<byte[]> answer) {
        long sent = System.nanoTime();
        AtomicBoolean isOver = new AtomicBoolean();
        Disposable late = redis.watch(timer, settings.commandTimeout(), () -> breaker.answeredAt(shard), () -> {
            if (isOver.compareAndSet(false, true)) {
                failed(shard, batch, sent, new RedisBreaker.SlowRedisException(settings.commandTimeout()));
            }
        });
        answer.whenComplete((numbers, error) -> {
            late.dispose();
            boolean isInTime = isOver.compareAndSet(false, true);
            if (error != null) {
                if (isInTime) {
                    failed(shard, batch, sent, error);
                }
                Outcome outcome = error instanceof ScriptExecutor.NotSentException ? Outcome.NOTHING : Outcome.UNKNOWN;
                batch.forEach(ask -> ask.failed(outcome));
                return;
            }
            if (isInTime) {
                breaker.answered(shard, System.nanoTime() - sent);
            }
            // What the decisions lead to, the next admissions and settlements, goes together.
            batches.together(
                    shard,
                    () -> settlements.together(shard, () -> {
                        try {
                            answered(batch, command, numbers);
                        } finally {
                            if (isInTime) {
                                batches.completed(shard);
                            }
                        }
                    }));
            settlements.resume();
        });
    }

    private void failed(String shard, List<Ask> batch, long sent, Throwable cause) {
        breaker.failed(shard, System.nanoTime() - sent, cause);
        try {
            batch.forEach(Ask::late);
        } finally {
            batches.completed(shard);
        }
    }

    private void answered(List<Ask> batch, AdmitCommand command, byte[] answer) {
        AdmitCommand.Verdicts verdicts = command.verdicts(answer);
        clock.correct(verdicts.redisMillis());
        for (int i = 0; i < batch.size(); i++) {
            batch.get(i).decided(verdicts.requests().get(i));
        }
    }
}
