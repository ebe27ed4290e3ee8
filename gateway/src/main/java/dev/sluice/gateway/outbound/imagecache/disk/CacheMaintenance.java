package dev.sluice.gateway.outbound.imagecache.disk;

import dev.sluice.gateway.contract.FailureLine;
import dev.sluice.gateway.outbound.imagecache.disk.Evictions.Cause;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.scheduler.Scheduler;

/** Keeps the index true to the directory: rebuilds it at start, sweeps daily, and notices when files have gone. */
final class CacheMaintenance {
    private static final Logger LOG = LoggerFactory.getLogger(CacheMaintenance.class);
    private static final Duration SWEEPS = Duration.ofDays(1);

    private final CacheIndex index;
    private final CacheDirectory directory;
    private final Evictions evictions;
    private final Evictions.Meters meters;
    private final StoreLog warnings;
    private final Clock clock;
    private final long retention; // milliseconds
    private final Scheduler disk;

    private final Disposable.Swap sweeps = Disposables.swap();
    private final CountDownLatch begun = new CountDownLatch(1);
    private final AtomicBoolean preparing = new AtomicBoolean();
    private final AtomicBoolean scanning = new AtomicBoolean();
    private final AtomicBoolean lookingForMissing = new AtomicBoolean();
    private final AtomicBoolean closed = new AtomicBoolean();

    /** The cache itself, and each task that needs the lock: whoever leaves last releases it. */
    private final AtomicInteger inside = new AtomicInteger(1);

    CacheMaintenance(
            CacheIndex index,
            CacheDirectory directory,
            Evictions evictions,
            Evictions.Meters meters,
            StoreLog warnings,
            Clock clock,
            Duration retention,
            Scheduler disk) {
        this.index = index;
        this.directory = directory;
        this.evictions = evictions;
        this.meters = meters;
        this.warnings = warnings;
        this.clock = clock;
        this.retention = retention.toMillis();
        this.disk = disk;
    }

    /** Begins to rebuild the index and to sweep daily. Blocks until the index is complete, or for {@code most}. */
    void start(Duration most) {
        prepare();
        sweeps.update(disk.schedulePeriodically(this::sweep, SWEEPS.toSeconds(), SWEEPS.toSeconds(), TimeUnit.SECONDS));
        try {
            var _ = begun.await(most.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }

    /** Sees to it that {@link #isReady} holds soon, if it can. Does not block. */
    void prepare() {
        if (preparing.compareAndSet(false, true)) {
            try {
                disk.schedule(this::begin);
            } catch (RejectedExecutionException full) {
                preparing.set(false);
            }
        }
    }

    private void begin() {
        try {
            if (enter()) {
                beginInside();
            }
        } finally {
            preparing.set(false);
            begun.countDown();
        }
    }

    private void beginInside() {
        try {
            isReady();
        } catch (IOException | RuntimeException failed) {
            warnings.failed(failed);
        } finally {
            leave();
        }
    }

    /** Begins to use the directory; false when the cache is closed, else {@link #leave} must follow. */
    boolean enter() {
        return inside.updateAndGet(tasks -> tasks == 0 ? 0 : tasks + 1) > 0;
    }

    void leave() {
        if (inside.decrementAndGet() > 0) {
            return;
        }
        try {
            directory.release();
        } catch (IOException failed) {
            LOG.info("lock of {} not released: {}", directory.root(), failed.toString());
        }
    }

    /**
     * Whether this process has the directory for itself and knows all that is in it. Claims the directory, and rebuilds
     * the index, if need be. Blocks; false while another thread is doing so.
     *
     * @throws IOException when the directory cannot be had
     */
    boolean isReady() throws IOException {
        if (index.isComplete() && directory.isOurs()) {
            return true;
        }
        if (!scanning.compareAndSet(false, true)) {
            return false;
        }
        try {
            index.incomplete();
            if (!directory.isOurs()) {
                directory.claim();
            }
            dropMissing();
            scan();
            index.order();
            evictions.trim();
            index.complete();
            LOG.info("{} images of {} bytes in {}", index.size(), index.usedBytes(), directory.root());
            return true;
        } finally {
            scanning.set(false);
        }
    }

    private void scan() throws IOException {
        new IndexScan(index, directory, evictions, meters, clock.millis(), retention).run();
    }

    /** Drops what is too old or gone, and deletes what is left over. Blocks. */
    void sweep() {
        if (!enter()) {
            return;
        }
        try {
            dropExpired();
            if (index.isComplete() && directory.isOurs() && scanning.compareAndSet(false, true)) {
                try {
                    evictions.retryDeletes();
                    dropMissing();
                    scan();
                    evictions.trim();
                } finally {
                    scanning.set(false);
                }
            }
        } catch (IOException | UncheckedIOException failed) {
            LOG.warn("{} not swept: {}", directory.root(), FailureLine.of(failed));
        } catch (RuntimeException defect) {
            LOG.warn("{} not swept", directory.root(), defect);
        } finally {
            leave();
        }
    }

    private void dropExpired() {
        long now = clock.millis();
        for (CacheEntry entry : index.entries()) {
            if (isExpired(entry, now)) {
                evictions.dropNow(entry, Cause.EXPIRED);
            }
        }
    }

    /** Whether the entry is too old to be shown. A validation of the future is set to now on the way. */
    boolean isExpired(CacheEntry entry, long now) {
        return now - entry.clamp(now).storedAt() > retention;
    }

    /** A file is gone: looks, later and once for all who notice, whether others are too. On any thread. */
    void noticeMissing() {
        if (!lookingForMissing.compareAndSet(false, true)) {
            return;
        }
        try {
            disk.schedule(() -> {
                lookingForMissing.set(false);
                dropMissing();
            });
        } catch (RejectedExecutionException full) {
            lookingForMissing.set(false);
        }
    }

    private void dropMissing() {
        for (CacheEntry entry : index.entries()) {
            if (Files.notExists(directory.path(entry.name()))) {
                evictions.dropNow(entry, Cause.MISSING);
            }
        }
    }

    /** Stops sweeping. The lock is released when the last task has left. May be called twice. */
    void close() {
        if (closed.compareAndSet(false, true)) {
            sweeps.dispose();
            leave();
        }
    }

    boolean isClosed() {
        return closed.get();
    }

    /** Says once that images are not being stored, and only again after one was. */
    static final class StoreLog {
        private final AtomicBoolean failing = new AtomicBoolean();

        void failed(String reason) {
            if (failing.compareAndSet(false, true)) {
                LOG.warn("images are served but not stored: {}", reason);
            } else {
                LOG.debug("not stored: {}", reason);
            }
        }

        void failed(Exception cause) {
            failed(cause.toString());
        }

        void succeeded() {
            if (failing.get() && failing.compareAndSet(true, false)) {
                LOG.info("images are stored again");
            }
        }
    }
}
