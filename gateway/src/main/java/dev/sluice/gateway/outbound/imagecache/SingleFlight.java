package dev.sluice.gateway.outbound.imagecache;

import dev.sluice.gateway.contract.GatewayException;
import dev.sluice.gateway.contract.ProblemCode;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.util.context.ContextView;

/**
 * One task for any number of callers that want the same thing at the same time. Who comes first starts it, who comes
 * later joins; one that leaves ends nothing for the others, the last one that leaves ends the task.
 *
 * <p>A task has a deadline of its own: whatever becomes of it, nobody waits for ever.
 *
 * <p>What the task acquires it adds to its call's resources. They are freed when nobody waits for the call any more; a
 * caller that wants to keep something shares it while it is handed the result.
 *
 * @param <T> what the task results in
 */
public final class SingleFlight<T> {
    private static final Duration SHORTLY = Duration.ofSeconds(1);

    /** Who a caller is to the call whose result it is handed. */
    public enum Role {
        /** The one whose request started it. */
        FIRST,
        /** One that joined. */
        JOINED
    }

    private final Map<String, Call> calls = new ConcurrentHashMap<>();
    private final AtomicInteger waiting = new AtomicInteger();
    private final int most;
    private final Duration deadline;

    /**
     * At most {@code most} tasks at a time; one more is refused.
     *
     * @param deadline of a task, longer than any that is its own: it fails then for all who wait
     */
    public SingleFlight(int most, Duration deadline) {
        this.most = most;
        this.deadline = deadline;
    }

    /** Tasks under way. */
    public int size() {
        return calls.size();
    }

    /** Whether the task of {@code key} is under way. */
    boolean has(String key) {
        return calls.containsKey(key);
    }

    /** Callers whose tasks have no result yet. */
    public int waiting() {
        return waiting.get();
    }

    /**
     * The result of the one task of {@code key}.
     *
     * @param task made and subscribed once a call; adds what it acquires to the composite
     * @param take called for each caller with the result, while everything the task acquired is held
     */
    public <R> Mono<R> join(String key, Function<Disposable.Composite, Mono<T>> task, BiFunction<T, Role, R> take) {
        return Mono.deferContextual(context -> {
            while (true) {
                Call call = calls.get(key);
                if (call == null) {
                    if (calls.size() >= most) {
                        return Mono.error(full());
                    }
                    Call opened = new Call(key);
                    call = calls.putIfAbsent(key, opened);
                    if (call == null) {
                        return opened.wait(Role.FIRST, take).doOnSubscribe(subscription -> opened.start(task, context));
                    }
                }
                if (call.enter()) {
                    return call.wait(Role.JOINED, take);
                }
                calls.remove(key, call);
            }
        });
    }

    private static GatewayException late() {
        return new GatewayException(ProblemCode.OVERLOADED, "The image took too long.").retryAfter(SHORTLY);
    }

    private static GatewayException full() {
        return new GatewayException(
                        ProblemCode.OVERLOADED, "Too many images are being fetched or made smaller at present.")
                .retryAfter(SHORTLY);
    }

    private final class Call {
        private final String key;
        private final Sinks.One<T> result = Sinks.one();
        private final Disposable.Composite resources = Disposables.composite();
        private final Object lock = new Object();
        private int waiters = 1; // the one that opens it
        private @Nullable Disposable task;
        private boolean over;

        Call(String key) {
            this.key = key;
        }

        /** Whether there is still something to join. */
        boolean enter() {
            synchronized (lock) {
                if (over) {
                    return false;
                }
                waiters++;
                return true;
            }
        }

        /** Of one that has entered. */
        <R> Mono<R> wait(Role role, BiFunction<T, Role, R> take) {
            waiting.incrementAndGet();
            return result.asMono()
                    .<R>handle((value, caller) -> {
                        // The caller may leave on another thread at this very moment: it is counted until it has taken.
                        if (enter()) {
                            try {
                                caller.next(take.apply(value, role));
                            } finally {
                                exit();
                            }
                        }
                    })
                    .doFinally(end -> leave());
        }

        /** @param context of the caller who starts it */
        void start(Function<Disposable.Composite, Mono<T>> work, ContextView context) {
            // Deferred: a task that cannot even be made fails for all who wait.
            Disposable running = Mono.defer(() -> work.apply(resources))
                    .timeout(deadline, Mono.error(SingleFlight::late))
                    // Ended before anybody hears of it: who asks after having been answered begins anew.
                    .doOnTerminate(() -> calls.remove(key, this))
                    .contextWrite(context)
                    .subscribe(result::tryEmitValue, result::tryEmitError, result::tryEmitEmpty);
            boolean nobodyLeft;
            synchronized (lock) {
                task = running;
                nobodyLeft = over;
            }
            if (nobodyLeft) {
                running.dispose();
            }
        }

        private void leave() {
            waiting.decrementAndGet();
            exit();
        }

        private void exit() {
            Disposable ending;
            synchronized (lock) {
                if (--waiters > 0) {
                    return;
                }
                over = true;
                ending = task;
            }
            calls.remove(key, this);
            if (ending != null) {
                ending.dispose();
            }
            resources.dispose();
        }
    }
}
