package dev.sluice.limits;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * Lets what comes while a command is awaited share the next one. Nothing waits for company: whoever finds no command
 * under way goes at once, alone.
 */
final class Batches<T> {
    private final Queue<T> waiting = new ConcurrentLinkedQueue<>();
    private final AtomicInteger size = new AtomicInteger();
    private final AtomicInteger underWay = new AtomicInteger();
    private final AtomicInteger wip = new AtomicInteger();
    private final int mostInBatch;
    private final int mostUnderWay;
    private final int mostWaiting;
    private final Consumer<List<T>> send;

    /** {@code send} must not throw, and sees to it that {@link #ended} is called once for each batch. */
    Batches(int mostInBatch, int mostUnderWay, int mostWaiting, Consumer<List<T>> send) {
        this.mostInBatch = mostInBatch;
        this.mostUnderWay = mostUnderWay;
        this.mostWaiting = mostWaiting;
        this.send = send;
    }

    /** False if too many wait already. */
    boolean offer(T item) {
        if (size.incrementAndGet() > mostWaiting) {
            size.decrementAndGet();
            return false;
        }
        waiting.add(item);
        drain();
        return true;
    }

    /** A command was answered, or is waited for no longer. */
    void ended() {
        underWay.decrementAndGet();
        drain();
    }

    private void drain() {
        if (wip.getAndIncrement() != 0) {
            return;
        }
        int missed = 1;
        do {
            while (underWay.get() < mostUnderWay) {
                List<T> batch = next();
                if (batch.isEmpty()) {
                    break;
                }
                underWay.incrementAndGet();
                send.accept(batch);
            }
            missed = wip.addAndGet(-missed);
        } while (missed != 0);
    }

    private List<T> next() {
        List<T> batch = new ArrayList<>(Math.min(mostInBatch, size.get()));
        T item;
        while (batch.size() < mostInBatch && (item = waiting.poll()) != null) {
            size.decrementAndGet();
            batch.add(item);
        }
        return batch;
    }
}
