package dev.sluice.gateway.outbound.imagecache.disk;

import dev.sluice.gateway.outbound.imagecache.disk.CacheIndex.Removal;
import dev.sluice.gateway.outbound.imagecache.disk.Evictions.Cause;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.buffer.DataBuffer;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * Images on disk, under their canonical URLs, within a hard bound: the files in its directory, temporary ones included
 * and each rounded up to blocks of 4 KiB, never take more than {@link CacheSettings#maxBytes}. What is old and was not
 * used since goes first.
 *
 * <p>No method blocks or fails. A disk that is full, read-only or slow makes a cache that keeps nothing, says so once
 * in the log, and tries again with the next image. All methods may be called on any thread; monos do their work when
 * subscribed to.
 */
public final class ImageCache implements AutoCloseable {
    private final CacheIndex index;
    private final CacheDirectory directory;
    private final MemoryTier hot;
    private final Evictions evictions;
    private final CacheMaintenance maintenance;
    private final EntryOpener opener;
    private final ImageWriter writer;
    private final CacheMaintenance.StoreLog warnings = new CacheMaintenance.StoreLog();
    private final Clock clock;
    private final Scheduler disk;

    /**
     * An empty cache until {@link #start}.
     *
     * @param disk where files are read and written: bounded, and not disposed here
     */
    public ImageCache(CacheSettings settings, Scheduler disk, Clock clock, MeterRegistry meters) {
        this(settings, disk, clock, meters, CacheDirectory.FileCalls.SYSTEM);
    }

    public ImageCache(
            CacheSettings settings, Scheduler disk, Clock clock, MeterRegistry meters, CacheDirectory.FileCalls calls) {
        this.disk = disk;
        this.clock = clock;
        index = new CacheIndex(settings.maxBytes(), settings.maxEntries());
        directory = new CacheDirectory(settings.directory(), calls);
        hot = new MemoryTier(settings.memoryBytes(), settings.hotEntryBytes());
        Evictions.Meters counters = new Evictions.Meters(meters, index);
        evictions = new Evictions(index, directory, hot, counters, disk);
        maintenance = new CacheMaintenance(
                index, directory, evictions, counters, warnings, clock, settings.retention(), disk);
        ChecksumVerifier bodies = new ChecksumVerifier(index, directory, evictions, maintenance, hot, disk, clock);
        opener = new EntryOpener(index, directory, hot, evictions, maintenance, bodies, clock);
        writer = new ImageWriter(index, directory, evictions, maintenance, hot, clock);
    }

    /**
     * Begins to read what is in the directory. Until that is done, entries that were found already are served, and
     * nothing is stored, because the space that is taken is not known yet. Blocks until it is done, or for
     * {@code most}.
     */
    public void start(Duration most) {
        maintenance.start(most);
    }

    /**
     * The entry of a URL, fresh or stale, which the caller disposes; empty when there is none that is younger than
     * {@link CacheSettings#retention}, or when its file turns out to be missing or damaged, in which case it is
     * dropped.
     *
     * <p>Answers on the caller's thread, at most after a look at the file's length, but for the first time that a file
     * is opened after a restart: then its body is checked first, on a disk thread, which answers.
     */
    public Mono<OpenImage> open(String canonicalUrl) {
        return HandoffMono.to(receiver -> opener.open(canonicalUrl, receiver));
    }

    /**
     * As {@link #open}, what can be had at once; null where that is not so, though {@link #open} may have an entry. The
     * caller disposes of it.
     */
    public @Nullable OpenImage openNow(String canonicalUrl) {
        return opener.openNow(canonicalUrl);
    }

    /**
     * As {@link #open}, in its file, with the CRC-32 of its bytes, and found right not long ago. Empty, too, when the
     * files that were opened so, and are read still, would take more than {@code mostPinned} bytes with this one.
     */
    public Mono<OpenImage> openFile(String canonicalUrl, long mostPinned) {
        return HandoffMono.to(receiver -> opener.openFile(canonicalUrl, mostPinned, receiver));
    }

    /**
     * What an image of this length takes of the room of others: 0 if it fits beside them, else its own blocks, or an
     * entry's part of the whole where that is more.
     */
    public long roomToMake(long bodyLength) {
        return index.roomToMake(bodyLength);
    }

    /**
     * Stores an image in the place of what was stored under its URL, and opens it. Empty when that was not possible,
     * for whatever reason. Cancelling it leaves nothing behind, or an entry that is whole.
     *
     * @param meta its ETag and length do not matter: they are taken from the body
     * @param body whole; stays the caller's, who may release it when this ends or is cancelled. It is only read:
     *     positions stay
     */
    public Mono<OpenImage> store(CachedMeta meta, List<DataBuffer> body) {
        return HandoffMono.to(receiver -> {
            var task = new ImageWriter.StoreTask(body, held -> store(meta, held, receiver));
            receiver.onCancel(task::cancel);
            try {
                disk.schedule(task);
            } catch (RejectedExecutionException full) {
                task.cancel();
                warnings.failed("too much waits for the disk");
                receiver.giveNothing();
            }
        });
    }

    private Runnable store(CachedMeta meta, List<DataBuffer> body, HandoffMono.Receiver receiver) {
        CacheEntry entry = write(meta, body, receiver);
        return entry == null ? receiver::giveNothing : () -> opener.openPinned(meta.url(), entry, receiver);
    }

    private @Nullable CacheEntry write(CachedMeta meta, List<DataBuffer> body, HandoffMono.Receiver receiver) {
        if (!maintenance.enter()) {
            return null;
        }
        try {
            CacheEntry entry = writer.write(meta, body, receiver::isOver);
            if (entry != null) {
                warnings.succeeded();
            }
            return entry;
        } catch (ImageWriter.GivenUpException cancelled) {
            return null;
        } catch (IOException | RuntimeException failed) {
            warnings.failed(failed);
            return null;
        } finally {
            maintenance.leave();
        }
    }

    /**
     * The origin says that the entry is still what it would send: it is as good as new, also after a restart, and the
     * last to be evicted. Does nothing when the entry has another body by now.
     *
     * @param renewed the entry, and how long it is fresh from now on
     */
    public Mono<Void> renew(CachedMeta renewed, Instant validatedAt) {
        return onDisk(() -> {
            CacheEntry entry = index.pin(Sha256.of(renewed.url()));
            if (entry != null) {
                try {
                    renew(
                            entry,
                            renewed.etag(),
                            EntryFile.Validation.of(validatedAt, renewed.freshFor())
                                    .notAfter(clock.millis()));
                } finally {
                    evictions.unpin(entry);
                }
            }
        });
    }

    private void renew(CacheEntry entry, String etag, EntryFile.Validation validation) {
        if (!entry.etag().equals(etag) || !entry.beginRenewal()) {
            return;
        }
        try {
            FileTime before = directory.modified(entry.name());
            directory.renew(entry.name(), validation);
            entry.changed(before, directory.modified(entry.name()));
        } catch (NoSuchFileException gone) {
            evictions.drop(entry, Cause.MISSING);
            maintenance.noticeMissing();
        } catch (IOException failed) {
            warnings.failed(failed);
        } finally {
            index.renew(entry, validation);
            entry.endRenewal();
        }
    }

    /** Forgets an entry; true when there was one. Completes when its file is deleted, or is left to its last reader. */
    public Mono<Boolean> purge(String canonicalUrl) {
        return Mono.defer(() -> {
            Removal removal = index.purge(Sha256.of(canonicalUrl));
            if (removal == null) {
                return Mono.just(false);
            }
            evictions.left(removal, Cause.PURGED);
            return Mono.create(sink -> evictions.finish(removal, () -> sink.success(true)));
        });
    }

    /**
     * Forgets all entries, and those that a rebuild has yet to find; gives how many there were. None is served from
     * here on, and this completes when their files are deleted, or are left to their last readers.
     */
    public Mono<Integer> purgeAll() {
        return Mono.defer(() -> {
            List<Removal> removals = index.purgeAll();
            removals.forEach(removal -> evictions.left(removal, Cause.PURGED));
            return onDisk(() -> removals.forEach(evictions::finishNow)).thenReturn(removals.size());
        });
    }

    /** What {@link #saveLastPurge} has stored in the directory; 0 when it has nothing. */
    public Mono<Long> lastPurge() {
        AtomicLong number = new AtomicLong();
        return onDisk(() -> {
                    try {
                        number.set(directory.lastPurge());
                    } catch (IOException failed) {
                        warnings.failed(failed);
                    }
                })
                .then(Mono.fromSupplier(number::get));
    }

    /** Keeps a number in the directory; false while that is another's, or there is none. */
    public Mono<Boolean> saveLastPurge(long number) {
        AtomicBoolean saved = new AtomicBoolean();
        return onDisk(() -> {
                    try {
                        saved.set(index.isComplete() && directory.saveLastPurge(number));
                    } catch (IOException failed) {
                        warnings.failed(failed);
                    }
                })
                .then(Mono.fromSupplier(saved::get));
    }

    /** As {@link #purge}, for an entry that what was stored of another URL has made worthless. On any thread. */
    public void dropOutdated(String canonicalUrl) {
        CacheEntry entry = index.find(Sha256.of(canonicalUrl));
        if (entry != null) {
            evictions.dropOutdated(entry);
        }
    }

    /** What is known of a URL's entry, without opening it; null when there is none. */
    public @Nullable CachedMeta lookup(String canonicalUrl) {
        CacheEntry entry = index.find(Sha256.of(canonicalUrl));
        return entry == null || maintenance.isExpired(entry, clock.millis()) ? null : entry.meta(canonicalUrl);
    }

    /** What the daily sweep does: drops what is too old or gone, and deletes what is left over. */
    public Mono<Void> sweep() {
        return onDisk(maintenance::sweep);
    }

    /** Not disposed with its subscriber: that would interrupt the thread, and an interrupted thread closes its file. */
    private Mono<Void> onDisk(Runnable action) {
        return Mono.create(sink -> {
            try {
                disk.schedule(() -> {
                    try {
                        action.run();
                    } finally {
                        sink.success();
                    }
                });
            } catch (RejectedExecutionException full) {
                warnings.failed("too much waits for the disk");
                sink.success();
            }
        });
    }

    /**
     * Whether all that is in the directory is known, and new images can be stored. Where that is not so, the directory
     * is looked at again soon: whoever kept it may have ended. On any thread.
     */
    public boolean isComplete() {
        boolean complete = index.isComplete();
        if (!complete) {
            maintenance.prepare();
        }
        return complete;
    }

    /** Serves nothing and stores nothing from now on. Open images stay readable. */
    @Override
    public void close() {
        maintenance.close();
        hot.close();
    }
}
