package dev.sluice.limits.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.sluice.limits.LimiterObserver;
import dev.sluice.limits.redis.connection.ReadOnlyReconnect;
import dev.sluice.limits.redis.connection.RedisLink;
import dev.sluice.limits.redis.connection.Silence;
import dev.sluice.limits.redis.connection.TimedArguments;
import io.lettuce.core.RedisConnectionException;
import io.lettuce.core.RedisNoScriptException;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.output.CommandOutput;
import io.lettuce.core.output.IntegerOutput;
import io.lettuce.core.output.NestedMultiOutput;
import io.lettuce.core.output.ValueOutput;
import io.lettuce.core.protocol.CommandType;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.EventExecutorGroup;
import java.io.Serial;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.util.retry.Retry;

/**
 * The one connection. It is made in the background and, once lost, made again by Lettuce, which then sends again what
 * was not answered: scripts may run twice. While there is none, commands fail at once.
 */
final class ScriptExecutor implements AutoCloseable {
    private static final Duration FIRST_PAUSE = Duration.ofMillis(50);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(1);
    /** A command of a busy process is waited for so many times at most. */
    static final int MOST_TIMES = 6;

    /** Of a server that is no cluster. */
    static final RedisLink.Master ONE = new RedisLink.Master(Tags.all().getFirst(), "Redis");

    private final Supplier<RedisLink> connect;
    private final Consumer<RedisLink> connected;
    private final ReadOnlyReconnect reconnect;
    private final Silence silence;
    private final LimiterObserver observer;
    private final EventExecutorGroup loops;
    private final Disposable connecting;
    private volatile @Nullable RedisLink link;
    private volatile boolean closed;

    /**
     * {@code connected} is called once, with the connection, before it is used.
     *
     * @param loops on which connections are read
     */
    ScriptExecutor(
            Supplier<RedisLink> connect,
            Consumer<RedisLink> connected,
            ReadOnlyReconnect reconnect,
            Silence silence,
            LimiterObserver observer,
            EventExecutorGroup loops) {
        this.loops = loops;
        this.connected = connected;
        this.reconnect = reconnect;
        this.silence = silence;
        this.observer = observer;
        this.connect = connect;
        // Lettuce connects to a client's own address only while a thread waits: the one place that does.
        connecting = Mono.fromCallable(this::open)
                .subscribeOn(Schedulers.boundedElastic())
                .retryWhen(Retry.backoff(Long.MAX_VALUE, FIRST_PAUSE).maxBackoff(LONGEST_PAUSE))
                .subscribe();
    }

    private Boolean open() {
        RedisLink made = connect.get();
        silence.connected(made.nodeOfSlot());
        connected.accept(made);
        link = made;
        if (closed) {
            var _ = made.connection().closeAsync();
        }
        return true;
    }

    /** The connection's commands; throws while there is none. */
    RedisClusterAsyncCommands<byte[], byte[]> commands() {
        RedisLink current = link;
        if (current == null) {
            throw new NotSentException();
        }
        return current.commands();
    }

    /** The masters of now; while there is no connection, one of which nothing is known. */
    List<RedisLink.Master> masters() {
        RedisLink current = link;
        List<RedisLink.Master> known =
                current == null ? List.of() : current.masters().get();
        return known.isEmpty() ? List.of(ONE) : known;
    }

    /** Runs a script by its digest, and with its text where Redis does not know it. Never throws. */
    <T> CompletionStage<T> run(Script script, ScriptOutputType output, byte[][] keys, byte[]... arguments) {
        return run(script, output, () -> {}, keys, arguments);
    }

    /** The same; {@code written} is run once, by the thread that writes the command. */
    <T> CompletionStage<T> run(
            Script script, ScriptOutputType output, Runnable written, byte[][] keys, byte[]... arguments) {
        RedisLink current = link;
        if (current == null || !current.isOpen()) {
            return CompletableFuture.failedFuture(new NotSentException());
        }
        try {
            return this.<T>send(current, CommandType.EVALSHA, script.digest(), output, written, keys, arguments)
                    .exceptionallyCompose(error -> isUnknown(error)
                            ? send(current, CommandType.EVAL, script.text(), output, () -> {}, keys, arguments)
                            : CompletableFuture.failedFuture(error))
                    .whenComplete((_, error) -> reconnect.afterError(error, current.disconnect()));
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    /** Lettuce's own methods for scripts do not say when a command is written. */
    private <T> CompletionStage<T> send(
            RedisLink link,
            CommandType type,
            String script,
            ScriptOutputType output,
            Runnable written,
            byte[][] keys,
            byte[][] arguments) {
        TimedArguments timed = new TimedArguments(written);
        timed.add(script.getBytes(UTF_8)).add(keys.length).addKeys(keys).addValues(arguments);
        return link.commands().<T>dispatch(type, output(output), timed).whenComplete((_, error) -> {
            Long writtenAt = timed.writtenAt();
            if (silence.heard(keys[0], error) && writtenAt != null) {
                observer.redisAnswered(System.nanoTime() - writtenAt);
            }
        });
    }

    @SuppressWarnings("unchecked") // The caller knows what its script answers.
    private static <T> CommandOutput<byte[], byte[], T> output(ScriptOutputType type) {
        return (CommandOutput<byte[], byte[], T>)
                switch (type) {
                    case INTEGER -> new IntegerOutput<>(ByteArrayCodec.INSTANCE);
                    case VALUE -> new ValueOutput<>(ByteArrayCodec.INSTANCE);
                    case MULTI -> new NestedMultiOutput<>(ByteArrayCodec.INSTANCE);
                    case BOOLEAN, OBJECT, STATUS -> throw new IllegalArgumentException(type.toString());
                };
    }

    /**
     * Runs {@code late} when Redis has not answered a command that is sent now. What this process takes for itself does
     * not count: the time begins when the command is written, what has arrived is read first when it is over, and where
     * that or the timer came late, or Redis has answered other commands meanwhile, the command is waited for anew, a
     * few times at most.
     *
     * @param lastAnswer when Redis last answered there, by {@link System#nanoTime}
     */
    Disposable watch(Scheduler timer, Duration timeout, LongSupplier lastAnswer, Runnable late) {
        Disposable.Swap watch = Disposables.swap();
        afterWriting(() -> watch(timer, timeout.toNanos(), lastAnswer, late, watch, 1));
        return watch;
    }

    private void watch(
            Scheduler timer, long nanos, LongSupplier lastAnswer, Runnable late, Disposable.Swap watch, int times) {
        if (watch.isDisposed()) {
            return;
        }
        long begun = System.nanoTime();
        watch.update(timer.schedule(
                () -> afterReading(() -> {
                    boolean isAtWork = wasBusy(begun + nanos, nanos) || lastAnswer.getAsLong() - begun > 0;
                    if (times < MOST_TIMES && isAtWork) {
                        watch(timer, nanos, lastAnswer, late, watch, times + 1);
                    } else if (!watch.isDisposed()) {
                        late.run();
                    }
                }),
                nanos,
                TimeUnit.NANOSECONDS));
    }

    /** Whether this process, and not Redis, is why something comes later than it was due. */
    static boolean wasBusy(long due, long waited) {
        return System.nanoTime() - due > waited / 4;
    }

    /** Runs {@code work} when what has arrived here by now is read. */
    void afterReading(Runnable work) {
        // A task that a loop gives itself runs in the same turn, and one that is due a moment later after the next
        // read.
        onEachLoop(
                (loop, passed) -> {
                    var _ = loop.schedule(passed, 1, TimeUnit.NANOSECONDS);
                },
                work);
    }

    /** Runs {@code work} when what was sent by now is written. */
    private void afterWriting(Runnable work) {
        onEachLoop((_, passed) -> passed.run(), work);
    }

    private interface Turn {
        void pass(EventExecutor loop, Runnable passed);
    }

    private void onEachLoop(Turn turn, Runnable work) {
        List<EventExecutor> all = new ArrayList<>();
        loops.forEach(all::add);
        AtomicInteger left = new AtomicInteger(all.size());
        Runnable passed = () -> {
            if (left.decrementAndGet() == 0) {
                work.run();
            }
        };
        for (EventExecutor loop : all) {
            try {
                loop.execute(() -> pass(turn, loop, passed));
            } catch (RejectedExecutionException ended) {
                passed.run();
            }
        }
    }

    private static void pass(Turn turn, EventExecutor loop, Runnable passed) {
        try {
            turn.pass(loop, passed);
        } catch (RejectedExecutionException ended) {
            passed.run();
        }
    }

    /** Tells Redis the scripts, in a cluster each master; fails while there is no connection. */
    CompletionStage<?> load(List<Script> scripts) {
        RedisClusterAsyncCommands<byte[], byte[]> commands = commands();
        return CompletableFuture.allOf(scripts.stream()
                .map(script ->
                        commands.scriptLoad(script.text().getBytes(UTF_8)).toCompletableFuture())
                .toArray(CompletableFuture<?>[]::new));
    }

    private static boolean isUnknown(Throwable error) {
        return error instanceof RedisNoScriptException
                || (error instanceof CompletionException && error.getCause() instanceof RedisNoScriptException);
    }

    @Override
    public void close() {
        closed = true;
        connecting.dispose();
        RedisLink current = link;
        if (current != null) {
            var _ = current.connection().closeAsync();
        }
    }

    /** There is no connection: nothing was sent, so nothing was done. */
    static final class NotSentException extends RedisConnectionException {
        @Serial
        private static final long serialVersionUID = 1L;

        NotSentException() {
            super("not connected");
        }
    }
}
