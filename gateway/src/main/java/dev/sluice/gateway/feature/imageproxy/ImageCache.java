package dev.sluice.gateway.feature.imageproxy;

import dev.sluice.gateway.feature.imageproxy.CacheMeters.Cause;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Clock;
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
 * and each rounded up to blocks of 4 KiB, never take more than {@link CacheSettings#maxBytes}. The oldest go first.
 *
 * <p>No method blocks or fails. A disk that is full, read-only or slow makes a cache that keeps nothing, says so once
 * in the log, and tries again with the next image. All methods may be called on any thread; monos do their work when
 * subscribed to.
 */
final class ImageCache implements AutoCloseable {
    private final CacheIndex index;
    private final CacheDirectory directory;
    private final HotBodies hot;
    private final Evictions evictions;
    private final Housekeeping housekeeping;
    private final BodyCheck bodies;
    private final ImageWriter writer;
    private final CacheWarnings warnings = new CacheWarnings();
    private final Clock clock;
    private final Scheduler disk;

    /**
     * An empty cache until {@link #start}.
     *
     * @param disk where files are read and written: bounded, and not disposed here
     */
    ImageCache(CacheSettings settings, Scheduler disk, Clock clock, MeterRegistry meters) {
        this(settings, disk, clock, meters, FileCalls.SYSTEM);
    }

    ImageCache(CacheSettings settings, Scheduler disk, Clock clock, MeterRegistry meters, FileCalls calls) {
        this.disk = disk;
        this.clock = clock;
        index = new CacheIndex(settings.maxBytes(), settings.maxEntries());
        directory = new CacheDirectory(settings.directory(), calls);
        hot = new HotBodies(settings.memoryBytes(), settings.hotEntryBytes());
        CacheMeters counters = new CacheMeters(meters, index);
        evictions = new Evictions(index, directory, hot, counters, disk);
        housekeeping =
                new Housekeeping(index, directory, evictions, counters, warnings, clock, settings.retention(), disk);
        bodies = new BodyCheck(index, directory, evictions, housekeeping, hot, disk);
        writer = new ImageWriter(index, directory, evictions, housekeeping, hot, clock);
    }

    /**
     * Begins to read what is in the directory. Until that is done, entries that were found already are served, and
     * nothing is stored, because the space that is taken is not known yet.
     */
    void start() {
        housekeeping.start();
    }

    /**
     * The entry of a URL, fresh or stale, which the caller disposes; empty when there is none that is younger than
     * {@link CacheSettings#retention}, or when its file turns out to be missing or damaged, in which case it is
     * dropped.
     *
     * <p>Answers on the caller's thread, at most after a look at the file's length, but for the first time that a file
     * is opened after a restart: then its body is checked first, on a disk thread, which answers.
     */
    Mono<OpenImage> open(String canonicalUrl) {
        return Handover.to(taker -> open(canonicalUrl, taker));
    }

    /**
     * As {@link #open}, what can be had at once; null where that is not so, though {@link #open} may have an entry. The
     * caller disposes of it.
     */
    @Nullable OpenImage openNow(String canonicalUrl) {
        CacheEntry entry = housekeeping.isClosed() ? null : index.pin(Sha256.of(canonicalUrl));
        if (entry == null) {
            return null;
        }
        boolean ready = entry.isVerified() && !housekeeping.isExpired(entry, clock.millis());
        OpenImage image = ready ? verified(canonicalUrl, entry) : null;
        if (image == null || image.memory() != null) {
            evictions.unpin(entry);
        }
        return image;
    }

    private void open(String url, Handover.Taker taker) {
        CacheEntry entry = housekeeping.isClosed() ? null : index.pin(Sha256.of(url));
        if (entry == null) {
            taker.giveNothing();
        } else if (housekeeping.isExpired(entry, clock.millis())) {
            evictions.drop(entry, Cause.EXPIRED);
            give(null, entry, taker);
        } else if (entry.isVerified()) {
            give(verified(url, entry), entry, taker);
        } else {
            bodies.check(entry)
                    .subscribe(
                            sound -> give(sound ? verified(url, entry) : null, entry, taker),
                            failed -> give(null, entry, taker));
        }
    }

    private void give(@Nullable OpenImage image, CacheEntry entry, Handover.Taker taker) {
        if (image == null || image.memory() != null) {
            evictions.unpin(entry);
        }
        if (image == null) {
            taker.giveNothing();
        } else {
            taker.give(image);
        }
    }

    /** A pinned entry's image; its pin goes with one that is in a file. Null when the file is not there any more. */
    private @Nullable OpenImage verified(String url, CacheEntry entry) {
        ByteBuf body = hot.get(entry);
        if (body != null) {
            return OpenImage.inMemory(entry.meta(url), body);
        }
        Path file = directory.path(entry.name());
        if (!isWhole(file, entry)) {
            return null;
        }
        bodies.warm(entry);
        return OpenImage.inFile(entry.meta(url), file, entry.headerLength(), () -> evictions.unpin(entry));
    }

    private boolean isWhole(Path file, CacheEntry entry) {
        try {
            if (Files.size(file) == entry.fileLength()) {
                return true;
            }
            evictions.drop(entry, Cause.DAMAGED);
        } catch (IOException gone) {
            evictions.drop(entry, Cause.MISSING);
            housekeeping.noticeMissing();
        }
        return false;
    }

    /**
     * What an image of this length takes of the room of others: 0 if it fits beside them, else its own blocks, or an
     * entry's part of the whole where that is more.
     */
    long roomToMake(long bodyLength) {
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
    Mono<OpenImage> store(CachedMeta meta, List<DataBuffer> body) {
        return Handover.to(taker -> {
            var task = new StoreTask(body, held -> store(meta, held, taker));
            taker.onCancel(task::cancel);
            try {
                disk.schedule(task);
            } catch (RejectedExecutionException full) {
                task.cancel();
                warnings.failed("too much waits for the disk");
                taker.giveNothing();
            }
        });
    }

    private Runnable store(CachedMeta meta, List<DataBuffer> body, Handover.Taker taker) {
        CacheEntry entry = write(meta, body, taker);
        return entry == null ? taker::giveNothing : () -> give(verified(meta.url(), entry), entry, taker);
    }

    private @Nullable CacheEntry write(CachedMeta meta, List<DataBuffer> body, Handover.Taker taker) {
        if (!housekeeping.enter()) {
            return null;
        }
        try {
            CacheEntry entry = writer.write(meta, body, taker::isOver);
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
            housekeeping.leave();
        }
    }

    /**
     * The origin says that the entry is still what it would send: it is as good as new, also after a restart, and the
     * last to be evicted. Does nothing when the entry has another body by now.
     *
     * @param renewed the entry, and how long it is fresh from now on
     */
    Mono<Void> renew(CachedMeta renewed, Instant validatedAt) {
        return onDisk(() -> {
            CacheEntry entry = index.pin(Sha256.of(renewed.url()));
            if (entry != null) {
                try {
                    renew(
                            entry,
                            renewed.etag(),
                            Stamp.of(validatedAt, renewed.freshFor()).notAfter(clock.millis()));
                } finally {
                    evictions.unpin(entry);
                }
            }
        });
    }

    private void renew(CacheEntry entry, String etag, Stamp stamp) {
        if (!entry.etag().equals(etag) || !entry.beginRenewal()) {
            return;
        }
        try {
            directory.renew(entry.name(), stamp);
        } catch (NoSuchFileException gone) {
            evictions.drop(entry, Cause.MISSING);
            housekeeping.noticeMissing();
        } catch (IOException failed) {
            warnings.failed(failed);
        } finally {
            index.renew(entry, stamp);
            entry.endRenewal();
        }
    }

    /** Forgets an entry; true when there was one. Completes when its file is deleted, or is left to its last reader. */
    Mono<Boolean> purge(String canonicalUrl) {
        return Mono.defer(() -> {
            Departure departure = index.purge(Sha256.of(canonicalUrl));
            if (departure == null) {
                return Mono.just(false);
            }
            evictions.left(departure, Cause.PURGED);
            return Mono.create(sink -> evictions.finish(departure, () -> sink.success(true)));
        });
    }

    /**
     * Forgets all entries, and those that a rebuild has yet to find; gives how many there were. None is served from
     * here on, and this completes when their files are deleted, or are left to their last readers.
     */
    Mono<Integer> purgeAll() {
        return Mono.defer(() -> {
            List<Departure> departures = index.purgeAll();
            departures.forEach(departure -> evictions.left(departure, Cause.PURGED));
            return onDisk(() -> departures.forEach(evictions::finishNow)).thenReturn(departures.size());
        });
    }

    /** What {@link #keepLastPurge} has kept in the directory; 0 when it has nothing. */
    Mono<Long> lastPurge() {
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
    Mono<Boolean> keepLastPurge(long number) {
        AtomicBoolean kept = new AtomicBoolean();
        return onDisk(() -> {
                    try {
                        kept.set(index.isComplete() && directory.keepLastPurge(number));
                    } catch (IOException failed) {
                        warnings.failed(failed);
                    }
                })
                .then(Mono.fromSupplier(kept::get));
    }

    /** As {@link #purge}, for an entry that what was stored of another URL has made worthless. On any thread. */
    void dropOutdated(String canonicalUrl) {
        CacheEntry entry = index.find(Sha256.of(canonicalUrl));
        if (entry != null) {
            evictions.dropOutdated(entry);
        }
    }

    /** What is known of a URL's entry, without opening it; null when there is none. */
    @Nullable CachedMeta lookup(String canonicalUrl) {
        CacheEntry entry = index.find(Sha256.of(canonicalUrl));
        return entry == null || housekeeping.isExpired(entry, clock.millis()) ? null : entry.meta(canonicalUrl);
    }

    /** What the daily sweep does: drops what is too old or gone, and deletes what is left over. */
    Mono<Void> sweep() {
        return onDisk(housekeeping::sweep);
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

    /** Whether all that is in the directory is known, and new images can be stored. */
    boolean isComplete() {
        return index.isComplete();
    }

    /** Serves nothing and stores nothing from now on. Open images stay readable. */
    @Override
    public void close() {
        housekeeping.close();
        hot.close();
    }
}
