package dev.sluice.gateway.outbound.picture.decode;

import dev.sluice.gateway.outbound.picture.decode.DecoderException.Kind;
import dev.sluice.gateway.outbound.spool.WorkDirectory;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;
import reactor.core.scheduler.Scheduler;

/**
 * One file in the {@link DecoderQueue}. Thread-safe.
 *
 * <pre>
 * WAITING ── start ──→ STARTED ── a thread takes it ──→ RUNNING ──→ OVER
 *    └── fail, cancel ──→ OVER     └── cancel ──→ OVER      └── cancel: interrupted, runs to its end
 * </pre>
 */
final class DecoderJob {
    private final String caller;
    private final Callable<Decoded> decoding;
    private final Path directory;
    private final long memory;
    private final MonoSink<Outcome> result;
    private final AtomicReference<State> state = new AtomicReference<>(State.WAITING);
    private final Disposable.Swap deadline = Disposables.swap();
    private final Disposable.Swap run = Disposables.swap();
    private volatile boolean cancelled;
    private volatile Runnable ended = () -> {};

    private enum State {
        WAITING,
        STARTED,
        RUNNING,
        OVER
    }

    /** How it ended. A value also when it failed: one that nobody takes any more is not to be logged as an error. */
    record Outcome(@Nullable Decoded decoded, @Nullable Throwable failure) {
        Mono<Decoded> asMono() {
            return failure == null ? Mono.justOrEmpty(decoded) : Mono.error(failure);
        }
    }

    /**
     * @param caller for whom
     * @param directory where the decoder leaves files
     * @param memory bytes that it is counted with
     */
    DecoderJob(String caller, Callable<Decoded> decoding, Path directory, long memory, MonoSink<Outcome> result) {
        this.caller = caller;
        this.decoding = decoding;
        this.directory = directory;
        this.memory = memory;
        this.result = result;
    }

    String caller() {
        return caller;
    }

    long memory() {
        return memory;
    }

    /** Ends it when {@code timeout} has fired; that is disposed as soon as it starts. */
    void expireWith(Disposable timeout) {
        deadline.update(timeout);
    }

    /** Ends it without having started. */
    void fail(DecoderException failure) {
        deadline.dispose();
        if (state.compareAndSet(State.WAITING, State.OVER)) {
            result.success(new Outcome(null, failure));
        }
    }

    /** @param whenEnded called once, when nothing of it runs any more */
    void start(Scheduler threads, Runnable whenEnded) {
        deadline.dispose();
        ended = whenEnded;
        if (!state.compareAndSet(State.WAITING, State.STARTED)) {
            whenEnded.run(); // cancelled in this very moment
            return;
        }
        try {
            run.update(threads.schedule(this::decode));
        } catch (RejectedExecutionException stopping) {
            end(new Outcome(null, new DecoderException(Kind.BUSY, "The gateway is stopping", stopping)));
        }
    }

    private void decode() {
        if (!state.compareAndSet(State.STARTED, State.RUNNING)) {
            return;
        }
        Outcome outcome;
        try {
            outcome = new Outcome(decoding.call(), null);
        } catch (Throwable failed) { // also an Error: whoever waits must hear of it
            outcome = new Outcome(null, failed);
        }
        if (cancelled) {
            WorkDirectory.delete(directory);
        }
        end(outcome);
    }

    /** Its memory is free before its result is told. */
    private void end(Outcome outcome) {
        state.set(State.OVER);
        ended.run();
        result.success(outcome);
    }

    /** Nobody waits for it any more. */
    void cancel() {
        cancelled = true;
        deadline.dispose();
        if (state.compareAndSet(State.STARTED, State.OVER)) {
            run.dispose();
            ended.run();
        } else if (!state.compareAndSet(State.WAITING, State.OVER)) {
            run.dispose();
        }
    }
}
