package dev.sluice.gateway.feature.zip;

import dev.sluice.gateway.contract.ClientConnection;
import dev.sluice.zipstream.BufferBudget;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.util.unit.DataSize;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Scheduler;

/**
 * Cuts off slow readers of archives while others wait. A client may read its archive as slowly as it likes as long as
 * nobody else wants the disk that its images take. While images of others wait for room on disk, archives that use some
 * must be read at a minimum rate; of those that are not, each check cuts off the slowest, until nobody waits or all the
 * others keep the rate. Memory needs no such rule: an image that waits for it goes to disk.
 *
 * <p>Rates are measured always, over a whole window, so that the slowest is known when the first one waits. Time in
 * which a client waits for its archive does not count.
 */
final class SlowReaderEviction {
    /** Looks in a window. */
    private static final int LOOKS = 15;

    private final BufferBudget disk;
    private final long slowest;
    private final long windowNanos;
    private final Scheduler timer;
    private final Set<Reader> readers = ConcurrentHashMap.newKeySet();
    private final AtomicLong nextCut;

    /**
     * A rule over all archives of the process.
     *
     * @param disk what may be waited for
     * @param slowest bytes a second that are enough; 0 turns this off
     * @param window over which a pace is measured
     * @param timer runs the looks, and is the clock
     */
    SlowReaderEviction(BufferBudget disk, DataSize slowest, Duration window, Scheduler timer) {
        this.disk = disk;
        this.slowest = slowest.toBytes();
        this.windowNanos = window.toNanos();
        this.timer = timer;
        this.nextCut = new AtomicLong(timer.now(TimeUnit.NANOSECONDS));
    }

    /** The archive, under this rule. */
    Flux<DataBuffer> over(Flux<DataBuffer> archive, ClientConnection client, BooleanSupplier usesDisk) {
        return slowest == 0
                ? archive
                : Flux.using(() -> new Reader(client, usesDisk), reader -> archive, Reader::dispose);
    }

    private final class Reader implements Disposable {
        private final ClientConnection client;
        private final BooleanSupplier usesDisk;
        private final Disposable looking;
        private ClientConnection.Taken start;
        private volatile long pace = Long.MAX_VALUE; // bytes a second in the last whole window

        Reader(ClientConnection client, BooleanSupplier usesDisk) {
            this.client = client;
            this.usesDisk = usesDisk;
            this.start = client.taken();
            long pause = Math.max(1, windowNanos / LOOKS);
            readers.add(this);
            looking = timer.schedulePeriodically(this::look, pause, pause, TimeUnit.NANOSECONDS);
        }

        private void look() {
            ClientConnection.Taken taken = client.taken();
            long elapsed = taken.seenNanos() - start.seenNanos();
            if (!taken.isBehind()) {
                pace = Long.MAX_VALUE;
                start = taken;
            } else if (!start.isBehind()) {
                start = taken;
            } else if (elapsed >= windowNanos) {
                pace = (taken.bytes() - start.bytes()) * 1000 / Math.max(1, TimeUnit.NANOSECONDS.toMillis(elapsed));
                start = taken;
            }
            if (pace < slowest && disk.queued() > 0 && usesDisk.getAsBoolean() && isSlowest() && isTime()) {
                client.cutOff("reads " + pace + " bytes a second while others wait for the room of its archive");
            }
        }

        private boolean isSlowest() {
            return readers.stream().allMatch(other -> pace <= other.pace || !other.usesDisk.getAsBoolean());
        }

        /** Whom one cut gave room to is out of the queue before the next. */
        private boolean isTime() {
            long now = timer.now(TimeUnit.NANOSECONDS);
            long next = nextCut.get();
            return now >= next && nextCut.compareAndSet(next, now + windowNanos / LOOKS);
        }

        @Override
        public void dispose() {
            readers.remove(this);
            looking.dispose();
        }
    }
}
