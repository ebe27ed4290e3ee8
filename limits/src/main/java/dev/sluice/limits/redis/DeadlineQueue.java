package dev.sluice.limits.redis;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import reactor.core.scheduler.Scheduler;

/**
 * Ends what takes too long. All have the same time, so they end in the order in which they began: a queue and one timer
 * do, however many there are.
 */
final class DeadlineQueue {
    private final Queue<Entry> entries = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean isRunning = new AtomicBoolean();
    private final Scheduler timer;
    private final long nanos;

    DeadlineQueue(Scheduler timer, long nanos) {
        this.timer = timer;
        this.nanos = nanos;
    }

    /** Runs {@code end} on the timer's thread when the time is over, unless the entry is cleared before. */
    Entry watch(Runnable end) {
        Entry entry = new Entry(end, System.nanoTime() + nanos);
        entries.add(entry);
        startTimer();
        return entry;
    }

    private void startTimer() {
        if (isRunning.compareAndSet(false, true)) {
            Entry head = entries.peek();
            schedule(head == null ? System.nanoTime() : head.at);
        }
    }

    private void schedule(long due) {
        timer.schedule(() -> tick(due), Math.max(1, due - System.nanoTime()), TimeUnit.NANOSECONDS);
    }

    /** What was due when the timer was set is due now, whatever clock the timer runs by. */
    private void tick(long due) {
        long now = Math.max(due, System.nanoTime());
        Entry head;
        while ((head = entries.peek()) != null) {
            Runnable end = head.end;
            if (end != null && head.at - now > 0) {
                schedule(head.at);
                return;
            }
            entries.poll();
            if (end != null) {
                end.run();
            }
        }
        isRunning.set(false);
        if (!entries.isEmpty()) {
            startTimer();
        }
    }

    /** One that may take too long. */
    static final class Entry {
        private final long at;
        private volatile @Nullable Runnable end;

        private Entry(Runnable end, long at) {
            this.end = end;
            this.at = at;
        }

        /** It ended by itself. */
        void clear() {
            end = null;
        }
    }
}
