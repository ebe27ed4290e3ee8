package dev.sluice.gateway.outbound.fetch.body;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;
import reactor.core.publisher.Operators;
import reactor.core.publisher.SignalType;
import reactor.util.context.Context;

/**
 * A body whose start can be peeked at before it is read.
 *
 * <pre>
 *   start()                asks upstream for one buffer after the other and holds them
 *     enough, or the end   tells the first bytes; asks for nothing more
 *   subscribe()            the held buffers, then all others, as downstream asks for them
 *   close(how it ended)    in every state: cancels upstream, releases what is held
 * </pre>
 *
 * <p>Buffers are handed on as they came, never joined. Whoever called {@link #start()} calls {@link #close} in the end.
 */
public final class PeekedBody extends Flux<DataBuffer> implements CoreSubscriber<DataBuffer>, Subscription {
    private final Flux<DataBuffer> source;
    private final int enough;
    private final byte[] start;
    private int startLength;
    private int heldAtStart;
    private @Nullable MonoSink<byte[]> waiting;
    private Context context = Context.empty();

    // delivered and finished belong to whoever drains.
    private final Queue<DataBuffer> held = new ConcurrentLinkedQueue<>();
    private final AtomicLong requested = new AtomicLong();
    private final AtomicInteger draining = new AtomicInteger();
    private long delivered;
    private boolean finished;
    private volatile @Nullable Subscription upstream;
    private volatile @Nullable CoreSubscriber<? super DataBuffer> downstream;
    private volatile @Nullable Throwable error;
    private volatile boolean ended;
    private volatile boolean closed;
    private volatile boolean unwanted;

    /** @param enough bytes to look at; fewer when the body ends before */
    public PeekedBody(Flux<DataBuffer> source, int enough) {
        this.source = source;
        this.enough = enough;
        this.start = new byte[enough];
    }

    /** The first bytes. Called once; fails as the body does when that is before enough of them came. */
    public Mono<byte[]> start() {
        return Mono.create(sink -> {
            waiting = sink;
            context = Context.of(sink.contextView());
            source.subscribe(this);
        });
    }

    /**
     * Ends whatever is going on; nothing is held afterwards. May be called at any time, on any thread.
     *
     * @param end how the reader ended: one that was cancelled may subscribe yet, and then no signal is wanted
     */
    public void close(SignalType end) {
        unwanted = end == SignalType.CANCEL;
        closed = true;
        Subscription running = upstream;
        if (running != null && !ended) {
            running.cancel();
        }
        drain();
    }

    @Override
    public Context currentContext() {
        return context;
    }

    @Override
    public void onSubscribe(Subscription subscription) {
        upstream = subscription;
        if (closed) {
            subscription.cancel();
        } else {
            subscription.request(1);
        }
    }

    @Override
    public void onNext(DataBuffer buffer) {
        boolean looking = waiting != null;
        if (looking) {
            int count = Math.min(buffer.readableByteCount(), enough - startLength);
            buffer.toByteBuffer(buffer.readPosition(), ByteBuffer.wrap(start), startLength, count);
            startLength += count;
            heldAtStart++;
        }
        held.add(buffer);
        drain();
        if (looking && startLength == enough) {
            tellStart();
        } else if (looking) {
            upstreamOrThrow().request(1);
        }
    }

    @Override
    public void onError(Throwable cause) {
        error = cause;
        ended = true;
        MonoSink<byte[]> sink = waiting;
        if (sink != null) {
            waiting = null;
            sink.error(cause);
        }
        drain();
    }

    @Override
    public void onComplete() {
        ended = true;
        if (waiting != null) {
            tellStart();
        }
        drain();
    }

    private void tellStart() {
        MonoSink<byte[]> sink = waiting;
        waiting = null;
        if (sink != null) {
            sink.success(Arrays.copyOf(start, startLength));
        }
    }

    @Override
    public void subscribe(CoreSubscriber<? super DataBuffer> reader) {
        if (unwanted) {
            reader.onSubscribe(Operators.emptySubscription());
            return;
        }
        if (downstream != null || closed) {
            Operators.error(
                    reader, new IllegalStateException("body (expected: to be read once, inside of its reader)"));
            return;
        }
        reader.onSubscribe(this);
        downstream = reader;
        drain();
    }

    /** What is held counts against the demand: upstream is asked for the rest. */
    @Override
    public void request(long n) {
        if (!Operators.validate(n)) {
            return;
        }
        long before = requested.getAndUpdate(total -> Operators.addCap(total, n));
        long now = Operators.addCap(before, n);
        drain();
        long beyondHeld = now == Long.MAX_VALUE ? now : now - Math.max(before, heldAtStart);
        if (!ended && !closed && before != Long.MAX_VALUE && beyondHeld > 0) {
            upstreamOrThrow().request(beyondHeld);
        }
    }

    @Override
    public void cancel() {
        close(SignalType.CANCEL);
    }

    private Subscription upstreamOrThrow() {
        Subscription running = upstream;
        if (running == null) {
            throw new IllegalStateException("body (expected: to be started)");
        }
        return running;
    }

    /** One thread at a time delivers, or releases once closed. */
    private void drain() {
        if (draining.getAndIncrement() != 0) {
            return;
        }
        int missed = 1;
        do {
            CoreSubscriber<? super DataBuffer> reader = downstream;
            if (closed) {
                releaseHeld();
                downstream = null; // whoever has left can be collected, however long the body is kept
            } else if (reader != null) {
                deliver(reader);
            }
            missed = draining.addAndGet(-missed);
        } while (missed != 0);
    }

    private void deliver(CoreSubscriber<? super DataBuffer> reader) {
        while (delivered != requested.get() && !closed) {
            DataBuffer next = held.poll();
            if (next == null) {
                break;
            }
            delivered++;
            reader.onNext(next);
        }
        if (closed) {
            releaseHeld();
        } else if (ended && held.isEmpty() && !finished) {
            finished = true;
            Throwable cause = error;
            if (cause == null) {
                reader.onComplete();
            } else {
                reader.onError(cause);
            }
        }
    }

    private void releaseHeld() {
        for (DataBuffer buffer = held.poll(); buffer != null; buffer = held.poll()) {
            DataBufferUtils.release(buffer);
        }
    }
}
