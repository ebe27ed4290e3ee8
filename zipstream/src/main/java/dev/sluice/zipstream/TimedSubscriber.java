package dev.sluice.zipstream;

import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import reactor.core.CoreSubscriber;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Operators;
import reactor.core.scheduler.Scheduler;
import reactor.util.context.Context;

/**
 * Hands buffers on until they end, or until {@link #fail} is called from any thread, mostly a timer's.
 *
 * <p>Two threads may want to signal at once, and signals must not overlap. {@code busy} decides, without a queue or a
 * lock:
 *
 * <pre>
 *            onNext: 0 to 1, hand on, minus 1      the end (first to set {@code outcome}): plus 1
 *   0 idle ──────────────────────────────── 1 handing on
 *   └ the end found 0: signals it itself    └ the end found 1: the buffer's thread signals it when it is back
 * </pre>
 *
 * After the end {@code busy} never returns to 0, and a buffer that comes late is released.
 */
abstract class TimedSubscriber implements CoreSubscriber<DataBuffer>, Subscription {

    private static final Object COMPLETED = "completed";
    private static final Object CANCELLED = "cancelled";

    private final CoreSubscriber<? super DataBuffer> actual;
    private final Scheduler timer;
    private final AtomicInteger busy = new AtomicInteger();
    private final AtomicReference<@Nullable Object> outcome = new AtomicReference<>();
    private final Disposable.Swap timeout = Disposables.swap();
    private volatile @Nullable Subscription upstream;

    TimedSubscriber(CoreSubscriber<? super DataBuffer> actual, Scheduler timer) {
        this.actual = actual;
        this.timer = timer;
    }

    @Override
    public final Context currentContext() {
        return actual.currentContext();
    }

    @Override
    public final void onSubscribe(Subscription s) {
        if (Operators.validate(upstream, s)) {
            upstream = s;
            actual.onSubscribe(this);
            subscribed();
        }
    }

    /** Downstream has its subscription, and may have requested already. */
    void subscribed() {}

    @Override
    public void onNext(DataBuffer buffer) {
        if (!busy.compareAndSet(0, 1)) {
            DataBufferUtils.release(buffer);
            return;
        }
        actual.onNext(buffer);
        if (busy.decrementAndGet() != 0) {
            signalEnd();
        }
    }

    /** Whether what comes now comes too late. */
    final boolean hasEnded() {
        return outcome.get() != null;
    }

    @Override
    public final void onError(Throwable error) {
        if (!end(error)) {
            Operators.onErrorDropped(error, currentContext());
        }
    }

    @Override
    public final void onComplete() {
        end(COMPLETED);
    }

    /** Ends the stream with an error of ours, once: upstream is cancelled before downstream hears of it. */
    final void fail(Throwable error) {
        if (outcome.get() == null) {
            cancelUpstream();
            end(error);
        }
    }

    @Override
    public void request(long n) {
        Subscription s = upstream;
        if (s != null) {
            s.request(n);
        }
    }

    @Override
    public final void cancel() {
        if (outcome.compareAndSet(null, CANCELLED)) {
            timeout.dispose();
        }
        cancelUpstream();
    }

    /**
     * Runs {@code check} on the timer after {@code delay}, unless the end comes first. One check is pending at most.
     */
    final void after(Duration delay, Runnable check) {
        if (outcome.get() != null) {
            return;
        }
        try {
            timeout.replace(timer.schedule(check, Nanos.of(delay), TimeUnit.NANOSECONDS));
        } catch (RejectedExecutionException stopped) {
            fail(stopped);
        }
    }

    private boolean end(Object how) {
        if (!outcome.compareAndSet(null, how)) {
            return false;
        }
        timeout.dispose();
        if (busy.getAndIncrement() == 0) {
            signalEnd();
        }
        return true;
    }

    private void signalEnd() {
        if (outcome.get() instanceof Throwable error) {
            actual.onError(error);
        } else {
            actual.onComplete();
        }
    }

    private void cancelUpstream() {
        Subscription s = upstream;
        if (s != null) {
            s.cancel();
        }
    }
}
