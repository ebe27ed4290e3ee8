package dev.sluice.limits.redis;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Items that come while a command is awaited share the next one. Nothing waits for company: an item that finds no
 * command under way goes at once, alone.
 */
final class CommandBatcher<T> {
    private final Queue<T> waiting = new ConcurrentLinkedQueue<>();
    private final AtomicInteger size = new AtomicInteger();
    private final AtomicInteger underWay = new AtomicInteger();
    private final AtomicInteger wip = new AtomicInteger();
    private final int mostInBatch;
    private final int mostUnderWay;
    private final int mostWaiting;
    private final Consumer<List<T>> send;

    /** {@code send} must not throw, and sees to it that {@link #completed} is called once for each batch. */
    CommandBatcher(int mostInBatch, int mostUnderWay, int mostWaiting, Consumer<List<T>> send) {
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
    void completed() {
        underWay.decrementAndGet();
        drain();
    }

    /**
     * Runs {@code work}, and sends what it offers as one batch rather than the first items alone. What other threads
     * offer meanwhile goes then too.
     */
    void together(Runnable work) {
        boolean isHeld = wip.getAndIncrement() == 0;
        try {
            work.run();
        } finally {
            if (isHeld) {
                drain(1);
            }
        }
    }

    private void drain() {
        if (wip.getAndIncrement() == 0) {
            drain(1);
        }
    }

    private void drain(int begun) {
        int missed = begun;
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

    /** Sends a batch of one shard. */
    interface Sender<T> {
        void send(String shard, List<T> batch);
    }

    /** A batcher for each shard whose items can share commands. There are never more shards than limits and tags. */
    static final class ByShard<T> {
        private final Map<String, CommandBatcher<T>> shards = new ConcurrentHashMap<>();
        private final Function<String, CommandBatcher<T>> make;

        /** {@code send} must not throw, and sees to it that {@link #completed} is called once for each batch. */
        ByShard(RedisLimiterSettings settings, Sender<T> send) {
            make = shard -> new CommandBatcher<>(
                    settings.batch(), settings.commands(), settings.queue(), batch -> send.send(shard, batch));
        }

        private CommandBatcher<T> at(String shard) {
            CommandBatcher<T> known = shards.get(shard);
            return known == null ? shards.computeIfAbsent(shard, make) : known;
        }

        /** False if too many wait there already. */
        boolean offer(String shard, T item) {
            return at(shard).offer(item);
        }

        /** A command of that shard was answered, or is waited for no longer. */
        void completed(String shard) {
            at(shard).completed();
        }

        /** Runs {@code work} and sends what it offers to that shard as one batch. */
        void together(String shard, Runnable work) {
            at(shard).together(work);
        }
    }
}
